import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { isRefusal } from "../../protocol/refusals.ts"
import { isWrong, readConfig } from "../../server/config.ts"
import { start } from "../../server/main.ts"
import type { Operator } from "../operator.ts"
import type { Line } from "./line.ts"
import { checkRooms, load, makeAuthors } from "./load.ts"

let server: Awaited<ReturnType<typeof start>>

beforeAll(async () => {
  const config = readConfig([new Map([["store", { text: "memory", at: "--store" }]])])
  if (isWrong(config)) throw new Error(config.wrong)
  server = await start(config, { listen: false })
})
afterAll(() => server.drain())

/** 3,500 messages, every third an answer to one within the last hundred. */
const talk = (room: string): Line[] =>
  Array.from({ length: 3_500 }, (_, i) => ({
    ...{ i, room, at: 1_100_000_000_000 + i * 100, author: `p${i % 90}`, text: `message ${i}` },
    ...(i % 3 === 2 && { replyTo: Math.max(i - (i % 100) - 1, 0) }),
  }))

async function loaded(operator: Operator, lines: readonly Line[], source = "import") {
  const answers = lines.flatMap(({ replyTo }) => (replyTo === undefined ? [] : [replyTo]))
  const repliedTo = new Map([[lines[0]?.room ?? "", new Set(answers)]])
  await makeAuthors(operator, source, new Set(lines.map(({ author }) => author)))
  return load(operator, lines, { source, as: undefined, repliedTo, progress: () => undefined })
}

/** What an export of messages tells of a room, in its order. */
async function told(room: string) {
  const { operator } = server
  const found = await operator.call("export.room", { room })
  if (isRefusal(found)) throw new Error(found.message)
  const all: { text: string; i: number; replyTo?: number }[] = []
  for (let after = 0; ; ) {
    const page = await operator.call("export.events", { room: found.id, after, form: "messages" })
    if (isRefusal(page)) throw new Error(page.message)
    for (const line of page.lines.split("\n")) if (line !== "") all.push(JSON.parse(line))
    if (page.to === undefined) return { visibility: found.visibility, all }
    after = page.to
  }
}

describe("messages handed to a server in batches", () => {
  test("arrive complete and in order, answers linked also across batches", async () => {
    const lines = talk("lobby")
    expect(await loaded(server.operator, lines)).toMatchObject({ written: 3_500, known: 0, loose: 0 })
    const { all, visibility } = await told("lobby")
    expect(visibility).toBe("public")
    expect(all.map(({ text }) => text)).toEqual(lines.map(({ text }) => text))
    const texts = new Map(all.map(({ i, text }) => [i, text]))
    for (const [place, { replyTo }] of lines.entries()) {
      const answered = replyTo === undefined ? undefined : lines[replyTo]?.text
      expect(texts.get(all[place]?.replyTo ?? 0)).toBe(answered)
    }
  })

  test("that stop in the middle stay out of sight, and go on where they stopped", async () => {
    let batches = 0
    const failing: Operator = {
      call: (name, input) => {
        if (name === "import.batch" && ++batches > 2) throw new Error("the line was cut")
        return server.operator.call(name, input)
      },
    }
    const lines = talk("garden")
    await expect(loaded(failing, lines)).rejects.toThrow("the line was cut")
    expect(await told("garden")).toMatchObject({ visibility: "private", all: { length: 2_000 } })

    expect(await loaded(server.operator, lines)).toMatchObject({ written: 1_500, known: 2_000 })
    const { all, visibility } = await told("garden")
    expect(visibility).toBe("public")
    expect(all.map(({ text }) => text)).toEqual(lines.map(({ text }) => text))
    expect(await loaded(server.operator, lines)).toMatchObject({ written: 0, known: 3_500 })
  })

  test("keep a reply to what is not there as a plain message, and count it", async () => {
    const [first, second] = talk("attic")
    if (!first || !second) throw new Error("There are two.")
    const lines = [
      { ...first, replyTo: 7 },
      { ...second, replyTo: 1 },
    ]
    expect(await loaded(server.operator, lines)).toMatchObject({ written: 2, loose: 2 })
  })

  test("of the same people from elsewhere are other people", async () => {
    const lines = talk("cellar").slice(0, 10)
    await loaded(server.operator, lines, "elsewhere")
    const renamed = await makeAuthors(server.operator, "a third place", new Set(["p1", "p 2"]))
    expect(renamed).toEqual([
      { from: "p1", to: "p1_3" },
      { from: "p 2", to: "p_2" },
    ])
  })

  test("are refused before anything is written where two rooms would have one name", async () => {
    const names = new Set(["new room", "new-room"])
    await expect(checkRooms(server.operator, names, { source: "x", as: undefined })).rejects.toThrow(
      /would both be called #new-room/,
    )
  })
})
