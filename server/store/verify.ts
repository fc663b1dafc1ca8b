import type { Database } from "bun:sqlite"
import { type Uuid, uuidText } from "../../protocol/ids.ts"
import { checkOf, noChain } from "./chain.ts"
import { diagnose, place, type RoomHead, title } from "./diagnose.ts"
import { readEpochs } from "./epochs.ts"
import { messageOf } from "./faults.ts"
import { inspectIndexes } from "./inspect.ts"
import { type Epoch, EVENT_COLUMNS, type EventRow, epochOf, expectedChain, sameBytes } from "./rows.ts"
import { Shows, showsOf } from "./shows.ts"
import {
  type DamageList,
  damageList,
  type KnownHead,
  type Verification,
  type VerifyProgress,
} from "./verification.ts"

const ROWS_AT_ONCE = 4_000

/** A room while its events go by in the order in which they came. */
interface Passing extends RoomHead {
  seq: number
  at: number
  chain: Uint8Array
  /** Something does not fit; it is looked at closely afterwards. */
  suspect: boolean
  readonly known: Map<number, string>
}

interface Row extends EventRow {
  /** 1 when its index card says the same; null when nobody looked. */
  readonly placed: number | null
  readonly shows: number | null
}

/**
 * Recomputes the chain of every room as it stood when this began, while others go on writing: no transaction outlasts
 * a step. Each step is some milliseconds of work; it tells how far it has come.
 */
export function* verifyDatabase(
  db: Database,
  known: readonly KnownHead[] = [],
): Generator<VerifyProgress, Verification> {
  const damages = damageList()
  const start = readStart(db, known)
  let events = 0
  for (const rows of chunks(db, start.lastN, damages)) {
    for (const row of rows) pass(row, start, damages)
    events += rows.length
    yield { events, of: start.events }
  }
  for (const room of start.rooms.values()) {
    if (room.seq !== room.head.seq) room.suspect = true
    if (room.suspect) diagnose(db, room, start, damages)
    else compareHead(room, damages)
  }
  inspectIndexes(db, damages)
  const rooms = [...start.rooms.values()]
  return {
    events,
    rooms: rooms.length,
    damages: damages.told,
    damagesTotal: damages.total(),
    heads: rooms.map(({ id, name, head }) => ({
      room: id,
      ...(name !== "" && { name }),
      seq: head.seq,
      check: checkOf(head.chain),
    })),
  }
}

interface Start {
  readonly rooms: ReadonlyMap<number, Passing>
  readonly epochs: readonly Epoch[]
  /** The last event there was. */
  readonly lastN: number
  readonly events: number
}

function readStart(db: Database, known: readonly KnownHead[]): Start {
  const remembered = Map.groupBy(known, (one) => one.room)
  const names = db.prepare<{ room: Uuid; name: string }, []>("select room, name from room_card")
  const heads = db.prepare<{ key: number; id: Uint8Array; seq: number; at: number; chain: Uint8Array }, []>(
    "select key, id, seq, at, chain from room",
  )
  const nameOf = new Map(names.all().map(({ room, name }) => [room, name]))
  const [rows, lastN] = atOnce(db, () => heads.all())
  const rooms = new Map<number, Passing>()
  let events = 0
  for (const { key, id, ...head } of rows) {
    const room = uuidText(id)
    const marks = remembered.get(room) ?? []
    events += head.seq
    rooms.set(key, {
      key,
      id: room,
      name: nameOf.get(room) ?? "",
      head,
      seq: 0,
      at: 0,
      chain: noChain,
      suspect: false,
      known: new Map(marks.map(({ seq, check }) => [seq, check])),
    })
  }
  return { rooms, epochs: readEpochs(db), lastN, events }
}

/** Heads and the last event of one moment. Where the table cannot be read, its index cards say how far it went. */
function atOnce<Heads>(db: Database, heads: () => Heads): readonly [Heads, number] {
  const last = (table: "event" | "place") =>
    db.prepare<{ n: number | null }, []>(`select max(n) as n from ${table}`).get()?.n ?? 0
  const both = (table: "event" | "place") => db.transaction(() => [heads(), last(table)] as const)()
  try {
    return both("event")
  } catch {
    return both("place")
  }
}

function* chunks(db: Database, lastN: number, damages: DamageList): Generator<readonly Row[]> {
  const chunk = db.prepare<Row, [number, number, number]>(
    `select ${EVENT_COLUMNS}, p.shows, p.n is e.n and p.by is e.by and p.target is e.target
       and p.root is e.root and p.cites is e.cites as placed
     from event e left join place p on p.room = e.room and p.seq = e.seq
     where e.n > ? and e.n <= ? order by e.n limit ?`,
  )
  for (let after = 0; after < lastN; ) {
    try {
      const rows = chunk.all(after, lastN, ROWS_AT_ONCE)
      if (rows.length === 0) return
      after = rows.at(-1)?.n ?? lastN
      yield rows
    } catch (error) {
      damages.add({ is: "unreadable", message: `The database cannot read some events: ${messageOf(error)}.` })
      const to = Math.min(after + ROWS_AT_ONCE, lastN)
      yield salvage(db, after, to)
      after = to
    }
  }
}

/** The rows of a stretch that can be read one by one. */
function salvage(db: Database, after: number, to: number): readonly Row[] {
  const one = db.prepare<Row, [number]>(
    `select ${EVENT_COLUMNS}, null as shows, null as placed from event e where n = ?`,
  )
  const rows: Row[] = []
  for (let n = after + 1; n <= to; n++) {
    try {
      const row = one.get(n)
      if (row) rows.push(row)
    } catch {
      // It was told that some cannot be read; which, the close look at their rooms finds out.
    }
  }
  return rows
}

function pass(row: Row, { rooms, epochs }: Start, damages: DamageList): void {
  const room = rooms.get(row.room)
  if (!room) {
    damages.add({
      is: "head",
      seq: row.seq,
      message: `There is an event of a room that is not there (n ${row.n}).`,
    })
    return
  }
  if (!isCardRight(row)) {
    damages.add({
      is: "index",
      ...place(room, row.seq),
      message: `The index card of ${title(room)}, ${row.seq} is wrong.`,
    })
  }
  if (room.suspect) return
  const expected = expectedChain(row, room.id, epochOf(epochs, row.n), room.chain)
  const follows = row.seq === room.seq + 1 && row.at >= room.at
  if (!follows || !expected || !sameBytes(expected, row.chain)) {
    room.suspect = true
    return
  }
  room.seq = row.seq
  room.at = row.at
  room.chain = row.chain
  if (!isPointingRight(row)) {
    damages.add({
      is: "altered",
      ...place(room, row.seq),
      message: `What ${title(room)}, ${row.seq} points at was altered.`,
    })
  }
  const remembered = room.known.get(row.seq)
  if (remembered === undefined) return
  room.known.delete(row.seq)
  const check = checkOf(row.chain)
  if (check !== remembered) {
    damages.add({
      is: "rewritten",
      ...place(room, row.seq),
      message: `${title(room)} was rewritten at or before ${row.seq}: its check is ${check}, ${remembered} is remembered.`,
    })
  }
}

function isCardRight({ placed, shows, kind, target, body }: Row): boolean {
  if (placed === null) return true
  const wanted = showsOf({ kind, ...(target !== null && { target }) })
  return placed === 1 && shows === (wanted === Shows.message && body === null ? Shows.erased : wanted)
}

/** `root` and `cites` decide who sees an event, and the chain binds them only through the body and the target. */
function isPointingRight({ kind, target, body, root, cites }: Row): boolean {
  if (target !== null) return cites === null || cites <= target
  if (kind !== "message.posted" || body === null) return true
  if (root === null && cites === null && !body.includes('"replyTo"') && !body.includes('"root"')) return true
  const said = pointersOf(body)
  const oldest = Math.min(said.replyTo ?? Number.POSITIVE_INFINITY, said.root ?? Number.POSITIVE_INFINITY)
  if ((said.root ?? null) !== root) return false
  return Number.isFinite(oldest) ? cites !== null && cites <= oldest : cites === null
}

function pointersOf(body: string): { readonly replyTo?: number; readonly root?: number } {
  try {
    const { replyTo, root }: { replyTo?: number; root?: number } = JSON.parse(body)
    return { ...(replyTo !== undefined && { replyTo }), ...(root !== undefined && { root }) }
  } catch {
    return {}
  }
}

function compareHead(room: Passing, damages: DamageList): void {
  for (const seq of room.known.keys()) {
    damages.add({
      is: "rewritten",
      ...place(room, seq),
      message: `${title(room)} does not reach ${seq}; it once did.`,
    })
  }
  if (room.at === room.head.at && sameBytes(room.chain, room.head.chain)) return
  damages.add({
    is: "head",
    ...place(room, room.seq),
    message: `The head row of ${title(room)} does not fit its last event.`,
  })
}
