import type { Database } from "bun:sqlite"
import type { Uuid } from "../../protocol/ids.ts"
import { noChain } from "./chain.ts"
import { messageOf } from "./faults.ts"
import { type Epoch, EVENT_COLUMNS, type EventRow, epochOf, expectedChain, sameBytes } from "./rows.ts"
import type { DamageList } from "./verification.ts"

/** A room as its head row has it. */
export interface RoomHead {
  readonly key: number
  readonly id: Uuid
  /** Empty: it has none. */
  readonly name: string
  readonly head: { readonly seq: number; readonly at: number; readonly chain: Uint8Array }
}

interface Scope {
  readonly epochs: readonly Epoch[]
  /** Later events are not looked at. */
  readonly lastN: number
}

/** Rows that do not fit are tried at each other's places; beyond so many of them that would take too long. */
const MISFITS_TRIED_MAX = 48

/** Says exactly what is wrong with a room of which something is. */
export function diagnose(db: Database, room: RoomHead, scope: Scope, damages: DamageList): void {
  const tell = teller(room, damages)
  const one = db.prepare<EventRow, [number]>(`select ${EVENT_COLUMNS} from event e where e.n = ?`)
  const misfits: Misfit[] = []
  const gaps: number[] = []
  let [seq, lastN] = [0, 0]
  let chain: Uint8Array | undefined = noChain
  for (const place of placesOf(db, room, scope.lastN, tell)) {
    const row = readOne(one, place.n)
    if (!row || row.room !== room.key || row.seq !== place.seq) continue
    if (row.seq > room.head.seq || row.seq < 1) tell("head", row.seq, "lies beyond the head of the room")
    if (row.seq === seq) {
      tell("doubled", row.seq, "is there more than once")
      continue
    }
    if (row.seq > seq + 1) {
      gaps.push(...missing(seq + 1, row.seq - 1, tell))
      chain = undefined
    }
    if (chain && !fits(row, room, scope, chain)) misfits.push({ row, before: chain })
    else if (row.n < lastN) tell("reordered", row.seq, "came before an earlier one")
    seq = row.seq
    lastN = Math.max(lastN, row.n)
    chain = row.chain
  }
  if (seq < room.head.seq) missing(seq + 1, room.head.seq, tell)
  explain(misfits, gaps, room, scope, tell)
}

type Tell = (
  is: "missing" | "altered" | "reordered" | "doubled" | "head" | "unreadable",
  seq: number,
  what: string,
  to?: number,
) => void

function teller(room: RoomHead, damages: DamageList): Tell {
  return (is, seq, what, to) =>
    damages.add({
      is,
      ...place(room, seq),
      ...(to !== undefined && to > seq && { to }),
      message: `${title(room)}: ${seq}${to !== undefined && to > seq ? ` to ${to}` : ""} ${what}.`,
    })
}

interface Misfit {
  readonly row: EventRow
  /** The chain at the row before it. */
  readonly before: Uint8Array
}

function placesOf(
  db: Database,
  room: RoomHead,
  lastN: number,
  tell: Tell,
): readonly { n: number; seq: number }[] {
  const list = (table: "event" | "place") =>
    db
      .prepare<{ n: number; seq: number }, [number, number]>(
        `select n, seq from ${table} where room = ? and n <= ? order by seq, n`,
      )
      .all(room.key, lastN)
  try {
    return list("event")
  } catch {
    try {
      return list("place")
    } catch (error) {
      tell("unreadable", 1, `cannot be read: ${messageOf(error)}`, room.head.seq)
      return []
    }
  }
}

function readOne(one: { get(n: number): EventRow | null }, n: number): EventRow | null {
  try {
    return one.get(n)
  } catch {
    return null
  }
}

function missing(from: number, to: number, tell: Tell): readonly number[] {
  tell("missing", from, to > from ? "are missing" : "is missing", to)
  return Array.from({ length: Math.min(to - from + 1, MISFITS_TRIED_MAX) }, (_, index) => from + index)
}

function fits(row: EventRow, room: RoomHead, scope: Scope, before: Uint8Array, seq = row.seq): boolean {
  const expected = expectedChain({ ...row, seq }, room.id, epochOf(scope.epochs, row.n), before)
  return expected !== undefined && sameBytes(expected, row.chain)
}

/** A row that does not follow from the one before it was altered, unless it is whole at another place. */
function explain(
  misfits: readonly Misfit[],
  gaps: readonly number[],
  room: RoomHead,
  scope: Scope,
  tell: Tell,
): void {
  const tried = misfits.slice(0, MISFITS_TRIED_MAX)
  const seqs = [...tried.map(({ row }) => row.seq), ...gaps.slice(0, MISFITS_TRIED_MAX)]
  const befores = tried.flatMap(({ row, before }) => [row.chain, before])
  for (const [index, { row }] of misfits.entries()) {
    const home =
      index < MISFITS_TRIED_MAX
        ? [row.seq, ...seqs].find((seq) => befores.some((before) => fits(row, room, scope, before, seq)))
        : undefined
    if (home === undefined) tell("altered", row.seq, "is not what was written, or the one before it is not")
    else if (home !== row.seq) tell("reordered", row.seq, `was written as ${home}`)
  }
}

export function place({ id, name }: RoomHead, seq: number) {
  return { room: id, seq, ...(name !== "" && { name }) }
}

export function title({ id, name }: RoomHead): string {
  return name === "" ? `Room ${id}` : `#${name}`
}
