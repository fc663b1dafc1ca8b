import { Database } from "bun:sqlite"
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { readFileSync, writeFileSync } from "node:fs"
import { isRefusal } from "../../protocol/refusals.ts"
import { cast, places } from "../../test/cast.ts"
import { StoreDamaged } from "../core/ports.ts"
import { put, said } from "./contract.ts"
import { databasePath } from "./database.ts"
import { openStore } from "./open.ts"
import type { Store } from "./store.ts"
import { failure } from "./testing/failure.ts"
import { folders } from "./testing/folders.ts"

const newFolder = folders()
const { lobby, garden } = places
const EVENTS = 400

/** A flip of one bit in the file, wherever the mark stands. */
function flip(path: string, mark: string): void {
  const bytes = readFileSync(path)
  const at = bytes.indexOf(mark)
  if (at < 0) throw new Error(`There is no ${mark} in ${path}.`)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

describe("a damaged database", () => {
  let folder: string
  let store: Store
  const reopen = async () => {
    store = await openStore({ kind: "sqlite", folder })
  }
  const damage = async (how: (path: string) => void) => {
    await store.close()
    how(databasePath(folder))
    await reopen()
  }
  const change = (sql: string) => (path: string) => {
    const db = new Database(path)
    db.run(sql)
    db.close(true)
  }
  beforeEach(async () => {
    folder = newFolder("damaged")
    await reopen()
    for (let seq = 0; seq < EVENTS; seq += 100) {
      await put(
        store,
        lobby.id,
        seq,
        ...Array.from({ length: 100 }, (_, index) => said(`message-${seq + index + 1}.`)),
      )
    }
    await put(store, garden.id, 0, said("unharmed"))
  })
  afterEach(() => store.close())

  test("is told where a word was changed, on every way to it, and read everywhere else", async () => {
    await damage((path) => flip(path, "essage-42."))
    const { log, pages, feed } = store
    const [event] = await log.read(lobby.id, 42, 1)
    expect(await failure(log.read(lobby.id, 0, 100))).toBeInstanceOf(StoreDamaged)
    expect((await failure(log.read(lobby.id, 41, 1))).message).toContain("verify")
    expect(await failure(pages.shown(lobby.id, { from: 1, before: 50, limit: 20 }))).toBeInstanceOf(
      StoreDamaged,
    )
    expect(await failure(feed.next("0", 100))).toBeInstanceOf(StoreDamaged)
    expect(event?.seq).toBe(43)
    expect(await log.read(lobby.id, 42, 400)).toHaveLength(EVENTS - 42)
    expect(await log.read(garden.id, 0, 1)).toHaveLength(1)
    expect(await pages.shown(lobby.id, { from: 1, limit: 20 })).toHaveLength(20)
    const found = await store.verify()
    expect(isRefusal(found) ? found : found.damages.map(({ is, seq }) => [is, seq])).toEqual([
      ["altered", 42],
    ])
  })

  test("is told where an event is missing, its neighbours too", async () => {
    await damage(change("delete from event where room = 1 and seq = 200"))
    expect(await failure(store.log.read(lobby.id, 150, 100))).toBeInstanceOf(StoreDamaged)
    expect(await failure(store.log.read(lobby.id, 200, 1))).toBeInstanceOf(StoreDamaged)
    expect(await store.log.read(lobby.id, 201, 1)).toHaveLength(1)
    expect(await failure(store.pages.shown(lobby.id, { from: 1, before: 205, limit: 10 }))).toBeInstanceOf(
      StoreDamaged,
    )
  })

  test("is told where the end is missing, not served as a shorter room", async () => {
    await damage(change("delete from place where room = 1 and seq > 390"))
    expect(await failure(store.log.read(lobby.id, 380, 100))).toBeInstanceOf(StoreDamaged)
    expect(await store.log.read(lobby.id, 380, 10)).toHaveLength(10)
  })

  test("is told where the head of a room does not fit its last event", async () => {
    await damage(change("update room set chain = randomblob(32) where key = 1"))
    expect(await failure(store.log.head(lobby.id))).toBeInstanceOf(StoreDamaged)
    expect((await store.log.head(garden.id))?.seq).toBe(1)
  })

  test("is told where another author was put in", async () => {
    await damage(
      change(`update event set by = x'${cast.eve.id.replaceAll("-", "")}' where room = 1 and seq = 7`),
    )
    expect(await failure(store.log.read(lobby.id, 6, 1))).toBeInstanceOf(StoreDamaged)
  })

  test("is told where a page cannot be read", async () => {
    await store.close()
    const db = new Database(databasePath(folder))
    const row = db
      .query<{ rootpage: number }, []>("select rootpage from sqlite_schema where name = 'event'")
      .get()
    const { page_size } = db.query<{ page_size: number }, []>("pragma page_size").get() ?? { page_size: 0 }
    db.close(true)
    const bytes = readFileSync(databasePath(folder))
    bytes.fill(0xa5, ((row?.rootpage ?? 0) - 1) * page_size, (row?.rootpage ?? 0) * page_size)
    writeFileSync(databasePath(folder), bytes)
    await reopen()
    expect(await failure(store.log.read(lobby.id, 0, 10))).toBeInstanceOf(StoreDamaged)
    const [outcome] = await store.log.append([
      { room: garden.id, epoch: store.epoch, after: 1, entries: [said("more")] },
    ])
    expect(outcome).toEqual({ is: "failed", code: "store-failed" })
    const found = await store.verify()
    if (isRefusal(found)) throw new Error(found.message)
    expect(found.damages.some(({ is }) => is === "unreadable")).toBe(true)
    expect(found.damages.some(({ is, seq, to }) => is === "missing" && seq === 1 && to === EVENTS)).toBe(true)
  })

  test("uses no snapshot that was altered", async () => {
    const snapshot = { seq: EVENTS, head: '{"members":["ada"]}' }
    await store.log.append([
      { room: lobby.id, epoch: store.epoch, after: EVENTS, entries: [said("more")], snapshot },
    ])
    expect((await store.log.head(lobby.id))?.snapshot).toEqual(snapshot)
    await damage(change(`update snapshot set head = '{"members":["eve"]}'`))
    expect((await store.log.head(lobby.id))?.snapshot).toBeUndefined()
  })
})
