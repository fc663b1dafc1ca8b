import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import { call, enter } from "../callers.ts"
import { cast } from "../cast.ts"
import { adaOwns, code, done, makeRoom, register, signIn } from "../people.ts"
import { parley, type Server, startServer, stopAll, testFolders } from "../server.ts"
import { http, speak } from "../voices.ts"

setDefaultTimeout(60_000)

const folders = testFolders()
const servers: Server[] = []
afterAll(async () => {
  await stopAll(...servers)
  folders.remove()
})

async function open(...options: Parameters<typeof startServer>): Promise<Server> {
  const server = await startServer(...options)
  servers.push(server)
  return server
}

interface Card {
  readonly token: string
  readonly account: { readonly role: string }
}

describe("the first owner", () => {
  test("is whoever brings the code that the server printed, once; after a restart there is none", async () => {
    const data = folders.next()
    const server = await open(data)
    const claim = (name: string, setup: string | undefined) =>
      http(server.url, "POST", "/setup", { code: setup, name, password: `${name} walks by the river` })
    expect((await claim("eve", "a guess of hers")).status).toBe(404)
    const [one, other] = await Promise.all([claim("ada", server.setupCode), claim("bob", server.setupCode)])
    expect([one.status, other.status].sort()).toEqual([201, 404])
    const owner = (one.status === 201 ? one : other).body as Card
    expect(owner.account.role).toBe("owner")
    expect(done(await register(server, "cleo")).name).toBe("cleo")
    expect((await claim("eve", server.setupCode)).status).toBe(404)
    await server.stop("SIGTERM")
    expect((await open(data)).setupCode).toBeUndefined()
  })

  test("is whom PARLEY_OWNER names, with the password beside it", async () => {
    const server = await open(folders.next(), { env: adaOwns })
    expect(server.setupCode).toBeUndefined()
    const { token } = done(await signIn(server, "ada", cast.ada.password))
    expect(await http(server.url, "GET", "/me", {}, token)).toMatchObject({
      body: { account: { role: "owner" } },
    })
  })
})

describe("registration", () => {
  test("by invitation takes a code, whose last use of two at once is one's", async () => {
    const data = folders.next()
    const server = await open(data, { args: ["--registration", "invite"], env: adaOwns })
    const { token } = done(await signIn(server, "ada", cast.ada.password))
    const ada = await speak(server, "http", token)
    expect(code(await register(server, "bob"))).toBe("invitation-needed")
    expect(code(await register(server, "bob", undefined, "made up"))).toBe("invitation-needed")
    const room = await makeRoom(ada, "attic", { visibility: "private" })
    const made = done(
      await ada.ask<{ readonly code: string; readonly invitation: { readonly id: Uuid } }>(
        "invitations.create",
        { uses: 2, room },
      ),
    )
    done(await register(server, "bob", undefined, made.code))
    const raced = await Promise.all(
      ["cleo", "dan", "eve"].map((name) => register(server, name, undefined, made.code)),
    )
    expect(raced.filter((one) => "token" in one)).toHaveLength(1)
    const bob = done(await signIn(server, "bob", "bob walks by the river"))
    expect(await http(server.url, "GET", "/rooms/{room}", { room }, bob.token)).toMatchObject({
      status: 200,
      body: { name: "attic", standing: "member" },
    })
    const revoked = done(
      await ada.ask<{ readonly code: string; readonly invitation: { readonly id: string } }>(
        "invitations.create",
      ),
    )
    done(await ada.ask("invitations.revoke", { invitation: revoked.invitation.id }))
    expect(code(await register(server, "frank", undefined, revoked.code))).toBe("invitation-needed")

    const { out } = await parley("invite", "--data", data)
    const printed = /registration: (\S+)/.exec(out)?.[1]
    const caller = await call(server, "tcp")
    const welcome = await enter(caller, {
      name: "gina",
      password: "gina walks by the river",
      register: true,
      invite: printed,
    })
    expect(welcome.account).toMatchObject({ name: "gina", role: "member" })
    caller.hangUp()
  })

  test("closed is closed, until an admin opens it, live", async () => {
    const server = await open(folders.next(), { args: ["--registration", "closed"], env: adaOwns })
    expect(code(await register(server, "bob"))).toBe("registration-closed")
    const { token } = done(await signIn(server, "ada", cast.ada.password))
    const ada = await speak(server, "websocket", token)
    done(await ada.ask("people.add", { name: "cleo", password: cast.cleo.password }))
    done(await signIn(server, "cleo", cast.cleo.password))
    done(await ada.ask("house.set", { key: "registration", value: "open" }))
    const caller = await call(server, "websocket")
    await enter(caller, { name: "bob", password: cast.bob.password, register: true })
    caller.hangUp()
    await ada.hangUp()
  })
})
