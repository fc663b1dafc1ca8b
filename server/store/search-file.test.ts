import { Database } from "bun:sqlite"
import { describe, expect, test } from "bun:test"
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import type { Entry, SearchIndex } from "../core/ports.ts"
import { freshId, put, said } from "./contract.ts"
import { openStore } from "./open.ts"
import { openSearch } from "./search.ts"
import { caughtUp, seqs, terms } from "./search-contract.ts"
import type { Store } from "./store.ts"
import { folders } from "./testing/folders.ts"

const folderOf = folders()
const fileOf = (folder: string) => join(folder, "search.db")

const erase = (target: number) => said("", { kind: "message.deleted", target, erases: target, body: "{}" })
const edit = (target: number, text: string) => said(text, { kind: "message.edited", target })

interface House {
  readonly folder: string
  readonly room: Uuid
  readonly store: Store
}

/** A store with one room in which these were said, and no search open. */
async function houseOf(...entries: Entry[]): Promise<House> {
  const folder = folderOf("search")
  const [room, store] = [freshId(), await openStore({ kind: "sqlite", folder })]
  for (let index = 0; index < entries.length; index += 400)
    await put(store, room, index, ...entries.slice(index, index + 400))
  return { folder, room, store }
}

/** What a search tells the operator is kept beside it. */
async function searchOf({ folder }: Pick<House, "folder">): Promise<SearchIndex & { told: string[] }> {
  const told: string[] = []
  const search = await openSearch({ kind: "sqlite", folder, broke: (error) => told.push(String(error)) })
  return { ...search, told }
}

describe("what was deleted is gone from the files", () => {
  /** Beginnings differ, so that no word's end is kept only as what it shares with its neighbour. */
  const secret = (index: number) => `${(index + 7) * 7919}zanzibar${index}`
  const bytesHold = (folder: string, text: string) =>
    ["", "-wal"].some((suffix) => {
      const path = fileOf(folder) + suffix
      return existsSync(path) && readFileSync(path).includes(text)
    })

  test.each([
    ["one deleted", 1, erase],
    ["one edited", 1, (seq: number) => edit(seq, "nothing to see")],
    ["hundreds deleted", 300, erase],
    ["hundreds edited", 300, (seq: number) => edit(seq, "nothing to see")],
  ])("%s, while the server runs", async (_, count, change) => {
    const others = Array.from({ length: 2_000 }, (_, index) =>
      said(`what people say ${index} of ${index % 97}`),
    )
    const secrets = Array.from({ length: count }, (_, index) => said(`psst ${secret(index)} bazaar`))
    const { folder, room, store } = await houseOf(...others, ...secrets)
    const search = await searchOf({ folder })
    await caughtUp(search)
    expect(bytesHold(folder, secret(0))).toBe(true)
    const changes = secrets.map((_, index) => change(others.length + index + 1))
    await put(store, room, others.length + count, ...changes)
    await caughtUp(search)
    expect(await seqs(search, room, { terms: terms("psst") })).toEqual([])
    for (let index = 0; index < count; index += 37)
      while (bytesHold(folder, secret(index).slice(3))) await search.lag()
    expect(bytesHold(folder, "people")).toBe(true)
    expect(await seqs(search, room, { terms: terms("people"), limit: 3 })).toEqual([2000, 1999, 1998])
    await search.close()
    await store.close()
    expect(isWhole(folder)).toBe(true)
  })
})

/** FTS5's own check of its index against what it was made from. */
function isWhole(folder: string): boolean {
  const db = new Database(fileOf(folder))
  try {
    db.run("insert into message (message, rank) values ('integrity-check', 1)")
    return db.query<{ quick_check: string }, []>("pragma quick_check").get()?.quick_check === "ok"
  } finally {
    db.close()
  }
}

describe("the index is made again by itself", () => {
  const words = Array.from({ length: 3_000 }, (_, index) => said(`grub word${index % 50} number${index}`))
  const newest = [3000, 2999, 2998]
  const query = { terms: terms("grub"), limit: 3 }
  /** Shows whether an index was made again or went on. */
  const forget = "delete from message where seq = 1235"

  /** Whatever was done to the file of an index that was closed in order, the next one answers in full. */
  async function mends(house: House, harm: (path: string) => void): Promise<void> {
    const before = await searchOf(house)
    await caughtUp(before)
    await before.close()
    harm(fileOf(house.folder))
    const after = await searchOf(house)
    for (const word of ["word7", "number1234", "grub"]) {
      const asked = { terms: terms(word), rooms: [{ room: house.room, from: 1 }], limit: 500 }
      const expected = { word7: 60, number1234: 1, grub: 500 }[word] ?? 0
      for (;;) {
        await caughtUp(after)
        const answer = await after.search(asked)
        if (isRefusal(answer)) expect(answer.code).toBe("busy")
        else if (answer.hits.length === expected) break
      }
    }
    await after.close()
    expect(isWhole(house.folder)).toBe(true)
  }

  test.each<[string, (path: string) => void]>([
    ["is missing", (path) => rmSync(path)],
    ["is empty", (path) => writeFileSync(path, "")],
    ["is something else", (path) => writeFileSync(path, "a letter to Ada\n".repeat(10_000))],
    ["was cut off", (path) => truncateSync(path, 100_000)],
    ["has a damaged beginning", (path) => overwrite(path, 0, 4_096)],
    ["has damaged pages", (path) => overwrite(path, 3 * 4_096, 200 * 4_096)],
    ["is of another version", (path) => change(path, forget, "pragma user_version = 999")],
    ["is of another store", (path) => change(path, forget, `update state set store = '${freshId()}'`)],
    ["is ahead of the log", (path) => change(path, forget, "update state set n = 5000")],
    [
      "was read from another log",
      (path) => change(path, forget, `update state set id = '${"AB".repeat(16)}'`),
    ],
  ])(
    "when the file %s",
    async (_, harm) => {
      const house = await houseOf(...words)
      await mends(house, harm)
      await house.store.close()
    },
    20_000,
  )

  test("when it could not be made at first", async () => {
    const house = await houseOf(...words)
    mkdirSync(fileOf(house.folder))
    const search = await searchOf(house)
    const refused = await search.search({ ...query, rooms: [{ room: house.room, from: 1 }] })
    expect(isRefusal(refused) && refused.code).toBe("busy")
    expect((await search.lag()).events).toBe(words.length)
    expect(search.told.length).toBeGreaterThan(0)
    rmdirSync(fileOf(house.folder))
    await caughtUp(search)
    expect(await seqs(search, house.room, query)).toEqual(newest)
    await search.close()
    await house.store.close()
  })

  test("but a restart goes on where the last one ended", async () => {
    const house = await houseOf(...words)
    const before = await searchOf(house)
    await caughtUp(before)
    await before.close()
    change(fileOf(house.folder), forget)
    await put(house.store, house.room, 3000, said("grub at last"))
    const after = await searchOf(house)
    await caughtUp(after)
    expect(await seqs(after, house.room, query)).toEqual([3001, 3000, 2999])
    expect(after.told).toEqual([])
    await after.close()
    await house.store.close()
  })

  test("in a copied folder, whose log goes on differently", async () => {
    const house = await houseOf(...words)
    const original = await searchOf(house)
    await caughtUp(original)
    await put(house.store, house.room, 3000, said("grub only in the original"))
    await caughtUp(original)
    await original.close()
    await house.store.close()
    const folder = folderOf("copy")
    cpSync(house.folder, folder, { recursive: true })
    const store = await openStore({ kind: "sqlite", folder })
    await put(store, house.room, 3001, said("lilo"))
    const copy = await searchOf({ folder })
    await caughtUp(copy)
    expect(await seqs(copy, house.room, { terms: terms("lilo") })).toEqual([3002])
    expect(await seqs(copy, house.room, query)).toEqual([3001, ...newest.slice(0, 2)])
    await copy.close()
    await store.close()
  })

  function change(path: string, ...statements: string[]): void {
    const db = new Database(path)
    for (const sql of statements) db.run(sql)
    db.close()
  }

  function overwrite(path: string, from: number, to: number): void {
    const bytes = readFileSync(path)
    for (let at = from; at < Math.min(to, bytes.length); at++) bytes[at] = (at * 7919) % 251
    writeFileSync(path, bytes)
  }
})

test("killed at any moment, the index never skips or doubles a message", async () => {
  const entries = Array.from({ length: 24_000 }, (_, index) => {
    if (index % 50 === 49) return edit(index - 20, `grub changed number${index - 20}`)
    return index % 50 === 48 ? erase(index - 30) : said(`grub said number${index + 1}`)
  })
  const { folder, room, store } = await houseOf(...entries)
  let left = entries.length
  for (let kills = 0; kills < 6 && left > 0; kills++)
    for await (const behind of followed(folder)) {
      // Killed as soon as it has come further, in the middle of the next batch.
      if (behind === left) continue
      left = behind
      break
    }
  expect(left).toBeLessThan(entries.length)
  const search = await searchOf({ folder })
  await caughtUp(search)
  const gone = new Set(entries.flatMap((entry) => entry.erases ?? []))
  const kept = entries.flatMap((entry, index) =>
    entry.kind === "message.posted" && !gone.has(index + 1) ? [index + 1] : [],
  )
  expect((await allSeqs(search, room)).toReversed()).toEqual(kept)
  expect(search.told).toEqual([])
  await search.close()
  await store.close()
  expect(isWhole(folder)).toBe(true)
}, 30_000)

/** How many events a search in another process is behind, look by look; it is killed when nobody listens any more. */
async function* followed(folder: string): AsyncGenerator<number> {
  const script = fileURLToPath(new URL("./testing/search-child.ts", import.meta.url))
  const child = Bun.spawn([process.execPath, script, folder], { stdout: "pipe", stderr: "inherit" })
  const decoder = new TextDecoder()
  try {
    for await (const chunk of child.stdout)
      for (const line of decoder.decode(chunk).trim().split("\n")) yield Number(line)
  } finally {
    child.kill("SIGKILL")
    await child.exited
  }
}

async function allSeqs(search: SearchIndex, room: Uuid): Promise<number[]> {
  const found: number[] = []
  let next: string | undefined
  do {
    const query = { terms: terms("grub"), rooms: [{ room, from: 1 }], limit: 500, ...(next && { next }) }
    const answer = await search.search(query)
    if (isRefusal(answer)) throw new Error(answer.message)
    found.push(...answer.hits.map((hit) => hit.seq))
    next = answer.next
  } while (next !== undefined)
  return found
}
