import { Database } from "bun:sqlite"
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { isRefusal } from "../../protocol/refusals.ts"
import { cast, places } from "../../test/cast.ts"
import { append, put, said } from "./contract.ts"
import { databasePath } from "./database.ts"
import { verify } from "./inspector.ts"
import { openStore } from "./open.ts"
import type { Store } from "./store.ts"
import { folders } from "./testing/folders.ts"
import type { Damage, Verification } from "./verification.ts"

const { lobby, garden } = places
const { ada, bob } = cast
const newFolder = folders()
const original = newFolder("original")

/** What a person reads of a damage. */
const told = ({ is, name, seq, to }: Damage) =>
  [is, name, seq, to].filter((one) => one !== undefined).join(" ")

async function verified(folder: string, ...known: Parameters<typeof verify>[1][]): Promise<Verification> {
  const found = await verify(folder, ...known)
  if (isRefusal(found)) throw new Error(found.message)
  return found
}

/** Twelve events in #lobby, four in #garden: replies, an edit, a deletion, a thread and a snapshot among them. */
async function fill(store: Store): Promise<void> {
  const card = (name: string) =>
    ({ type: "room", name, topic: "", visibility: "public", archived: false, members: 1 }) as const
  const members = [{ account: ada.id, role: "owner", joined: 1, from: 1 }] as const
  await append(store, {
    room: lobby.id,
    after: 0,
    entries: [said("1", { kind: "room.created" })],
    card: card("lobby"),
    members,
  })
  const reply = { body: JSON.stringify({ text: "3", replyTo: 2 }), cites: 2 }
  const thread = { body: JSON.stringify({ text: "4", root: 2 }), root: 2, cites: 2 }
  await put(store, lobby.id, 1, said("2"), said("3", reply), said("4", { ...thread, by: bob.id }))
  await put(
    store,
    lobby.id,
    4,
    said("5"),
    said("new 5", { kind: "message.edited", target: 5, cites: 5 }),
    said("7"),
  )
  await put(
    store,
    lobby.id,
    7,
    said("", { kind: "message.deleted", target: 7, cites: 7, body: "{}", erases: 7 }),
  )
  await put(store, garden.id, 0, said("1"), said("2"), said("3"), said("4"))
  await put(store, lobby.id, 8, said("9"), said("10"), said("11"))
  const snapshot = { seq: 11, head: '{"members":[]}' }
  await append(store, { room: lobby.id, after: 11, entries: [said("12")], snapshot })
  await append(store, { room: garden.id, after: 4, entries: [said("5")], card: card("garden"), members })
}

beforeAll(async () => {
  const store = await openStore({ kind: "sqlite", folder: original })
  await fill(store)
  await store.close()
})

/** Verifies a copy that someone who can write to the file has worked on. */
async function afterTampering(...sql: readonly string[]): Promise<string[]> {
  const folder = newFolder("tampered")
  mkdirSync(folder)
  copyFileSync(databasePath(original), databasePath(folder))
  const db = new Database(databasePath(folder))
  for (const one of sql) db.run(one)
  db.close(true)
  return (await verified(folder)).damages.map(told)
}

const inLobby = (seq: number) => `(select n from place where room = 1 and seq = ${seq})`

describe("verify", () => {
  test("finds nothing in a log as it was written, and tells its heads", async () => {
    const { damages, heads, events, rooms } = await verified(original)
    expect(damages).toEqual([])
    expect([events, rooms]).toEqual([17, 2])
    expect(heads.map(({ room, seq }) => [room, seq])).toEqual([
      [lobby.id, 12],
      [garden.id, 5],
    ])
    expect((await verified(original, heads)).damages).toEqual([])
  })

  test.each([
    ["body", `body = '{"text":"forged"}'`],
    ["author", `by = x'${bob.id.replaceAll("-", "")}'`],
    ["time", "at = 1001"],
    ["kind", "kind = 'message.seen'"],
    ["id", "id = randomblob(16)"],
    ["target", "target = 1"],
    ["salt", "salt = randomblob(16)"],
    ["chain", "chain = randomblob(32)"],
    ["erasure, without a deletion", "body = null, salt = null, seal = randomblob(32)"],
  ])("finds an altered %s", async (_, change) => {
    const found = await afterTampering(`update event set ${change} where n = ${inLobby(9)}`)
    expect(found).toContain("altered lobby 9")
    expect(found.filter((one) => one.startsWith("altered")).every((one) => / (9|10)$/.test(one))).toBe(true)
    expect(found.every((one) => !one.includes("garden"))).toBe(true)
  })

  test.each([
    ["in the middle", [5], ["missing lobby 5"]],
    ["several", [3, 4, 9], ["missing lobby 3 4", "missing lobby 9"]],
    ["the first", [1], ["missing lobby 1"]],
    ["the last", [12], ["missing lobby 12"]],
  ])("finds missing events: %s", async (_, seqs, expected) => {
    const list = seqs.join(",")
    const found = await afterTampering(
      `delete from event where n in (select n from place where room = 1 and seq in (${list}))`,
      `delete from place where room = 1 and seq in (${list})`,
    )
    expect(found.filter((one) => one.startsWith("missing"))).toEqual(expected)
    expect(found.some((one) => one.startsWith("altered"))).toBe(false)
  })

  test("finds a tail that was cut off together with the head row", async () => {
    const { heads } = await verified(original)
    const folder = newFolder("cut")
    mkdirSync(folder)
    copyFileSync(databasePath(original), databasePath(folder))
    const db = new Database(databasePath(folder))
    db.run("delete from event where room = 2 and seq > 3")
    db.run("delete from place where room = 2 and seq > 3")
    db.run(
      "update room set seq = 3, chain = (select chain from event where room = 2 and seq = 3) where key = 2",
    )
    db.close(true)
    expect((await verified(folder)).damages.map(told)).toEqual([])
    expect((await verified(folder, heads)).damages.map(told)).toEqual(["rewritten garden 5"])
  })

  test("finds events that changed places", async () => {
    const swap = (table: string) => `update ${table} set seq = case seq when 9 then 10 else 9 end`
    const found = await afterTampering(
      `create table spare as select * from place where room = 1 and seq in (9, 10)`,
      "delete from place where room = 1 and seq in (9, 10)",
      swap("spare"),
      "insert into place select * from spare",
      "drop table spare",
      `${swap("event")} where room = 1 and seq in (9, 10)`,
    )
    expect(found).toEqual(["reordered lobby 9", "reordered lobby 10"])
  })

  test("finds events that came in another order than the log says", async () => {
    const found = await afterTampering(
      `update event set n = 100 where n = ${inLobby(9)}`,
      `update event set n = ${inLobby(9)} where n = ${inLobby(10)}`,
      `update event set n = ${inLobby(10)} where n = 100`,
      "update place set n = (select n from event e where e.room = place.room and e.seq = place.seq)",
    )
    expect(found).toEqual(["reordered lobby 10"])
  })

  test("finds an event that is there twice, by its seq and by its id", async () => {
    const columns = "room, at, by, kind, target, root, cites, body, salt, seal, chain"
    const again = (seq: string, id: string) =>
      `insert into event (n, seq, id, ${columns}) select 100, ${seq}, ${id}, ${columns} from event where n = ${inLobby(9)}`
    expect(await afterTampering(again("seq", "randomblob(16)"))).toContain("doubled lobby 9")
    const found = await afterTampering("drop index event_id", again("13", "id"))
    expect(found).toContain("doubled 13")
    expect(found).toContain("head lobby 13")
    expect(found).toContain("schema")
  })

  test("finds a head row that does not fit its log", async () => {
    expect(await afterTampering("update room set chain = randomblob(32) where key = 1")).toEqual([
      "head lobby 12",
    ])
    expect(await afterTampering("update room set seq = 14 where key = 1")).toEqual(["missing lobby 13 14"])
    expect(await afterTampering("update room set seq = 11 where key = 1")).toContain("head lobby 12")
    expect(
      (await afterTampering("delete from room where key = 2")).filter((one) => one.startsWith("head")),
    ).toHaveLength(5)
  })

  test("finds index cards, pointers, snapshots and counts that say something else", async () => {
    expect(await afterTampering("update place set shows = 2 where room = 1 and seq = 9")).toEqual([
      "index lobby 9",
    ])
    expect(await afterTampering("update place set by = randomblob(16) where room = 1 and seq = 9")).toEqual([
      "index lobby 9",
    ])
    expect(await afterTampering("delete from place where room = 1 and seq = 9")).toEqual([
      "index lobby 9",
      "index",
    ])
    for (const change of ["cites = 3", "cites = null", "root = null"]) {
      const both = ["event", "place"].map(
        (table) => `update ${table} set ${change} where room = 1 and seq = 4`,
      )
      expect(await afterTampering(...both)).toEqual(["altered lobby 4"])
    }
    expect(await afterTampering(`update snapshot set head = '{"members":["eve"]}'`)).toEqual(["index 11"])
    expect(
      await afterTampering(
        "delete from membership where room = (select room from room_card where name = 'lobby')",
      ),
    ).toEqual(["index lobby"])
  })

  test("finds an index that was taken away or holds something else", async () => {
    expect(await afterTampering("drop index place_thread")).toEqual(["schema"])
    const folder = newFolder("index")
    mkdirSync(folder)
    copyFileSync(databasePath(original), databasePath(folder))
    const db = new Database(databasePath(folder))
    const root = db
      .query<{ rootpage: number }, []>("select rootpage from sqlite_schema where name = 'place_change'")
      .get()
    const { page_size } = db.query<{ page_size: number }, []>("pragma page_size").get() ?? { page_size: 0 }
    db.close(true)
    const bytes = readFileSync(databasePath(folder))
    // The last bytes of a page are its first cell: room, target, seq.
    const last = (root?.rootpage ?? 0) * page_size - 1
    bytes[last] = (bytes[last] ?? 0) ^ 1
    writeFileSync(databasePath(folder), bytes)
    expect((await verified(folder)).damages.map(told)).toContain("index")
  })

  test("says what it cannot verify", async () => {
    const nothing = await verify(newFolder("nothing"))
    expect(isRefusal(nothing) && nothing.code).toBe("no-such-thing")
    const other = newFolder("other")
    mkdirSync(other)
    await Bun.write(databasePath(other), "This is a letter to Cleo. ".repeat(400))
    const letter = await verify(other)
    expect(isRefusal(letter) && letter.code).toBe("store-damaged")
  })
})

describe("verify beside a server that writes", () => {
  const folder = newFolder("running")
  let store: Store
  beforeAll(async () => {
    store = await openStore({ kind: "sqlite", folder })
    await fill(store)
  })
  afterAll(() => store.close())

  test("finds nothing wrong with what goes on meanwhile", async () => {
    let stop = false
    const writing = (async () => {
      for (let after = 12; !stop; after += 3) {
        await put(
          store,
          lobby.id,
          after,
          said("a"),
          said("b"),
          said("", {
            kind: "message.deleted",
            target: after + 1,
            cites: after + 1,
            body: "{}",
            erases: after + 1,
          }),
        )
      }
    })()
    for (let round = 0; round < 3; round++) {
      const found = await store.verify()
      expect(isRefusal(found) ? found : found.damages).toEqual([])
    }
    stop = true
    await writing
  })
})
