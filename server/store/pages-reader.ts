import type { Database } from "bun:sqlite"
import type { RoomHead } from "../../protocol/frames.ts"
import type { Uuid } from "../../protocol/ids.ts"
import type { PageQuery, Stored } from "../core/ports.ts"
import { idBytes } from "./digest.ts"
import { Shows } from "./shows.ts"

/** Events of a room by their seqs, in the order of the seqs. Throws `StoreDamaged`. */
export type PlacedReader = (room: Uuid, key: number, seqs: readonly number[]) => Stored[]

type KeyOf = (room: Uuid) => number
interface Seq {
  readonly seq: number
}
interface Count {
  readonly count: number
}

/** What pages and counts ask; found in `place` alone, and only what is shown is read. */
export function pagesReader(db: Database, epoch: Uuid, keyOf: KeyOf, placed: PlacedReader) {
  return {
    shown: pageReader(db, keyOf, placed),
    ...countReader(db, keyOf),
    threads: threadReader(db, keyOf),
    seqAt: timeReader(db, keyOf),
    roomsOf: roomsReader(db, epoch),
  }
}

function pageReader(db: Database, keyOf: KeyOf, placed: PlacedReader) {
  const seqs = (place: string, where: string, order: "asc" | "desc") =>
    db.prepare<
      Seq,
      { room: number; root: number | null; from: number; after: number; before: number; limit: number }
    >(
      `select seq from ${place} where room = $room and ${where} and target is null
       and seq >= $from and seq > $after and seq < $before and coalesce(cites, seq) >= $from
       order by seq ${order} limit $limit`,
    )
  const both = (place: string, where: string) => ({
    up: seqs(place, where, "asc"),
    down: seqs(place, where, "desc"),
  })
  const room = both("place", "root is null and shows > 0")
  // Told, for otherwise the whole room would be looked through for a thread of three.
  const thread = both("place indexed by place_thread", "root = $root")
  return (id: Uuid, query: PageQuery): readonly Stored[] => {
    const { from, after, before = Number.MAX_SAFE_INTEGER, root = null, limit } = query
    const key = keyOf(id)
    const kind = root === null ? room : thread
    const rows = (after === undefined ? kind.down : kind.up).all({
      room: key,
      root,
      from,
      after: after ?? 0,
      before,
      limit,
    })
    return placed(
      id,
      key,
      rows.map((row) => row.seq),
    )
  }
}

function countReader(db: Database, keyOf: KeyOf) {
  const unread = db.prepare<Count, [number, number, Uint8Array, number]>(
    `select count(*) as count from (select 1 from place where room = ? and seq > ?
     and shows = ${Shows.message} and root is null and by <> ? limit ?)`,
  )
  const mentioned = db.prepare<
    Count,
    { id: Uuid; room: number; account: Uuid; by: Uint8Array; after: number; max: number }
  >(
    `select count(*) as count from (
       select 1 from (
         select seq from mention where room = $id and account = $account and seq > $after
         union select seq from mention where room = $id and account is null and seq > $after) m
       join place p on p.room = $room and p.seq = m.seq
       where p.shows = ${Shows.message} and p.by <> $by limit $max)`,
  )
  return {
    unread: (room: Uuid, account: Uuid, after: number, max: number): number =>
      unread.get(keyOf(room), after, idBytes(account), max)?.count ?? 0,
    mentioned: (id: Uuid, account: Uuid, after: number, max: number): number =>
      mentioned.get({ id, room: keyOf(id), account, by: idBytes(account), after, max })?.count ?? 0,
  }
}

function threadReader(db: Database, keyOf: KeyOf) {
  const thread = db.prepare<{ count: number; last: number | null }, [number, number]>(
    `select count(*) as count, max(seq) as last from place indexed by place_thread
     where room = ? and root = ? and target is null and shows = ${Shows.message}`,
  )
  return (room: Uuid, roots: readonly number[]) => {
    const key = keyOf(room)
    return roots.map((root) => {
      const found = thread.get(key, root)
      return { root, count: found?.count ?? 0, last: found?.last ?? 0 }
    })
  }
}

function timeReader(db: Database, keyOf: KeyOf) {
  const headOf = db.prepare<Seq, [number]>("select seq from room where key = ?")
  const timeAt = db.prepare<{ at: number }, [number, number]>(
    "select e.at from place p join event e on e.n = p.n where p.room = ? and p.seq = ?",
  )
  return (room: Uuid, atMs: number): number => {
    const key = keyOf(room)
    let [low, high] = [1, (headOf.get(key)?.seq ?? 0) + 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((timeAt.get(key, middle)?.at ?? Number.POSITIVE_INFINITY) < atMs) low = middle + 1
      else high = middle
    }
    return low
  }
}

function roomsReader(db: Database, epoch: Uuid) {
  const rooms = db.prepare<Omit<RoomHead, "epoch">, [string]>(
    `select c.room, c.type, c.name, c.visibility, r.seq from membership m
     join room_card c on c.room = m.room join room r on r.id = unhex(replace(m.room, '-', ''))
     where m.account = ? order by m.room`,
  )
  return (account: Uuid): readonly RoomHead[] =>
    rooms
      .all(account)
      .map(({ room, type, name, visibility, seq }) => ({ room, type, name, visibility, epoch, seq }))
}
