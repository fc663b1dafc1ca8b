import { afterAll, describe, expect, test } from "bun:test"
import { parley, serve, temporaryFolders } from "../testing.ts"

const folders = temporaryFolders()
afterAll(folders.remove)

const password = "a long walk in the garden"
const add = (data: string, name: string, ...more: string[]) =>
  parley(["user", "add", name, "--data", data, ...more], { stdin: `${password}\n` })

describe("without a running server", () => {
  test("accounts are made, listed and given roles in the folder itself", async () => {
    const data = folders.next()
    const added = await add(data, "ada", "--password-stdin", "--role", "owner")
    expect(added).toEqual({ code: 0, out: "ada has an account now, as owner.\n", err: "" })
    expect((await add(data, "bob", "--password-stdin", "--display", "Bob Brown")).code).toBe(0)
    expect((await parley(["user", "role", "bob", "moderator", "--data", data])).out).toBe(
      "bob is moderator now.\n",
    )
    const { out } = await parley(["user", "list", "--data", data])
    expect(out).toBe(
      "NAME  SHOWN AS   ROLE       STATE\nada              owner\nbob   Bob Brown  moderator\n2 accounts\n",
    )
  })

  test("a name or password that cannot be is answered with why, and ends with 1", async () => {
    const data = folders.next()
    expect((await add(data, "ada", "--password-stdin")).code).toBe(0)
    for (const args of [["ADA"], ["1ada"], ["bob smith"]]) {
      const { code, err } = await add(data, args[0] ?? "", "--password-stdin")
      expect(code).toBe(1)
      expect(err).toMatch(/^parley: .*name.*\n$/)
    }
    const weak = await parley(["user", "add", "bob", "--data", data, "--password-stdin"], {
      stdin: "12345678",
    })
    expect(weak.code).toBe(1)
    expect(weak.err).toMatch(/^parley: .*password.*\n$/)
    expect(weak.err).not.toContain("12345678")
  })

  test("a password is made up and shown once where nobody can be asked", async () => {
    const data = folders.next()
    const { code, out } = await parley(["user", "add", "ada", "--data", data])
    expect(code).toBe(0)
    expect(out).toMatch(/^The password, shown this once: \S{23}$/m)
  })

  test("someone who is not there is named, with what to do", async () => {
    const data = folders.next()
    await add(data, "ada", "--password-stdin")
    const { code, err } = await parley(["user", "password", "bob", "--data", data])
    expect(code).toBe(1)
    expect(err).toBe("parley: There is no account called bob; `parley user list` shows who there is.\n")
  })
})

describe("beside a running server", () => {
  const signIn = (url: string, name: string, secret: string) =>
    fetch(`${url}/api/v1/sessions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name, password: secret }),
    })

  test("accounts and passwords are the server's at once", async () => {
    const data = folders.next()
    const server = await serve(data)
    expect((await add(data, "ada", "--password-stdin")).code).toBe(0)
    expect((await signIn(server.url, "ada", password)).status).toBe(201)

    const changed = await parley(["user", "password", "ada", "--data", data, "--generate"])
    const made = /shown this once: (\S+)/.exec(changed.out)?.[1] ?? ""
    expect((await signIn(server.url, "ada", password)).status).toBe(401)
    expect((await signIn(server.url, "ada", made)).status).toBe(201)

    server.kill("SIGTERM")
    const { code, err } = await server.ended()
    expect(code).toBe(0)
    expect(err).not.toContain(password)
    expect(err).not.toContain(made)
  })

  test("an invitation lets one person in", async () => {
    const data = folders.next()
    const server = await serve(data, ["--registration", "invite"])
    const { out } = await parley(["invite", "--data", data])
    const invite = /registration: (\S+)/.exec(out)?.[1]
    const register = (name: string, code?: string) =>
      fetch(`${server.url}/api/v1/accounts`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name, password, invite: code }),
      })
    expect((await register("eve")).status).toBe(403)
    expect((await register("bob", invite)).status).toBe(201)
    expect((await register("cleo", invite)).status).not.toBe(201)
    server.kill("SIGTERM")
    await server.ended()
  })
})
