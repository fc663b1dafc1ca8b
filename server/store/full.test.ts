import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isRefusal } from "../../protocol/refusals.ts"
import { places } from "../../test/cast.ts"
import { type Outcome, StoreRefused } from "../core/ports.ts"
import { append, freshId, put, said } from "./contract.ts"
import { openStore } from "./open.ts"
import type { Store } from "./store.ts"

setDefaultTimeout(30_000)

const MiB = 1024 * 1024
const disk = mkdtempSync(join(tmpdir(), "parley-disk-"))
const folder = join(disk, "data")
const holiday = join(disk, "holiday.mov")
const { lobby, garden } = places

/** A disk of 64 MiB of our own, if this user may mount one. */
function mounted(): boolean {
  const { exitCode } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk])
  if (exitCode !== 0) console.warn("The tests of a full disk are skipped: this user may not mount one.")
  return exitCode === 0
}

function fillDisk(name: string): void {
  for (let count = 0; statfsSync(disk).bavail > 0; count++) {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(join(disk, `${name} ${count}`), new Uint8Array(Math.min(MiB, bavail * bsize)))
  }
}

const mayMount = mounted()
afterAll(() => {
  if (mayMount) Bun.spawnSync(["umount", "-l", disk])
  rmSync(disk, { recursive: true, force: true })
})

describe.skipIf(!mayMount)("a store on a full disk", () => {
  let store: Store
  let head = 0
  const long = (text = "x") => said(text.repeat(200_000))
  const open = async () => {
    store = await openStore({ kind: "sqlite", folder })
  }
  beforeAll(async () => {
    writeFileSync(holiday, new Uint8Array(24 * MiB))
    await open()
    await put(store, lobby.id, 0, said("first"), said("to be deleted"), long())
    head = 3
  })
  afterAll(() => store.close())

  const isBallastThere = () => existsSync(join(folder, "ballast"))

  test("holds ballast against that day", () => {
    expect(isBallastThere()).toBe(true)
  })

  test("refuses what is new, has nothing of it, and goes on reading", async () => {
    let refused: Outcome | undefined
    let lost = said("")
    for (let tries = 0; refused === undefined && tries < 5_000; tries++) {
      const entries = [said("small"), long()]
      const outcome = await append(store, { room: lobby.id, after: head, entries })
      if (outcome.is === "appended") head += 2
      else {
        refused = outcome
        lost = entries[0] ?? lost
      }
    }
    expect(refused).toEqual({ is: "failed", code: "store-full" })
    expect(await store.log.find(lobby.id, lost.id)).toBeUndefined()
    expect((await store.log.head(lobby.id))?.seq).toBe(head)
    expect((await store.log.read(lobby.id, 0, 2)).map((event) => event.seq)).toEqual([1, 2])
  })

  const deletion = () => said("", { kind: "message.deleted", target: 2, body: "{}", erases: 2 })

  test("still takes deletions and the tables beside the log", async () => {
    let [plain, cleaning]: readonly (Outcome | undefined)[] = []
    // SQLite's log file may be emptied meanwhile, which makes room for others first.
    for (let round = 0; plain?.is !== "failed" && round < 50; round++) {
      while ((await append(store, { room: lobby.id, after: head, entries: [long()] })).is === "appended")
        head++
      ;[plain, cleaning] = await store.log.append([
        { room: freshId(), epoch: store.epoch, after: 0, entries: [said("new")] },
        { room: lobby.id, epoch: store.epoch, after: head, entries: [deletion()] },
      ])
      expect(cleaning?.is).toBe("appended")
      head++
    }
    expect(plain).toEqual({ is: "failed", code: "store-full" })
    expect((await store.log.read(lobby.id, 1, 1))[0]?.body).toBeNull()
    await store.records.db.insertInto("setting").values({ key: "name", value: "a full house" }).execute()
    expect(isBallastThere()).toBe(true)
  })

  test("lets its ballast go for them when others have filled the disk", async () => {
    fillDisk("filler")
    for (let tries = 0; isBallastThere() && tries < 1_000; tries++) {
      const entries = [deletion(), long()]
      expect(await append(store, { room: lobby.id, after: head, entries })).toMatchObject({ is: "appended" })
      head += 2
    }
    expect(isBallastThere()).toBe(false)
  })

  test("opens, reads and cleans up after a restart", async () => {
    await store.close()
    await open()
    expect((await store.log.head(lobby.id))?.seq).toBe(head)
    const found = await store.verify()
    expect(isRefusal(found) ? found : found.damages).toEqual([])
    expect((await append(store, { room: lobby.id, after: head, entries: [deletion()] })).is).toBe("appended")
    head++
  })

  test("takes everything again once there is room, and its ballast back", async () => {
    rmSync(holiday)
    await put(store, garden.id, 0, said("there is room again"))
    await put(store, lobby.id, head, long())
    expect(isBallastThere()).toBe(true)
    const found = await store.verify()
    expect(isRefusal(found) ? found : found.damages).toEqual([])
  })

  test("tells who writes to the tables when there is no room at all", async () => {
    fillDisk("more")
    const { db } = store.records
    const value = "x".repeat(500_000)
    let refused: unknown
    for (let tries = 0; refused === undefined && tries < 2_000; tries++) {
      refused = await db
        .insertInto("setting")
        .values({ key: `key ${tries}`, value })
        .execute()
        .then(
          () => undefined,
          (error: unknown) => error,
        )
    }
    expect(refused).toBeInstanceOf(StoreRefused)
    expect(refused instanceof StoreRefused && refused.code).toBe("store-full")
  })
})
