import { appendFileSync, closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Complaint } from "../complaint.ts"
import { earlier, type Line } from "./line.ts"

/** Characters of text kept in memory before a sorted run goes to the disk. */
const MEMORY_CHARS_MAX = 8_388_608
/** What a message costs beside its text. */
const LINE_CHARS = 200
const READ_BYTES = 262_144

/** Messages in any order in; room by room, in order of time, out. Memory is bounded, whatever the size of the input. */
export interface Spool {
  add(line: Line): void
  /** Once, after the last `add`. Rooms come in the order in which they first appeared. */
  sorted(): Generator<Line>
  /** Takes the files away. */
  close(): void
}

interface Run {
  readonly path: string
  last: Line
}

/** A merge sort on disk: sorted runs in temporary files, an input in good order makes one; small ones stay in memory. */
export function openSpool(memoryCharsMax = MEMORY_CHARS_MAX): Spool {
  const rooms = new Map<string, number>()
  const runs: Run[] = []
  let folder: string | undefined
  let held: Line[] = []
  let heldChars = 0

  const order = (one: Line, other: Line) =>
    (rooms.get(one.room) ?? 0) - (rooms.get(other.room) ?? 0) || earlier(one, other)

  const flush = () => {
    const lines = held.sort(order)
    held = []
    heldChars = 0
    const [first, last] = [lines[0], lines.at(-1)]
    if (!first || !last) return
    folder ??= mkdtempSync(join(tmpdir(), "parley-import-"))
    const before = runs.find((run) => order(run.last, first) <= 0)
    const run = before ?? { path: join(folder, String(runs.length)), last }
    if (!before) runs.push(run)
    run.last = last
    write(run.path, lines)
  }

  return {
    add: (line) => {
      if (!rooms.has(line.room)) rooms.set(line.room, rooms.size)
      held.push(line)
      heldChars += line.text.length + LINE_CHARS
      if (heldChars > memoryCharsMax) flush()
    },
    sorted: () => {
      if (runs.length === 0) return each(held.sort(order))
      flush()
      return merged(
        runs.map(({ path }) => readRun(path)),
        order,
      )
    },
    close: () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function write(path: string, lines: readonly Line[]): void {
  try {
    appendFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""))
  } catch {
    throw new Complaint(
      `There is no room in ${tmpdir()} to sort the messages; make some, or set TMPDIR to a folder that has it.`,
    )
  }
}

function* each(lines: readonly Line[]): Generator<Line> {
  yield* lines
}

function* readRun(path: string): Generator<Line> {
  const file = openSync(path, "r")
  try {
    const bytes = new Uint8Array(READ_BYTES)
    const decoder = new TextDecoder()
    let rest = ""
    for (;;) {
      const length = readSync(file, bytes)
      if (length === 0) return
      const lines = (rest + decoder.decode(bytes.subarray(0, length), { stream: true })).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) yield JSON.parse(line)
    }
  } finally {
    closeSync(file)
  }
}

/** Takes the first of all runs again and again. Equal lines come from the older run first. */
function* merged(
  runs: readonly Generator<Line>[],
  order: (one: Line, other: Line) => number,
): Generator<Line> {
  const waiting = runs.flatMap((run) => {
    const first = run.next()
    return first.done ? [] : [{ run, line: first.value }]
  })
  while (waiting.length > 0) {
    let least = 0
    for (let index = 1; index < waiting.length; index++) {
      const [one, best] = [waiting[index], waiting[least]]
      if (one && best && order(one.line, best.line) < 0) least = index
    }
    const next = waiting[least]
    if (!next) return
    yield next.line
    const following = next.run.next()
    if (following.done) waiting.splice(least, 1)
    else next.line = following.value
  }
}
