import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { isRefusal } from "../../protocol/refusals.ts"
import { places } from "../../test/cast.ts"
import { freshId, put, said } from "./contract.ts"
import { databasePath } from "./database.ts"
import { restore, verify } from "./inspector.ts"
import { openStore } from "./open.ts"
import type { Store } from "./store.ts"
import { failure } from "./testing/failure.ts"
import { folders } from "./testing/folders.ts"

const newFolder = folders()
const open = (folder: string) => openStore({ kind: "sqlite", folder })
const { lobby, garden } = places

async function serving(folder: string, work: (store: Store) => Promise<void>): Promise<void> {
  const store = await open(folder)
  try {
    await work(store)
  } finally {
    await store.close()
  }
}

/** What a refusal says; fails on anything else. */
function refusal(answer: object): string {
  if (!isRefusal(answer)) throw new Error(`Expected a refusal, got ${JSON.stringify(answer)}`)
  return `${answer.code}: ${answer.message}`
}

test("a backup of a store under load is one moment of it, whole, and is served after a restore", async () => {
  const [data, copy, restored] = [newFolder("data"), newFolder("copy"), newFolder("restored")]
  const rooms = Array.from({ length: 20 }, freshId)
  let acknowledged = 0
  let epoch = ""
  await serving(data, async (store) => {
    epoch = store.epoch
    let stop = false
    const writing = rooms.map(async (room) => {
      for (let after = 0; !stop; after += 2) {
        await put(store, room, after, said("one"), said("two"))
        acknowledged += 2
      }
    })
    while (acknowledged < 2_000) await Bun.sleep(1)
    const before = acknowledged
    const report = await store.backup(copy)
    expect(report).toMatchObject({ folder: copy, rooms: 20 })
    expect("events" in report && report.events).toBeGreaterThanOrEqual(before)
    expect("events" in report && report.events).toBeLessThanOrEqual(acknowledged + 40)
    stop = true
    await Promise.all(writing)
  })
  expect(readdirSync(copy)).toEqual(["parley.db"])
  expect(await restore(copy, restored)).toMatchObject({ folder: restored, rooms: 20 })
  await serving(restored, async (store) => {
    expect(store.epoch).not.toBe(epoch)
    for (const room of rooms) {
      const head = await store.log.head(room)
      const seq = head?.seq ?? 0
      expect(seq % 2).toBe(0)
      expect(head?.epoch).toBe(store.epoch)
      await put(store, room, seq, said("after the restore"))
    }
    const found = await store.verify()
    expect(isRefusal(found) ? found : found.damages).toEqual([])
  })
})

test("a backup goes only where nothing is, and what is damaged is not backed up", async () => {
  const [data, copy] = [newFolder("data"), newFolder("copy")]
  await serving(data, async (store) => {
    await put(store, lobby.id, 0, said("hello"))
    mkdirSync(copy)
    await Bun.write(join(copy, "holiday.jpg"), "a picture")
    expect(refusal(await store.backup(copy))).toContain("not empty")
    expect(readdirSync(copy)).toEqual(["holiday.jpg"])
    const other = new Database(databasePath(data))
    other.run("update event set body = '{}'")
    other.close(true)
    const elsewhere = newFolder("elsewhere")
    expect(refusal(await store.backup(elsewhere))).toContain("store-damaged")
    expect(readdirSync(elsewhere)).toEqual([])
  })
})

test("a restore replaces a store only when told, and never one that is in use", async () => {
  const [data, copy, target] = [newFolder("data"), newFolder("copy"), newFolder("target")]
  await serving(data, async (store) => {
    await put(store, lobby.id, 0, said("from the backup"))
    await store.backup(copy)
  })
  await serving(target, async (store) => {
    await put(store, garden.id, 0, said("to be replaced"))
    expect((await failure(restore(copy, target, { replace: true }))).message).toContain("in use")
  })
  await Bun.write(join(target, "search.db"), "derived from the old log")
  expect(refusal(await restore(copy, target))).toContain("not empty")
  expect(refusal(await restore(newFolder("nothing"), target, { replace: true }))).toContain("no store")
  const fresh = newFolder("fresh")
  expect(refusal(await restore(newFolder("nothing"), fresh))).toContain("no store")
  expect(await restore(copy, fresh)).toMatchObject({ folder: fresh, events: 1 })
  await serving(target, async (store) => expect((await store.log.head(garden.id))?.seq).toBe(1))
  expect(await restore(copy, target, { replace: true })).toMatchObject({ events: 1, rooms: 1 })
  expect(existsSync(join(target, "search.db"))).toBe(false)
  await serving(target, async (store) => {
    expect(await store.log.head(garden.id)).toBeUndefined()
    expect((await store.log.read(lobby.id, 0, 1))[0]?.body).toContain("from the backup")
  })
})

test("a store that was copied by hand has an epoch of its own, one that was moved or reopened has not", async () => {
  const [data, copy] = [newFolder("data"), newFolder("copy")]
  const epochs: string[] = []
  const look = (folder: string) => serving(folder, async (store) => void epochs.push(store.epoch))
  await look(data)
  await look(data)
  mkdirSync(copy)
  copyFileSync(databasePath(data), databasePath(copy))
  await look(copy)
  await look(data)
  expect(epochs[1]).toBe(epochs[0] ?? "")
  expect(epochs[2]).not.toBe(epochs[0] ?? "")
  expect(epochs[3]).toBe(epochs[0] ?? "")
})

test("who judged in the epoch before a restore is told that the log moved", async () => {
  const [data, copy, restored] = [newFolder("data"), newFolder("copy"), newFolder("restored")]
  let before = ""
  await serving(data, async (store) => {
    before = store.epoch
    await put(store, lobby.id, 0, said("hello"))
    await store.backup(copy)
  })
  await restore(copy, restored)
  await serving(restored, async (store) => {
    const entries = [said("stale")]
    expect(await store.log.append([{ room: lobby.id, epoch: before, after: 1, entries }])).toEqual([
      { is: "moved" },
    ])
    await put(store, lobby.id, 1, said("fresh"))
  })
  const found = await verify(restored)
  expect(isRefusal(found) ? found : found.damages).toEqual([])
})
