import { Database } from "bun:sqlite"
import { beforeEach, describe, expect, test } from "bun:test"
import { mkdirSync } from "node:fs"
import { places } from "../../test/cast.ts"
import type { Append } from "../core/ports.ts"
import { said } from "./contract.ts"
import { databasePath, openForWriting } from "./database.ts"
import { ensureEpoch, readEpochs } from "./epochs.ts"
import { type GroupWriter, groupWriter } from "./group-writer.ts"
import { migrate } from "./migrate.ts"
import { migrations } from "./migrations/list.ts"
import { folders } from "./testing/folders.ts"

const newFolder = folders()
const { lobby, garden } = places

describe("a writer", () => {
  let path: string
  let db: Database
  let epoch: string
  let writer: GroupWriter
  let told: string[]
  const tell = (sentence: string) => told.push(sentence)
  beforeEach(() => {
    const folder = newFolder("written")
    mkdirSync(folder)
    path = databasePath(folder)
    db = openForWriting(path)
    migrate(db, migrations, 0)
    ensureEpoch(db, 0)
    epoch = readEpochs(db)[0]?.id ?? ""
    told = []
    writer = groupWriter(db, epoch, { hasRoom: () => true, release: () => false }, tell)
  })

  const appendTo = (room: string, after: number, ...entries: Append["entries"]): Append => ({
    room,
    epoch,
    after,
    entries,
  })
  const setting = (key: string) => [
    { sql: "insert into setting (key, value) values (?, 'x')", parameters: [key] },
  ]
  const rows = (sql: string) => db.query(sql).values().flat()

  test("calls an outcome unknown that it cannot prove, and says so of no other", () => {
    const first = appendTo(lobby.id, 0, said("one"))
    const other = new Database(path)
    other.run("begin immediate")
    db.run("pragma busy_timeout = 0")
    const stuck = writer.commit({ appends: [first], writes: [setting("a")] })
    expect(stuck.outcomes).toEqual([{ is: "unknown" }])
    expect(stuck.writes).toMatchObject([{ is: "refused", code: "store-failed" }])
    expect(told).toEqual(["The store could not write: database is locked"])
    other.run("rollback")
    other.close(true)
    expect(writer.commit({ appends: [first], writes: [setting("a")] })).toMatchObject({
      outcomes: [{ is: "appended" }],
      writes: [{ is: "written" }],
    })
    expect(rows("select seq from event")).toEqual([1])
    expect(rows("select n from place")).toEqual([1])
  })

  test("commits what it can of a group, in order, whoever is at fault in it", () => {
    const known = said("known")
    writer.commit({ appends: [appendTo(lobby.id, 0, known)], writes: [setting("taken")] })
    const { outcomes, writes } = writer.commit({
      appends: [
        appendTo(lobby.id, 1, said("two")),
        appendTo(garden.id, 0, said("first"), said("backwards", { at: 1 })),
        appendTo(lobby.id, 2, said("three"), known),
        appendTo(lobby.id, 2, said("three")),
        appendTo(garden.id, 0, said("größer", { kind: "größer" })),
        appendTo(garden.id, 0, said("first")),
      ],
      writes: [setting("new"), [...setting("half"), ...setting("taken")], setting("last")],
    })
    expect(outcomes.map(({ is }) => is)).toEqual([
      "appended",
      "failed",
      "known",
      "appended",
      "failed",
      "appended",
    ])
    expect(writes.map(({ is }) => is)).toEqual(["written", "refused", "written"])
    expect(told).toEqual([
      expect.stringContaining("Time runs backwards"),
      expect.stringContaining("no kind of event größer"),
    ])
    expect(rows("select key from setting order by key")).toEqual(["last", "new", "taken"])
    expect(rows("select n from event order by n")).toEqual(rows("select n from place order by n"))
    expect(rows("select count(*) from event")).toEqual([4])
  })

  test("refuses plain messages while the disk is kept for cleaning up, not what erases", () => {
    const full = groupWriter(db, epoch, { hasRoom: () => false, release: () => false }, tell)
    writer.commit({ appends: [appendTo(lobby.id, 0, said("secret"))], writes: [] })
    const deletion = said("", { kind: "message.deleted", target: 1, body: "{}", erases: 1 })
    const { outcomes, writes } = full.commit({
      appends: [
        appendTo(garden.id, 0, said("new")),
        appendTo(lobby.id, 1, deletion),
        appendTo(garden.id, 0, said("new")),
      ],
      writes: [setting("name")],
    })
    const storeFull = { is: "failed", code: "store-full" } as const
    expect(outcomes).toEqual([storeFull, { is: "appended", checks: expect.anything() }, storeFull])
    expect(writes).toMatchObject([{ is: "written" }])
    expect(full.commit({ appends: [appendTo(garden.id, 0, said("new"))], writes: [] }).outcomes).toEqual([
      storeFull,
    ])
  })
})
