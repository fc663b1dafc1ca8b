import type { Database } from "bun:sqlite"
import { type Uuid, uuidText } from "../../protocol/ids.ts"
import type { Feed, Log, LogHead, Pages, Stored } from "../core/ports.ts"
import { checkOf, noChain } from "./chain.ts"
import { idBytes } from "./digest.ts"
import { type PlacedReader, pagesReader } from "./pages-reader.ts"
import {
  checked,
  damagedAt,
  type Epoch,
  EVENT_COLUMNS,
  type EventRow,
  sameBytes,
  snapshotSeal,
} from "./rows.ts"

type AtOnce<Method> = Method extends (...args: infer Args) => Promise<infer Answer>
  ? (...args: Args) => Answer
  : never

/** The reads of the ports, answered at once. */
export type Reads = { readonly [Name in "read" | "find" | "head" | "changes"]: AtOnce<Log[Name]> } & {
  readonly [Name in keyof Pages]: AtOnce<Pages[Name]>
} & { readonly [Name in keyof Feed]: AtOnce<Feed[Name]> }

interface RoomRow {
  readonly key: number
  readonly seq: number
  readonly at: number
  readonly chain: Uint8Array
}

type RoomBy = (room: Uuid) => RoomRow | undefined

/** Reads committed state over one connection and checks the chain of what it returns. Throws `StoreDamaged`. */
export function reader(db: Database, epochs: readonly Epoch[]): Reads {
  const byId = db.prepare<RoomRow, [Uint8Array]>("select key, seq, at, chain from room where id = ?")
  const roomBy: RoomBy = (room) => byId.get(idBytes(room)) ?? undefined
  const stretch = stretchReader(db, epochs)
  const placed = placedReader(stretch)
  const epoch = epochs.at(-1)?.id ?? ""
  const keyOf = (room: Uuid) => roomBy(room)?.key ?? 0
  return {
    read: logReader(stretch, roomBy),
    head: headReader(db, epoch, roomBy),
    find: finder(db, keyOf, placed),
    changes: changesReader(db, roomBy, placed),
    ...pagesReader(db, epoch, keyOf, placed),
    next: feedReader(db, placed),
  }
}

/** Events a few seqs apart are read in one stretch: reading past one costs less than looking for the next. */
const APART_MAX = 8

/** Events by their seqs, in the order of the seqs, each checked against the one before it. */
function placedReader(stretch: StretchReader): PlacedReader {
  return (room, key, seqs) => {
    const ascending = seqs.toSorted((one, other) => one - other)
    const found = new Map<number, Stored>()
    for (let index = 0; index < ascending.length; ) {
      const first = ascending[index] ?? 0
      let last = first
      while ((ascending[index] ?? Number.POSITIVE_INFINITY) - last <= APART_MAX)
        last = ascending[index++] ?? last
      for (const event of stretch(room, key, first, last)) found.set(event.seq, event)
    }
    return seqs.flatMap((seq) => found.get(seq) ?? [])
  }
}

/** All events of a room from one seq to another, each checked against the one before it. Throws `StoreDamaged`. */
type StretchReader = (room: Uuid, key: number, first: number, last: number) => Stored[]

function stretchReader(db: Database, epochs: readonly Epoch[]): StretchReader {
  const rowsFrom = db.prepare<EventRow, [number, number, number]>(
    `select ${EVENT_COLUMNS} from place p join event e on e.n = p.n
     where p.room = ? and p.seq >= ? order by p.seq limit ?`,
  )
  return (room, key, first, last) => {
    // The row before the first is read too: the first one's chain rests on its.
    const from = Math.max(first - 1, 1)
    const rows = rowsFrom.all(key, from, last - from + 1)
    const events: Stored[] = []
    let before: Uint8Array = noChain
    for (let seq = from; seq <= last; seq++) {
      const row = rows[seq - from]
      if (!row || row.seq !== seq || row.room !== key) throw damagedAt(room, seq)
      if (seq >= first) events.push(checked(row, room, epochs, before))
      before = row.chain
    }
    return events
  }
}

function logReader(stretch: StretchReader, roomBy: RoomBy): Reads["read"] {
  return (room, after, limit) => {
    const head = roomBy(room)
    if (!head || head.seq <= after || limit < 1) return []
    return stretch(room, head.key, after + 1, Math.min(head.seq, after + limit))
  }
}

function headReader(db: Database, epoch: Uuid, roomBy: RoomBy): Reads["head"] {
  const lastAt = db.prepare<{ at: number; chain: Uint8Array }, [number, number]>(
    "select e.at, e.chain from place p join event e on e.n = p.n where p.room = ? and p.seq = ?",
  )
  const kept = db.prepare<{ seq: number; head: string; seal: Uint8Array; chain: Uint8Array }, [number]>(
    `select s.seq, s.head, s.seal, e.chain from snapshot s
     join place p on p.room = s.room and p.seq = s.seq join event e on e.n = p.n where s.room = ?`,
  )
  return (room): LogHead | undefined => {
    const head = roomBy(room)
    if (!head) return undefined
    const { key, seq, at, chain } = head
    const last = lastAt.get(key, seq)
    if (last?.at !== at || !sameBytes(last.chain, chain)) throw damagedAt(room, seq)
    const snapshot = kept.get(key)
    // A snapshot only saves work, so one that is damaged is left out; `verify` tells.
    const whole = snapshot && sameBytes(snapshotSeal(snapshot.chain, snapshot.head), snapshot.seal)
    return {
      epoch,
      seq,
      at,
      check: checkOf(chain),
      ...(whole && { snapshot: { seq: snapshot.seq, head: snapshot.head } }),
    }
  }
}

type KeyOf = (room: Uuid) => number

function finder(db: Database, keyOf: KeyOf, placed: PlacedReader): Reads["find"] {
  const seqById = db.prepare<{ seq: number }, [Uint8Array, number]>(
    "select seq from event where id = ? and room = ?",
  )
  return (room, id) => {
    const key = keyOf(room)
    const found = seqById.get(idBytes(id), key)
    return found ? placed(room, key, [found.seq])[0] : undefined
  }
}

/** By what was changed or by what has come since, whichever is the shorter way. */
function changesReader(db: Database, roomBy: RoomBy, placed: PlacedReader): Reads["changes"] {
  const by = (index: string) =>
    db.prepare<{ seq: number }, [number, number, number, number, number]>(
      `select seq from place ${index} where room = ? and target between ? and ? and seq > ? order by seq limit ?`,
    )
  const byTarget = by("indexed by place_change")
  const bySeq = by("not indexed")
  return (room, from, to, after, limit) => {
    const { key = 0, seq = 0 } = roomBy(room) ?? {}
    const changes = to - from <= seq - after ? byTarget : bySeq
    const seqs = changes.all(key, from, to, after, limit).map((row) => row.seq)
    return placed(room, key, seqs)
  }
}

function feedReader(db: Database, placed: PlacedReader): Reads["next"] {
  const next = db.prepare<{ n: number; key: number; seq: number; id: Uint8Array }, [number, number]>(
    `select e.n, e.room as key, e.seq, r.id from event e join room r on r.key = e.room
     where e.n > ? order by e.n limit ?`,
  )
  return (after, limit) => {
    const rows = next.all(Number(after), limit)
    const byPlace = new Map<string, Stored>()
    const placeOf = (key: number, seq: number) => `${key} ${seq}`
    for (const [key, own] of Map.groupBy(rows, (row) => row.key)) {
      const room = uuidText(own[0]?.id ?? noChain)
      const seqs = own.map((row) => row.seq)
      for (const event of placed(room, key, seqs)) byPlace.set(placeOf(key, event.seq), event)
    }
    const events = rows.map(({ key, seq, id }) => {
      const event = byPlace.get(placeOf(key, seq))
      if (!event) throw damagedAt(uuidText(id), seq)
      return { ...event, room: uuidText(id) }
    })
    return { events, to: String(rows.at(-1)?.n ?? after) }
  }
}
