import { Database } from "bun:sqlite"
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parley, serve, temporaryFolders } from "../testing.ts"

const folders = temporaryFolders()
afterAll(folders.remove)

const data = folders.next()
const talk = join(dirname(data), "talk.ndjson")

beforeAll(async () => {
  const lines = Array.from({ length: 500 }, (_, i) => {
    const at = new Date(1_100_000_000_000 + i * 1_000).toISOString()
    return `${JSON.stringify({ i, room: "lobby", at, author: `p${i % 7}`, text: `message ${i}`, kind: "said" })}\n`
  })
  writeFileSync(talk, lines.join(""))
  await parley(["import", talk, "--data", data])
})

const events = async (folder: string) =>
  (await parley(["export", "--room", "lobby", "--data", folder])).out.split("\n").slice(1)

describe("a backup", () => {
  test.each(["copy", "copy.gz"])(
    "taken beside a running server (%s) is served again after a restore",
    async (name) => {
      const server = await serve(data)
      const to = join(dirname(folders.next()), name)
      const made = await parley(["backup", "--to", to, "--data", data])
      expect(made.err).toBe("")
      expect(made.out).toMatch(new RegExp(`^${to} holds 5\\d\\d events of \\d+ logs, `))
      server.kill("SIGTERM")
      await server.ended()

      const restored = folders.next()
      const { code } = await parley(["restore", "--from", to, "--data", restored])
      expect(code).toBe(0)
      expect(await events(restored)).toEqual(await events(data))
      const again = await serve(restored)
      expect((await fetch(`${again.url}/readyz`)).status).toBe(200)
      again.kill("SIGTERM")
      expect((await again.ended()).code).toBe(0)
    },
  )

  test("is for its owner's eyes only", async () => {
    const to = folders.next()
    await parley(["backup", "--to", to, "--data", data])
    expect(statSync(join(to, "parley.db")).mode & 0o077).toBe(0)
    await parley(["backup", "--to", `${to}.gz`, "--data", data])
    expect(statSync(`${to}.gz`).mode & 0o077).toBe(0)
  })

  test("is never written over anything", async () => {
    const to = `${folders.next()}.gz`
    writeFileSync(to, "something else")
    expect((await parley(["backup", "--to", to, "--data", data])).err).toContain("is there already")
    expect(readFileSync(to, "utf8")).toBe("something else")
    const { code, err } = await parley(["backup", "--to", dirname(to), "--data", data])
    expect(code).toBe(1)
    expect(err).toContain("is not empty")
  })

  test("that is cut off is not restored", async () => {
    const to = `${folders.next()}.gz`
    await parley(["backup", "--to", to, "--data", data])
    truncateSync(to, Math.floor(statSync(to).size / 2))
    const { code, err } = await parley(["restore", "--from", to, "--data", folders.next()])
    expect(code).toBe(1)
    expect(err).toContain("cut off")
  })
})

describe("a restore", () => {
  test("gives up a record only when told to, and leaves other files alone", async () => {
    const [from, to] = [folders.next(), folders.next()]
    await parley(["backup", "--to", from, "--data", data])
    await parley(["user", "add", "bob", "--data", to])
    writeFileSync(join(to, "parley.toml"), `name = "Here"\n`)
    const refused = await parley(["restore", "--from", from, "--data", to])
    expect(refused.code).toBe(1)
    expect(refused.err).toContain("--replace")
    expect((await parley(["user", "list", "--data", to])).out).toContain("bob")

    expect((await parley(["restore", "--from", from, "--data", to, "--replace"])).code).toBe(0)
    expect((await parley(["user", "list", "--data", to])).out).not.toContain("bob")
    expect(readFileSync(join(to, "parley.toml"), "utf8")).toBe(`name = "Here"\n`)
  })

  test("does not touch the folder of a running server", async () => {
    const [from, to] = [folders.next(), folders.next()]
    await parley(["backup", "--to", from, "--data", data])
    const server = await serve(to)
    const { code, err } = await parley(["restore", "--from", from, "--data", to, "--replace"])
    expect(code).toBe(1)
    expect(err).toContain("in use by another Parley server")
    server.kill("SIGTERM")
    await server.ended()
  })
})

describe("verify", () => {
  test("says that all is as written, and prints heads that hold later, too", async () => {
    const heads = join(dirname(folders.next()), "heads")
    const first = await parley(["verify", "--data", data])
    expect(first.code).toBe(0)
    expect(first.out).toContain("All is as it was written.")
    expect(first.out).toMatch(/^ {2}[0-9a-f-]{36} \d+ [0-9a-f]{16} #lobby$/m)

    await parley(["verify", "--data", data, "--heads", heads])
    const later = await parley(["verify", "--data", data, "--known", heads])
    expect(later.code).toBe(0)
    expect(later.out).toContain("and as it is remembered")
  })

  test("works beside a running server", async () => {
    const server = await serve(data)
    expect((await parley(["verify", "--data", data])).code).toBe(0)
    server.kill("SIGTERM")
    await server.ended()
  })

  test("names what was altered, and ends with 3", async () => {
    const to = folders.next()
    await parley(["backup", "--to", to, "--data", data])
    const db = new Database(join(to, "parley.db"))
    db.run(`update event set body = '{"text":"never said"}' where seq = 200`)
    db.close()
    const { code, out, err } = await parley(["verify", "--data", to])
    expect(code).toBe(3)
    expect(out).toContain("#lobby: 200 is not what was written")
    expect(err).toContain("1 damage found")
  })

  test("finds a history that was rewritten with all its chain, by the heads that were kept", async () => {
    const heads = join(dirname(folders.next()), "heads")
    await parley(["verify", "--data", data, "--heads", heads])
    const lobby =
      readFileSync(heads, "utf8")
        .split("\n")
        .find((line) => line.endsWith("#lobby")) ?? ""
    writeFileSync(heads, `${lobby.replace(/ [0-9a-f]{16} /, " 0123456789abcdef ")}\n`)
    const { code, out } = await parley(["verify", "--data", data, "--known", heads])
    expect(code).toBe(3)
    expect(out).toContain("#lobby was rewritten at or before 50")
  })

  test("of a folder without a record, or with heads that are none, says so", async () => {
    const nowhere = await parley(["verify", "--data", folders.next()])
    expect(nowhere.code).toBe(1)
    expect(nowhere.err).toContain("There is no store at")
    const wrong = await parley(["verify", "--data", data, "--known", talk])
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain("line 1: this is no head")
  })
})
