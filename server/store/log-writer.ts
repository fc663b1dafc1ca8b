import type { Database } from "bun:sqlite"
import type { Uuid } from "../../protocol/ids.ts"
import type { Append, Entry, Outcome } from "../core/ports.ts"
import { besideWriter } from "./beside-writer.ts"
import { checkOf, noChain } from "./chain.ts"
import { chainOf, freshSalt, idBytes, sealOf } from "./digest.ts"
import { unfit } from "./fitness.ts"
import { snapshotSeal } from "./rows.ts"
import { Shows, showsOf } from "./shows.ts"

/** Writes appends inside a transaction that the caller begins and commits. */
interface LogWriter {
  /**
   * Optimistic: an id that is there already makes the database throw, after part of the append was written. Everything
   * else that may be wrong with an append is found before its first write.
   */
  append(append: Append): Outcome
  /** The first id that is in the room's log already, or twice in the append. */
  knownId(append: Append): Uuid | undefined
  /** The transaction was rolled back, whole or to a savepoint. */
  forget(): void
}

interface RoomRow {
  readonly key: number
  readonly seq: number
  readonly at: number
  readonly chain: Uint8Array
}

export function logWriter(db: Database, epoch: Uuid): LogWriter {
  const roomBy = db.prepare<RoomRow, [Uint8Array]>("select key, seq, at, chain from room where id = ?")
  const makeRoom = db.prepare<{ key: number }, [Uint8Array, Uint8Array]>(
    "insert into room (id, seq, at, chain) values (?, 0, 0, ?) returning key",
  )
  const idTaken = db.prepare<{ n: number }, [Uint8Array, number]>(
    "select n from event where id = ? and room = ?",
  )
  const beside = besideWriter(db)
  const writer = entriesWriter(db, epoch)
  const keep = snapshotWriter(db)

  function knownId({ room, entries }: Append): Uuid | undefined {
    const key = roomBy.get(idBytes(room))?.key ?? 0
    const fresh = new Set<Uuid>()
    for (const { id } of entries) {
      if (fresh.has(id) || idTaken.get(idBytes(id), key)) return id
      fresh.add(id)
    }
    return undefined
  }

  return {
    append(append) {
      const id = idBytes(append.room)
      const found = roomBy.get(id)
      if (append.epoch !== epoch || (found?.seq ?? 0) !== append.after) return { is: "moved" }
      const unfitness = unfit(append, found?.at ?? 0)
      if (unfitness !== undefined) throw new Error(unfitness)
      const taken = beside.takenClaim(append.claims ?? [])
      if (taken) {
        const known = knownId(append)
        return known === undefined ? { is: "taken", claim: taken } : { is: "known", id: known }
      }
      const room = found ?? { key: makeRoom.get(id, noChain)?.key ?? 0, seq: 0, at: 0, chain: noChain }
      const checks = writer.write(room, append)
      beside.write(append)
      if (append.snapshot) keep(room.key, append.snapshot)
      return { is: "appended", checks }
    },
    knownId,
    forget: writer.forget,
  }
}

/** Writes events behind the head of a room, and moves the head. */
function entriesWriter(db: Database, epoch: Uuid) {
  const lastN = db.prepare<{ n: number | null }, []>("select max(n) as n from event")
  const moveHead = db.prepare("update room set seq = ?, at = ?, chain = ? where key = ? and seq = ?")
  const insertEvent = db.prepare(
    `insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, chain)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertPlace = db.prepare(
    "insert into place (room, seq, n, by, shows, target, root, cites) values (?, ?, ?, ?, ?, ?, ?, ?)",
  )
  const erase = eraser(db)
  let n: number | undefined

  function put(room: Uuid, key: number, seq: number, before: Uint8Array, entry: Entry): Uint8Array {
    n = (n ?? lastN.get()?.n ?? 0) + 1
    const { at, kind, target = null, root = null, cites = null, body } = entry
    const [id, by, salt] = [idBytes(entry.id), idBytes(entry.by), freshSalt()]
    const link = { room, epoch, seq, id: entry.id, at, by: entry.by, kind, target: entry.target }
    const chain = chainOf(before, link, sealOf(salt, body))
    insertEvent.run(n, key, seq, id, at, by, kind, target, root, cites, body, salt, chain)
    insertPlace.run(key, seq, n, by, showsOf(entry), target, root, cites)
    return chain
  }

  return {
    write(room: RoomRow, { room: id, entries }: Append): readonly string[] {
      let { seq, chain, at } = room
      const checks: string[] = []
      for (const entry of entries) {
        seq++
        at = entry.at
        chain = put(id, room.key, seq, chain, entry)
        checks.push(checkOf(chain))
        if (entry.erases !== undefined) erase(room.key, entry.erases)
      }
      if (moveHead.run(seq, at, chain, room.key, room.seq).changes !== 1) {
        throw new Error(
          `The head of room ${id} moved during a commit; something else writes to the database.`,
        )
      }
      return checks
    },
    forget() {
      n = undefined
    },
  }
}

/** Blanks a body and its salt, and those of every edit of it: an older wording is not to outlive the message. */
function eraser(db: Database): (room: number, seq: number) => void {
  const find = db.prepare<{ n: number; salt: Uint8Array | null; body: string | null }, [number, number]>(
    "select e.n, e.salt, e.body from place p join event e on e.n = p.n where p.room = ? and p.seq = ?",
  )
  const edits = db.prepare<{ seq: number }, [number, number]>(
    `select p.seq from place p join event e on e.n = p.n
     where p.room = ? and p.target = ? and e.kind = 'message.edited' and e.body is not null`,
  )
  const blank = db.prepare("update event set body = null, salt = null, seal = ? where n = ?")
  const mark = db.prepare(
    `update place set shows = ${Shows.erased} where room = ? and seq = ? and shows = ${Shows.message}`,
  )
  const one = (room: number, seq: number) => {
    const row = find.get(room, seq)
    if (!row?.salt || row.body === null) return
    blank.run(sealOf(row.salt, row.body), row.n)
    mark.run(room, seq)
  }
  return (room, seq) => {
    one(room, seq)
    for (const edit of edits.all(room, seq)) one(room, edit.seq)
  }
}

function snapshotWriter(db: Database): (room: number, snapshot: { seq: number; head: string }) => void {
  const chainAt = db.prepare<{ chain: Uint8Array }, [number, number]>(
    "select e.chain from place p join event e on e.n = p.n where p.room = ? and p.seq = ?",
  )
  const write = db.prepare("insert or replace into snapshot (room, seq, head, seal) values (?, ?, ?, ?)")
  return (room, { seq, head }) => {
    const chain = chainAt.get(room, seq)?.chain
    if (chain) write.run(room, seq, head, snapshotSeal(chain, head))
  }
}
