import { Database } from "bun:sqlite"
import { type Uuid, uuidText } from "../../protocol/ids.ts"
import { messageOf } from "./faults.ts"
import { migrate, schemaOf } from "./migrate.ts"
import { migrations } from "./migrations/list.ts"
import { sameBytes, snapshotSeal } from "./rows.ts"
import type { DamageList } from "./verification.ts"

/** Whether what stands around the log says the same as the log: schema, indexes, ids, cards, counts and snapshots. */
export function inspectIndexes(db: Database, damages: DamageList): void {
  const inspections = [inspectSchema, inspectPages, inspectIds, inspectCards, inspectCounts, inspectSnapshots]
  for (const inspect of inspections) {
    try {
      inspect(db, damages)
    } catch (error) {
      damages.add({ is: "unreadable", message: `The database cannot be read: ${messageOf(error)}.` })
    }
  }
}

interface Shape {
  readonly name: string
  readonly sql: string | null
}

function inspectSchema(db: Database, damages: DamageList): void {
  const fresh = new Database(":memory:")
  try {
    migrate(fresh, migrations.slice(0, schemaOf(db)), 0)
    const [is, wanted] = [shapesOf(db), shapesOf(fresh)]
    for (const [name, sql] of wanted) {
      if (is.get(name) === sql) continue
      damages.add({ is: "schema", message: `The table or index ${name} is missing or was changed.` })
    }
    for (const name of is.keys()) {
      if (!wanted.has(name))
        damages.add({ is: "schema", message: `There is something unknown in the database: ${name}.` })
    }
  } finally {
    fresh.close(true)
  }
}

function shapesOf(db: Database): ReadonlyMap<string, string | null> {
  const shapes = db
    .prepare<Shape, []>(
      "select name, sql from sqlite_schema where name not like 'sqlite_stat%' order by name",
    )
    .all()
  return new Map(shapes.map(({ name, sql }) => [name, sql]))
}

/** SQLite's own check: pages whole, rows well-formed, every index holding just what its table holds, unique values once. */
function inspectPages(db: Database, damages: DamageList): void {
  for (const row of db.prepare<{ integrity_check: string }, []>("pragma integrity_check(100)").all()) {
    if (row.integrity_check === "ok") continue
    damages.add({ is: "index", message: `The database is not whole: ${row.integrity_check}.` })
  }
}

function inspectIds(db: Database, damages: DamageList): void {
  const doubled = db
    .prepare<{ id: Uint8Array; room: number; key: Uint8Array | null }, []>(
      `select d.id, d.room, r.id as key from (select id, room from event group by id, room having count(*) > 1) d
       left join room r on r.key = d.room`,
    )
    .all()
  const seqs = db.prepare<{ seq: number }, [Uint8Array, number]>(
    "select seq from event where id = ? and room = ? order by seq limit -1 offset 1",
  )
  for (const { id, room, key } of doubled) {
    for (const { seq } of seqs.all(id, room)) {
      damages.add({
        is: "doubled",
        seq,
        ...(key && { room: uuidText(key) }),
        message: `The id ${uuidText(id)} is there a second time, at ${seq}.`,
      })
    }
  }
}

/** Cards of events that are not there; that every event has the right one is seen while the log passes. */
function inspectCards(db: Database, damages: DamageList): void {
  const [events, cards] = db.transaction(() =>
    ["event", "place"].map(
      (table) =>
        db.prepare<{ count: number }, []>(`select count(*) as count from ${table}`).get()?.count ?? 0,
    ),
  )()
  if (events !== cards)
    damages.add({ is: "index", message: `There are ${events} events and ${cards} index cards.` })
}

function inspectCounts(db: Database, damages: DamageList): void {
  const wrong = db
    .prepare<{ room: Uuid; name: string; members: number; count: number }, []>(
      `select c.room, c.name, c.members, (select count(*) from membership m where m.room = c.room) as count
       from room_card c where members <> count`,
    )
    .all()
  for (const { room, name, members, count } of wrong) {
    const message = `${name === "" ? `Room ${room}` : `#${name}`} is said to have ${members} members and has ${count}.`
    damages.add({ is: "index", room, ...(name !== "" && { name }), message })
  }
}

function inspectSnapshots(db: Database, damages: DamageList): void {
  const kept = db.prepare<
    { id: Uint8Array; seq: number; head: string; seal: Uint8Array; chain: Uint8Array | null },
    []
  >(
    `select r.id, s.seq, s.head, s.seal, e.chain from snapshot s join room r on r.key = s.room
     left join place p on p.room = s.room and p.seq = s.seq left join event e on e.n = p.n`,
  )
  for (const { id, seq, head, seal, chain } of kept.iterate()) {
    if (chain && sameBytes(snapshotSeal(chain, head), seal)) continue
    const room = uuidText(id)
    damages.add({ is: "index", room, seq, message: `The snapshot of room ${room} at ${seq} was altered.` })
  }
}
