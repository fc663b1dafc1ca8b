import { createWriteStream } from "node:fs"
import process from "node:process"
import { createGzip } from "node:zlib"
import { version } from "../../package.json"
import { file, option, optional, text, yes } from "../../server/config.ts"
import { command } from "../command.ts"
import { exitCodes } from "../complaint.ts"
import { answered, type Operator, withOperator } from "../operator.ts"
import { startProgress } from "../progress.ts"
import { counted, note } from "../terminal.ts"

const PAGE = 1_000

export const exportCommand = command({
  words: "export",
  sentence: "Writes rooms, people and everything said as NDJSON.",
  more: [
    "One object a line: people, then each room with its events as the log holds them, deleted words left out. With --messages it is what `parley import` reads: each message as it reads now.",
    "docs/operate.md describes the fields.",
  ],
  server: "where",
  options: {
    out: optional("", file, "Write here instead of standard output; a name that ends in .gz is packed."),
    room: optional("", text, "Only this room, by name or id."),
    direct: option("", yes, "off", "Direct conversations, too."),
    messages: option("", yes, "off", "Messages alone, in the form that `parley import` reads."),
  },
  run: async ({ values, given }) => {
    const sink = openSink(values.out)
    const done = await withOperator(given, false, (operator) => write(operator, values, sink))
    await sink.close()
    note(`Exported ${counted(done, values.messages ? "message" : "event")}.`)
    return exitCodes.done
  },
})

interface Sink {
  write(text: string): Promise<void>
  close(): Promise<void>
}

function openSink(path: string | undefined): Sink {
  const end = path === undefined ? process.stdout : createWriteStream(path, { mode: 0o600 })
  const packs = path?.endsWith(".gz") ? createGzip() : undefined
  packs?.pipe(end)
  const head = packs ?? end
  const failed = new Promise<never>((_, fail) => end.once("error", fail))
  failed.catch(() => undefined)
  return {
    write: async (text) => {
      if (!head.write(text))
        await Promise.race([failed, new Promise((drained) => head.once("drain", drained))])
    },
    close: async () => {
      if (path === undefined) return
      const finished = new Promise((done) => end.once("finish", done))
      head.end()
      await Promise.race([failed, finished])
    },
  }
}

interface Wish {
  readonly room: string | undefined
  readonly direct: boolean
  readonly messages: boolean
}

/** Answers how many events were written. */
async function write(operator: Operator, { room, direct, messages }: Wish, sink: Sink): Promise<number> {
  const progress = startProgress({ what: "Exporting", total: undefined })
  let done = 0
  if (!messages) {
    const at = new Date().toISOString()
    await sink.write(`${JSON.stringify({ entry: "parley-export", format: 1, version, at })}\n`)
    for await (const person of people(operator))
      await sink.write(`${JSON.stringify({ entry: "person", ...person })}\n`)
  }
  for await (const each of rooms(operator, room, direct)) {
    if (!messages) await sink.write(`${JSON.stringify({ entry: "room", ...each })}\n`)
    for (let after = 0; ; ) {
      const request = { room: each.id, after, form: messages ? ("messages" as const) : ("events" as const) }
      const { lines, count, to } = await answered(operator.call("export.events", request))
      await sink.write(lines)
      done += count
      progress.at(done)
      if (to === undefined) break
      after = to
    }
  }
  progress.end()
  return done
}

async function* people(operator: Operator) {
  for (let after: string | undefined; ; ) {
    const query = { limit: PAGE, ...(after !== undefined && { after }) }
    const page = await answered(operator.call("user.list", query))
    yield* page.people
    if (page.next === undefined) return
    after = page.next
  }
}

async function* rooms(operator: Operator, only: string | undefined, direct: boolean) {
  if (only !== undefined) {
    yield await answered(operator.call("export.room", { room: only }))
    return
  }
  for (let after: string | undefined; ; ) {
    const query = { limit: PAGE, direct, ...(after !== undefined && { after }) }
    const page = await answered(operator.call("export.rooms", query))
    yield* page.rooms
    if (page.next === undefined) return
    after = page.next
  }
}
