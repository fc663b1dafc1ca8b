import type { Database } from "bun:sqlite"
import type { Migration } from "./migrations/migration.ts"

/** Brings a database to the newest schema in one transaction. Throws a sentence for people when it is newer than that. */
export function migrate(db: Database, migrations: readonly Migration[], nowMs: number): void {
  const newest = migrations.at(-1)?.number ?? 0
  db.transaction(() => {
    db.run(
      "create table if not exists migration (number integer not null primary key, name text not null, at integer not null) strict",
    )
    const at = schemaOf(db)
    if (at > newest) {
      throw new Error(
        `This data was written by a newer version of Parley (schema ${at}, this program knows ${newest}). Update the program, or restore a backup made before the update.`,
      )
    }
    const record = db.prepare("insert into migration (number, name, at) values (?, ?, ?)")
    for (const { number, name, sql } of migrations) {
      if (number <= at) continue
      db.run(sql)
      record.run(number, name, nowMs)
    }
  }).immediate()
}

/** The number of the newest migration that a database has been through, 0 for an empty one. */
export function schemaOf(db: Database): number {
  const row = db.prepare<{ number: number | null }, []>("select max(number) as number from migration").get()
  return row?.number ?? 0
}
