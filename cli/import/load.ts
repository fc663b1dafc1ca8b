import { Complaint } from "../complaint.ts"
import { answered, type Operator } from "../operator.ts"
import type { Line } from "./line.ts"

const BATCH_MESSAGES = 1_000
/** JSON on the control socket; a text takes as much again for its frame at worst. */
const BATCH_CHARS = 1_000_000
const AUTHORS_AT_ONCE = 5_000

interface LoadOptions {
  readonly source: string
  /** What the one room of the file is called here. */
  readonly as: string | undefined
  /** By room, the `i` of messages that are replied to. */
  readonly repliedTo: ReadonlyMap<string, ReadonlySet<number>>
  progress(done: number): void
}

interface LoadedRoom {
  /** As it is called here. */
  readonly name: string
  messages: number
}

export interface Loaded {
  readonly rooms: LoadedRoom[]
  written: number
  /** Messages that were there already. */
  known: number
  /** Lines that are alike in everything. */
  twins: number
  /** Replies to a message that is not there or lies later; they stay, as plain messages. */
  loose: number
}

interface RoomState {
  readonly original: string
  readonly loaded: LoadedRoom
  /** Seqs of the messages that are replied to, by their `i`. */
  readonly seqs: Map<number, number>
  readonly repliedTo: ReadonlySet<number>
}

/** Hands sorted messages to the server, batch by batch and room by room. */
export async function load(operator: Operator, lines: Iterable<Line>, options: LoadOptions): Promise<Loaded> {
  const loaded: Loaded = { rooms: [], written: 0, known: 0, twins: 0, loose: 0 }
  const distinct = makeDistinct()
  let room: RoomState | undefined
  let batch = emptyBatch()
  const flush = async () => {
    if (room && batch.lines.length > 0) await send(operator, room, batch, options, loaded)
    batch = emptyBatch()
  }
  const finish = async () => {
    await flush()
    if (room) await answered(operator.call("import.finish", naming(options, room.original)))
  }
  for (const line of lines) {
    if (line.room !== room?.original) {
      await finish()
      room = await begin(operator, line.room, options, loaded)
    }
    const one = distinct(line)
    if (one) add(batch, one)
    else loaded.twins++
    if (batch.lines.length >= BATCH_MESSAGES || batch.chars >= BATCH_CHARS) await flush()
  }
  await finish()
  return loaded
}

async function begin(
  operator: Operator,
  original: string,
  options: LoadOptions,
  loaded: Loaded,
): Promise<RoomState> {
  const { name } = await answered(operator.call("import.begin", naming(options, original)))
  const room = { name, messages: 0 }
  loaded.rooms.push(room)
  const repliedTo = options.repliedTo.get(original) ?? new Set()
  return { original, loaded: room, seqs: new Map(), repliedTo }
}

async function send(
  operator: Operator,
  room: RoomState,
  batch: Batch,
  options: LoadOptions,
  loaded: Loaded,
): Promise<void> {
  const messages = batch.lines.map((line, place) => {
    const replyTo = reply(line, place, batch.places, room.seqs)
    if (line.replyTo !== undefined && !replyTo) loaded.loose++
    return message(line, replyTo)
  })
  const request = { ...naming(options, room.original), messages }
  const { seqs, before } = await answered(operator.call("import.batch", request))
  for (const [place, seq] of seqs.entries()) {
    if (seq <= before) loaded.known++
    else loaded.written++
    const line = batch.lines[place]
    if (line && line.part === undefined && room.repliedTo.has(line.i)) room.seqs.set(line.i, seq)
  }
  room.loaded.messages += seqs.length
  options.progress(loaded.known + loaded.written + loaded.twins)
}

interface Batch {
  readonly lines: Line[]
  /** By `i`, where in the batch. */
  readonly places: Map<number, number>
  chars: number
}

function emptyBatch(): Batch {
  return { lines: [], places: new Map(), chars: 0 }
}

function add(batch: Batch, line: Line): void {
  if (line.part === undefined && !batch.places.has(line.i)) batch.places.set(line.i, batch.lines.length)
  batch.lines.push(line)
  batch.chars += line.text.length
}

function naming({ source, as }: Pick<LoadOptions, "source" | "as">, room: string) {
  return { source, room, ...(as !== undefined && { as }) }
}

type Reply = { readonly place: number } | { readonly seq: number }

function reply(
  { replyTo }: Line,
  place: number,
  places: ReadonlyMap<number, number>,
  seqs: ReadonlyMap<number, number> | undefined,
): Reply | undefined {
  if (replyTo === undefined) return undefined
  const here = places.get(replyTo)
  if (here !== undefined) return here < place ? { place: here } : undefined
  const seq = seqs?.get(replyTo)
  return seq === undefined ? undefined : { seq }
}

function message({ i, at, author, text, action, part }: Line, replyTo: Reply | undefined) {
  return {
    i,
    at,
    author,
    text,
    ...(action && { action }),
    ...(part !== undefined && { part }),
    ...(replyTo && { replyTo }),
  }
}

/**
 * Ids come from room, `i`, time and author. Lines that share all four and the text are one message; where the text
 * differs, `part` tells them apart. Such lines are neighbours, because the input is sorted.
 */
function makeDistinct(): (line: Line) => Line | undefined {
  let group = ""
  let texts = new Map<string, string>()
  return (line) => {
    const here = `${line.i} ${line.at} ${line.room}`
    if (here !== group) {
      group = here
      texts = new Map()
    }
    for (let part = line.part ?? 0; ; part++) {
      const key = `${part} ${line.author}`
      const text = texts.get(key)
      if (text === line.text) return undefined
      if (text !== undefined) continue
      texts.set(key, line.text)
      return part === (line.part ?? 0) ? line : { ...line, part }
    }
  }
}

/** Asks for every room of the file before anything is written. */
export async function checkRooms(
  operator: Operator,
  originals: ReadonlySet<string>,
  options: Pick<LoadOptions, "source" | "as">,
): Promise<void> {
  const names = new Map<string, string>()
  for (const original of originals) {
    const { name } = await answered(operator.call("import.begin", naming(options, original)))
    const other = names.get(name)
    if (other !== undefined)
      throw new Complaint(
        `The rooms ${other} and ${original} would both be called #${name}; import them one by one with --room and --as.`,
      )
    names.set(name, original)
  }
}

/** Makes the accounts of all authors; answers those whose name could not stay as it was. */
export async function makeAuthors(
  operator: Operator,
  source: string,
  authors: ReadonlySet<string>,
): Promise<readonly { readonly from: string; readonly to: string }[]> {
  const all = [...authors]
  const renamed: { from: string; to: string }[] = []
  for (let from = 0; from < all.length; from += AUTHORS_AT_ONCE) {
    const originals = all.slice(from, from + AUTHORS_AT_ONCE)
    const { names } = await answered(operator.call("import.authors", { source, originals }))
    for (const [place, to] of names.entries()) {
      const original = originals[place] ?? ""
      if (to !== original) renamed.push({ from: original, to })
    }
  }
  return renamed
}
