import process from "node:process"
import { option, optional, text, yes } from "../../server/config.ts"
import { command } from "../command.ts"
import { Complaint, exitCodes } from "../complaint.ts"
import { inParts, readLine } from "../import/line.ts"
import { checkRooms, type Loaded, load, makeAuthors } from "../import/load.ts"
import { readSource, sourceBytes } from "../import/source.ts"
import { openSpool, type Spool } from "../import/spool.ts"
import { withOperator } from "../operator.ts"
import { startProgress } from "../progress.ts"
import { counted, duration, grouped, harmless, note, say, size } from "../terminal.ts"

/** Bad lines that are named one by one. */
const NAMED_MAX = 10
const RENAMED_SHOWN_MAX = 5

export const importCommand = command({
  words: "import",
  takes: ["FILE"],
  sentence: "Takes in a conversation from a file, with its rooms, people and times.",
  more: [
    'FILE holds one message a line, plain or as .gz: {"i": 0, "room": "lobby", "at": "2004-11-15T12:18:00Z", "author": "Ada", "text": "hello", "kind": "said"}. `kind` is said or action; "replyTo" may give the `i` of an earlier message of the room. `-` reads standard input.',
    "Nothing is written before the whole file has been read and found good. Importing a file again changes nothing, and after an interruption it goes on where it stopped.",
    "The authors become accounts that nobody can sign in to until `parley user password` gives one to its person.",
  ],
  server: "where",
  options: {
    room: optional("", text, "Only this room of the file."),
    as: optional("", text, "What the room is called here; for one room."),
    source: option("", text, "import", "Where the people come from: one name in two sources is two people."),
    skipBadLines: option("", yes, "off", "Leave out lines that cannot be read, instead of stopping."),
  },
  run: async ({ values, rest: [path = ""], given }) => {
    const startedMs = performance.now()
    const spool = openSpool()
    const giveUp = () => {
      spool.close()
      note("\nInterrupted. Run the same command again; it goes on where it stopped.")
      process.exit(exitCodes.interrupted)
    }
    process.once("SIGINT", giveUp)
    process.once("SIGTERM", giveUp)
    try {
      const read = await readAll(path, values.room, spool)
      judge(path, read, values)
      await withOperator(given, true, async (operator) => {
        await checkRooms(operator, read.rooms, values)
        const renamed = await makeAuthors(operator, values.source, read.authors)
        const progress = startProgress({ what: "Importing", total: read.messages })
        const options = { ...values, repliedTo: read.repliedTo, progress: progress.at }
        const loaded = await load(operator, spool.sorted(), options).finally(progress.end)
        report(loaded, read.authors.size, renamed, performance.now() - startedMs)
      })
      return exitCodes.done
    } finally {
      spool.close()
      process.off("SIGINT", giveUp)
      process.off("SIGTERM", giveUp)
    }
  },
})

interface Read {
  messages: number
  readonly rooms: Set<string>
  readonly authors: Set<string>
  readonly repliedTo: Map<string, Set<number>>
  badLines: number
  /** The first of them, as sentences. */
  readonly bad: string[]
}

/** Reads the whole file into the spool. */
async function readAll(path: string, only: string | undefined, spool: Spool): Promise<Read> {
  const total = sourceBytes(path)
  const read: Read = {
    messages: 0,
    rooms: new Set(),
    authors: new Set(),
    repliedTo: new Map(),
    badLines: 0,
    bad: [],
  }
  const nowMs = Date.now()
  const progress = startProgress({ what: "Reading", total, shown: size })
  for await (const { lines, firstNumber, bytes } of readSource(path)) {
    for (const [index, text] of lines.entries()) {
      if (text.trim() === "") continue
      const line = readLine(text, nowMs)
      if (typeof line === "string") {
        read.badLines++
        if (read.bad.length < NAMED_MAX) read.bad.push(`Line ${firstNumber + index}: ${line}`)
        continue
      }
      if (only !== undefined && line.room !== only) continue
      read.rooms.add(line.room)
      read.authors.add(line.author)
      if (line.replyTo !== undefined) {
        const known = read.repliedTo.get(line.room)
        if (known) known.add(line.replyTo)
        else read.repliedTo.set(line.room, new Set([line.replyTo]))
      }
      for (const part of inParts(line)) {
        read.messages++
        spool.add(part)
      }
    }
    progress.at(bytes)
  }
  progress.end()
  return read
}

/** Stops before anything is written when the file or the options do not allow the import. */
function judge(
  path: string,
  read: Read,
  { room, as, skipBadLines }: { room: string | undefined; as: string | undefined; skipBadLines: boolean },
): void {
  for (const sentence of read.bad) note(sentence)
  const more = read.badLines - read.bad.length
  if (more > 0) note(`… and ${grouped(more)} more.`)
  if (read.badLines > 0 && !skipBadLines)
    throw new Complaint(
      `${counted(read.badLines, "line")} of ${path} cannot be read and nothing was imported; mend them, or leave them out with --skip-bad-lines.`,
    )
  if (read.messages === 0)
    throw new Complaint(
      room === undefined ? `${path} holds no message.` : `${path} holds no message of a room called ${room}.`,
    )
  if (as !== undefined && read.rooms.size > 1)
    throw new Complaint(
      `${path} holds ${read.rooms.size} rooms, and --as names only one; choose it with --room.`,
      exitCodes.usage,
    )
}

function report(loaded: Loaded, people: number, renamed: readonly Renamed[], elapsedMs: number): void {
  const { written, known, twins, loose, rooms } = loaded
  if (known > 0) say(`${counted(known, "message was", "messages were")} there already.`)
  if (written === 0) {
    say("Nothing was changed.")
    return
  }
  const rate = grouped((written / elapsedMs) * 1000)
  say(
    `Imported ${counted(written, "message")} of ${counted(people, "person", "people")} into ${counted(rooms.length, "room")} in ${duration(elapsedMs)} (${rate} a second).`,
  )
  const widest = Math.max(...rooms.map(({ messages }) => grouped(messages).length))
  for (const { name, messages } of rooms) say(`  ${grouped(messages).padStart(widest)}  #${name}`)
  if (twins > 0)
    say(`${counted(twins, "line")} stood there twice and ${twins === 1 ? "was" : "were"} taken once.`)
  if (loose > 0)
    say(`${counted(loose, "reply", "replies")} to messages that are not there came in as plain messages.`)
  if (renamed.length > 0) say(renamedSentence(renamed))
}

interface Renamed {
  readonly from: string
  readonly to: string
}

function renamedSentence(renamed: readonly Renamed[]): string {
  const shown = renamed.slice(0, RENAMED_SHOWN_MAX).map(({ from, to }) => `${harmless(from)} is ${to}`)
  const rest = renamed.length - shown.length
  const list = [...shown, ...(rest > 0 ? [`and ${grouped(rest)} more`] : [])].join(", ")
  return `${counted(renamed.length, "name")} could not stay as written, and ${renamed.length === 1 ? "is" : "are"} kept as display name: ${list}.`
}
