import { afterAll, describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import { parley, serve, temporaryFolders } from "../testing.ts"

const folders = temporaryFolders()
afterAll(folders.remove)

interface Message {
  readonly i: number
  readonly room: string
  readonly at: string
  readonly author: string
  readonly text: string
  readonly kind: "said" | "action"
  readonly replyTo?: number
}

/** Three people in two rooms, the lobby jumping back in time once, one text longer than an event holds. */
const talk: readonly Message[] = [
  { i: 0, room: "lobby", at: "2005-01-01T10:00:00Z", author: "Ada", text: "hello", kind: "said" },
  { i: 1, room: "lobby", at: "2005-01-01T10:00:00Z", author: "Bob", text: "hi", kind: "said", replyTo: 0 },
  { i: 2, room: "garden", at: "2005-01-02T09:00:00Z", author: "ada", text: "waves", kind: "action" },
  { i: 3, room: "lobby", at: "2004-06-01T08:00:00Z", author: "|cleo|", text: "", kind: "said" },
  {
    i: 4,
    room: "lobby",
    at: "2004-06-01T08:00:01.500Z",
    author: "Ada",
    text: "long ".repeat(5_000),
    kind: "said",
    replyTo: 3,
  },
]

function file(lines: readonly (object | string)[], name = "talk.ndjson"): string {
  const path = join(dirname(folders.next()), name)
  mkdirSync(dirname(path), { recursive: true })
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text)
  return path
}

async function messages(data: string, room: string): Promise<Message[]> {
  const { code, out, err } = await parley(["export", "--messages", "--room", room, "--data", data])
  if (code !== 0) throw new Error(err)
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
}

describe("an import", () => {
  test("keeps who said what, when, and in answer to what, in order of time", async () => {
    const data = folders.next()
    const { code, out } = await parley(["import", file(talk, "talk.ndjson.gz"), "--data", data])
    expect(code).toBe(0)
    expect(out).toMatch(/^Imported 7 messages of 4 people into 2 rooms in /)
    expect(out).toContain("6  #lobby")

    const lobby = await messages(data, "lobby")
    expect(lobby.map(({ author, at, text }) => [author, at, text.slice(0, 5)])).toEqual([
      ["|cleo|", "2004-06-01T08:00:00.000Z", ""],
      ["Ada", "2004-06-01T08:00:01.500Z", "long "],
      ["Ada", "2004-06-01T08:00:01.500Z", "long "],
      ["Ada", "2004-06-01T08:00:01.500Z", "long "],
      ["Ada", "2005-01-01T10:00:00.000Z", "hello"],
      ["Bob", "2005-01-01T10:00:00.000Z", "hi"],
    ])
    const said = (text: string) => lobby.find((each) => each.text.startsWith(text))
    expect(said("hi")?.replyTo).toBe(said("hello")?.i)
    expect(said("long")?.replyTo).toBe(lobby[0]?.i)
    expect(lobby.map(({ text }) => text).join("")).toContain("long ".repeat(5_000))

    const [waves] = await messages(data, "garden")
    expect(waves).toMatchObject({ kind: "action", text: "waves" })
    expect(waves?.author).not.toBe("Ada")
  })

  test("done again changes nothing and says so", async () => {
    const data = folders.next()
    const path = file(talk)
    await parley(["import", path, "--data", data])
    const before = await parley(["export", "--data", data])
    const again = await parley(["import", path, "--data", data])
    expect(again.code).toBe(0)
    expect(again.out).toBe("7 messages were there already.\nNothing was changed.\n")
    const events = (text: string) => text.split("\n").slice(1)
    expect(events((await parley(["export", "--data", data])).out)).toEqual(events(before.out))
  })

  test("beside a running server is the server's own at once", async () => {
    const data = folders.next()
    const server = await serve(data)
    expect((await parley(["import", file(talk), "--data", data])).code).toBe(0)
    expect(await messages(data, "garden")).toHaveLength(1)
    server.kill("SIGTERM")
    await server.ended()
    expect(await messages(data, "garden")).toHaveLength(1)
  })

  test("with lines that cannot be read names them and writes nothing, or leaves them out when told to", async () => {
    const data = folders.next()
    const path = file([talk[0] ?? "", "{ oops", { ...talk[1], at: "yesterday" }, talk[2] ?? ""])
    const refused = await parley(["import", path, "--data", data])
    expect(refused.code).toBe(1)
    expect(refused.err).toContain("Line 2: this is not JSON")
    expect(refused.err).toContain("Line 3: `at` is a time such as")
    expect(refused.err).toContain("2 lines of")
    expect(existsSync(data)).toBe(false)

    const told = await parley(["import", path, "--data", data, "--skip-bad-lines"])
    expect(told.code).toBe(0)
    expect(told.out).toStartWith("Imported 2 messages")
  })

  test("takes one room and calls it as told; a name that is taken is not taken over", async () => {
    const data = folders.next()
    const path = file(talk)
    await parley(["import", path, "--data", data, "--room", "garden"])
    const clash = await parley(["import", path, "--data", data, "--room", "garden", "--source", "elsewhere"])
    expect(clash.code).toBe(1)
    expect(clash.err).toContain("There is a room called #garden already")
    const other = ["--room", "garden", "--source", "elsewhere", "--as", "old-garden"]
    expect((await parley(["import", path, "--data", data, ...other])).out).toContain("1  #old-garden")
    const both = await parley(["import", path, "--data", data, "--as", "attic"])
    expect(both.code).toBe(2)
    expect(both.err).toContain("holds 2 rooms")
  })

  test("of what was exported from elsewhere says the same", async () => {
    const [here, there] = [folders.next(), folders.next()]
    await parley(["import", file(talk), "--data", here])
    const path = join(dirname(folders.next()), "out.ndjson.gz")
    expect((await parley(["export", "--messages", "--out", path, "--data", here])).code).toBe(0)
    expect((await parley(["import", path, "--data", there])).code).toBe(0)
    const plain = (all: Message[]) => all.map(({ author, at, text, kind }) => ({ author, at, text, kind }))
    expect(plain(await messages(there, "lobby"))).toEqual(plain(await messages(here, "lobby")))
  })

  test("of the same line twice takes it once", async () => {
    const data = folders.next()
    const { out } = await parley([
      "import",
      file([talk[0] ?? "", talk[0] ?? "", talk[1] ?? ""]),
      "--data",
      data,
    ])
    expect(out).toContain("Imported 2 messages")
    expect(out).toContain("1 line stood there twice and was taken once.")
  })
})
