import { Database } from "bun:sqlite"
import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { places } from "../../test/cast.ts"
import { put, said } from "./contract.ts"
import { databasePath } from "./database.ts"
import { keep } from "./keeper.ts"
import { openStore } from "./open.ts"
import type { Store } from "./store.ts"
import { folders } from "./testing/folders.ts"

const newFolder = folders()
const { lobby } = places

/** Bodies of all sizes, from one that fits a cell to one of several pages. */
const secret = (seq: number) => `secret-${seq}-${"abcdefghij".repeat((seq * 37) % 900)}`
const SECRETS = 200

/** Each of the secrets, and an edit of every third. */
async function say(store: Store): Promise<number> {
  let head = 0
  for (let seq = 1; seq <= SECRETS; seq++) await put(store, lobby.id, head++, said(secret(seq)))
  for (let seq = 3; seq <= SECRETS; seq += 3) {
    await put(store, lobby.id, head++, said(`edited-${secret(seq)}`, { kind: "message.edited", target: seq }))
  }
  return head
}

const isErased = (seq: number) => seq % 2 === 0

async function erase(store: Store, head: number): Promise<void> {
  let after = head
  for (let seq = 2; seq <= SECRETS; seq += 2) {
    await put(
      store,
      lobby.id,
      after++,
      said("", { kind: "message.deleted", target: seq, body: "{}", erases: seq }),
    )
  }
}

/** The secrets, and the salts, that can be read in any file of the folder. */
function leaks(folder: string, salts: ReadonlyMap<number, Uint8Array>): number[] {
  const files = readdirSync(folder)
    .filter((name) => name.startsWith("parley.db"))
    .map((name) => readFileSync(join(folder, name)))
  const found = (bytes: Uint8Array | string) => files.some((file) => file.includes(bytes))
  return [...salts].flatMap(([seq, salt]) => (found(`secret-${seq}-`) || found(salt) ? [seq] : []))
}

function saltsOf(folder: string): ReadonlyMap<number, Uint8Array> {
  const db = new Database(databasePath(folder), { readonly: true })
  const rows = db
    .query<{ seq: number; salt: Uint8Array }, [number]>(
      "select seq, salt from event where room = 1 and seq <= ?",
    )
    .all(SECRETS)
  db.close(true)
  return new Map(rows.map(({ seq, salt }) => [seq, salt]))
}

describe("what is erased", () => {
  test("is in no file of the folder once the store is closed, and the rest is", async () => {
    const folder = newFolder("erased")
    const store = await openStore({ kind: "sqlite", folder })
    const head = await say(store)
    const salts = saltsOf(folder)
    expect(leaks(folder, salts)).toHaveLength(SECRETS)
    await erase(store, head)
    await store.close()
    expect(leaks(folder, salts)).toEqual([...salts.keys()].filter((seq) => !isErased(seq)))
  })

  test("is in no file either when the process ended before its time and another takes over", async () => {
    const [folder, copy] = [newFolder("running"), newFolder("after-a-crash")]
    const store = await openStore({ kind: "sqlite", folder })
    const head = await say(store)
    const salts = saltsOf(folder)
    await erase(store, head)
    // As the files are now, so a crash would leave them.
    Bun.spawnSync(["cp", "-r", folder, copy])
    await store.close()
    expect(leaks(copy, salts)).toHaveLength(SECRETS)
    const next = await openStore({ kind: "sqlite", folder: copy })
    expect(leaks(copy, salts)).toEqual([...salts.keys()].filter((seq) => !isErased(seq)))
    expect((await next.log.read(lobby.id, 0, 4)).map((event) => event.body === null)).toEqual([
      false,
      true,
      false,
      true,
    ])
    await next.close()
  })
})

describe("SQLite's log file", () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  /** A keeper whose writer empties the log file at once, or only when told so often. */
  function kept(busyTimes: number) {
    const orders: string[] = []
    let busy = busyTimes
    const answered: Promise<unknown>[] = []
    const answer = <Value>(value: unknown): Promise<Value> => {
      const promise = Promise.resolve(value as Value)
      answered.push(promise)
      return promise
    }
    const keeper = keep(
      (order) => answer({ pagesInFile: 0, isEmpty: false, order }),
      (order) => {
        orders.push(order.order === "checkpoint" ? order.mode : order.order)
        return answer({ pagesInFile: 0, isEmpty: busy-- <= 0 })
      },
      (sentence) => orders.push(sentence),
    )
    const settle = async () => {
      for (let turn = 0; turn < 10; turn++) await Promise.all(answered)
    }
    return { keeper, orders, settle }
  }

  test("is emptied within a minute of an erasure, once for many", async () => {
    const { keeper, orders, settle } = kept(0)
    keeper.erased()
    jest.advanceTimersByTime(5_000)
    keeper.erased()
    await settle()
    expect(orders).toEqual([])
    jest.advanceTimersByTime(55_000)
    await settle()
    expect(orders).toEqual(["truncate"])
    jest.advanceTimersByTime(600_000)
    await settle()
    expect(orders).toEqual(["truncate"])
  })

  test("is emptied as soon as nobody reads from it any more", async () => {
    const { keeper, orders, settle } = kept(2)
    keeper.erased()
    for (let seconds = 0; seconds < 60; seconds += 5) {
      jest.advanceTimersByTime(5_000)
      await settle()
    }
    expect(orders).toEqual(["truncate", "truncate", "truncate"])
  })

  test("is left alone when nothing was erased, and after the end", async () => {
    const { keeper, orders, settle } = kept(0)
    keeper.erased()
    keeper.stop()
    jest.advanceTimersByTime(600_000)
    await settle()
    expect(orders).toEqual([])
  })
})
