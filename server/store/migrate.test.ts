import { Database } from "bun:sqlite"
import { describe, expect, test } from "bun:test"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { isRefusal } from "../../protocol/refusals.ts"
import { cast, places } from "../../test/cast.ts"
import { put, said } from "./contract.ts"
import { databasePath } from "./database.ts"
import { backup } from "./inspector.ts"
import { migrate, schemaOf } from "./migrate.ts"
import { migrations } from "./migrations/list.ts"
import { openStore } from "./open.ts"
import { failure } from "./testing/failure.ts"
import { folders } from "./testing/folders.ts"

const newFolder = folders()
const { ada, bob } = cast
const { lobby, garden } = places

/** A data folder as an earlier version left it. */
function left(name: string, sql: string): string {
  const folder = newFolder(name)
  mkdirSync(folder)
  const db = new Database(databasePath(folder))
  db.run(sql)
  db.close(true)
  return folder
}

const first = readFileSync(join(import.meta.dir, "testing/schema-1.sql"), "utf8")

describe("a database of the first schema", () => {
  test("is served by this version with everything that is in it", async () => {
    const store = await openStore({ kind: "sqlite", folder: left("first", first) })
    const { log, pages, records } = store
    const events = await log.read(lobby.id, 0, 10)
    expect(events.map(({ seq, kind, by, body }) => [seq, kind, by === bob.id, body])).toEqual([
      [1, "room.created", false, expect.stringContaining(ada.id)],
      [2, "message.posted", false, '{"text":"Grüße 👋"}'],
      [3, "message.posted", true, '{"text":"a reply","replyTo":2}'],
      [4, "message.posted", false, null],
      [5, "message.deleted", false, "{}"],
      [6, "message.posted", false, '{"text":"the last"}'],
    ])
    expect((await log.head(lobby.id))?.snapshot).toEqual({ seq: 5, head: '{"head":"{}","posts":[]}' })
    expect(await pages.unread(lobby.id, bob.id, 0, 100)).toBe(2)
    expect(await pages.mentioned(lobby.id, ada.id, 0, 100)).toBe(1)
    expect((await pages.roomsOf(ada.id)).map(({ name, seq }) => [name, seq])).toEqual([["lobby", 6]])
    const { db } = records
    expect((await db.selectFrom("account").select("display").execute())[0]?.display).toBe("Ada Almeida")
    expect((await db.selectFrom("setting").selectAll().execute())[0]?.value).toBe("The house of Ada")
    await put(store, garden.id, 1, said("after the upgrade", { at: Date.now() }))
    const found = await store.verify()
    expect(isRefusal(found) ? found : found.damages).toEqual([])
    await store.close()
  })

  test("has the same tables as a new one after the upgrade", async () => {
    const upgraded = new Database(":memory:")
    upgraded.run(first)
    migrate(upgraded, migrations, 0)
    const fresh = new Database(":memory:")
    migrate(fresh, migrations, 0)
    const shapes = (db: Database) => db.query("select name, sql from sqlite_schema order by name").all()
    expect(shapes(upgraded)).toEqual(shapes(fresh))
  })
})

describe("migrations", () => {
  test("are numbered without a hole, run once each, and are remembered", () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1))
    const db = new Database(":memory:")
    migrate(db, migrations, 5)
    migrate(db, migrations, 6)
    expect(db.query("select number, at from migration").all()).toEqual(
      migrations.map(({ number }) => ({ number, at: 5 })),
    )
  })

  test("happen all or none", () => {
    const db = new Database(":memory:")
    const later = [
      ...migrations,
      { number: migrations.length + 1, name: "good", sql: "create table good (a integer) strict" },
      {
        number: migrations.length + 2,
        name: "bad",
        sql: "create table worse (a integer) strict; insert into nowhere values (1)",
      },
    ]
    migrate(db, migrations, 0)
    expect(() => migrate(db, later, 0)).toThrow("nowhere")
    expect(schemaOf(db)).toBe(migrations.length)
    expect(db.query("select name from sqlite_schema where name in ('good', 'worse')").all()).toEqual([])
    migrate(db, later.slice(0, -1), 0)
    expect(schemaOf(db)).toBe(migrations.length + 1)
  })

  test("leave a database of a newer version alone, and say so in a sentence", async () => {
    const newer = `${first}\ninsert into migration (number, name, at) values (999, 'later', 0);`
    const folder = left("newer", newer)
    const refused = await failure(openStore({ kind: "sqlite", folder }))
    expect(refused.message).toContain("newer version of Parley")
    expect(refused.message).toContain("schema 999")
    const copied = await backup(folder, newFolder("copy"))
    expect(isRefusal(copied) && copied.message).toContain("newer version of Parley")
    const db = new Database(databasePath(folder), { readonly: true })
    expect(schemaOf(db)).toBe(999)
    db.close(true)
  })

  test("leave what is no database of ours alone", async () => {
    const folder = newFolder("letter")
    mkdirSync(folder)
    await Bun.write(databasePath(folder), "This is a letter to Cleo. ".repeat(400))
    expect((await failure(openStore({ kind: "sqlite", folder }))).message).toContain("not a database")
    expect(await Bun.file(databasePath(folder)).text()).toStartWith("This is a letter to Cleo.")
  })
})
