// Long because it is one promise after the other that every store keeps: the log, its pages, the feed and the records.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { sql } from "kysely"
import { type Uuid, uuidText } from "../../protocol/ids.ts"
import { cast } from "../../test/cast.ts"
import type { Append, Claim, Entry, Outcome, Stored } from "../core/ports.ts"
import { StoreRefused } from "../core/ports.ts"
import type { Store } from "./store.ts"
import { failure } from "./testing/failure.ts"

const { ada, bob, cleo } = cast

/** A fresh id with nothing in it to remember. */
export function freshId(): Uuid {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return uuidText(bytes)
}

/** A message as core would append it; anything of it may be told. */
export function said(text: string, more: Partial<Entry> = {}): Entry {
  return {
    id: freshId(),
    at: 1_000,
    by: ada.id,
    kind: "message.posted",
    body: JSON.stringify({ text }),
    ...more,
  }
}

/** Appends to one room and expects that it went in; answers the checks. */
export async function put(
  store: Store,
  room: Uuid,
  after: number,
  ...entries: Entry[]
): Promise<readonly string[]> {
  const outcome = await append(store, { room, after, entries })
  if (outcome.is !== "appended") throw new Error(`Expected it to go in, but it was ${outcome.is}.`)
  return outcome.checks
}

export async function append(store: Store, one: Omit<Append, "epoch"> & { epoch?: Uuid }): Promise<Outcome> {
  const [outcome] = await store.log.append([{ epoch: store.epoch, ...one }])
  if (!outcome) throw new Error("An append was not answered.")
  return outcome
}

const seqs = (events: readonly Stored[]) => events.map((event) => event.seq)
const texts = (events: readonly Stored[]) => events.map((event) => event.body && JSON.parse(event.body).text)

/** What every store promises. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store
    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store.close())
    const current = () => store
    describe("the log", () => logContract(current))
    describe("what stands beside the log", () => besideContract(current))
    describe("erasure", () => erasureContract(current))
    describe("pages and counts", () => pagesContract(current))
    describe("the feed", () => feedContract(current))
    describe("the records", () => recordsContract(current))
  })
}

function logContract(current: () => Store): void {
  test("a room begins with its first append, and its seqs are dense from 1", async () => {
    const [store, room] = [current(), freshId()]
    expect(await store.log.head(room)).toBeUndefined()
    expect(await store.log.read(room, 0, 10)).toEqual([])
    const first = said("one")
    const checks = await put(store, room, 0, first, said("two", { at: 2_000 }))
    await put(store, room, 2, said("three", { at: 2_000 }))
    const events = await store.log.read(room, 0, 10)
    expect(seqs(events)).toEqual([1, 2, 3])
    expect(events[0]).toEqual({ ...first, seq: 1, check: checks[0] ?? "" })
    const last = events.at(-1)
    expect(await store.log.head(room)).toEqual({
      epoch: store.epoch,
      seq: 3,
      at: 2_000,
      check: last?.check ?? "",
    })
    expect(new Set(events.map((event) => event.check)).size).toBe(3)
    expect(last?.check).toMatch(/^[0-9a-f]{16}$/)
  })

  test("a body comes back as the very text that was stored", async () => {
    const [store, room] = [current(), freshId()]
    const body = '{"text":"Grüße 👋🏽\\n\\u0000 \\ud800","z":1.50, "a" :[]}'
    await put(store, room, 0, said("", { body, target: 1, root: 1, cites: 1 }))
    expect((await store.log.read(room, 0, 1))[0]).toMatchObject({ body, target: 1, root: 1, cites: 1 })
  })

  test("reading goes on from any seq, as far as asked", async () => {
    const [store, room] = [current(), freshId()]
    await put(store, room, 0, ...Array.from({ length: 9 }, (_, index) => said(`${index + 1}`)))
    expect(seqs(await store.log.read(room, 0, 4))).toEqual([1, 2, 3, 4])
    expect(seqs(await store.log.read(room, 4, 4))).toEqual([5, 6, 7, 8])
    expect(seqs(await store.log.read(room, 8, 4))).toEqual([9])
    expect(await store.log.read(room, 9, 4)).toEqual([])
    expect(await store.log.read(room, 100, 4)).toEqual([])
    expect(await store.log.read(room, 3, 0)).toEqual([])
  })

  test("who judged on another head, or in another epoch, is told so and leaves nothing behind", async () => {
    const [store, room] = [current(), freshId()]
    await put(store, room, 0, said("one"))
    for (const after of [0, 2, 7]) {
      expect(await append(store, { room, after, entries: [said("late")] })).toEqual({ is: "moved" })
    }
    expect(await append(store, { room, epoch: freshId(), after: 1, entries: [said("old")] })).toEqual({
      is: "moved",
    })
    expect(await append(store, { room: freshId(), after: 3, entries: [said("nowhere")] })).toEqual({
      is: "moved",
    })
    expect(texts(await store.log.read(room, 0, 10))).toEqual(["one"])
  })

  test("of many who append at one head at once, one goes in", async () => {
    const [store, room] = [current(), freshId()]
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        append(store, { room, after: 0, entries: [said(`${index}`)] }),
      ),
    )
    expect(outcomes.map((one) => one.is).sort()).toEqual([
      "appended",
      ...Array.from({ length: 19 }, () => "moved" as const),
    ])
    expect((await store.log.head(room))?.seq).toBe(1)
  })

  test("what is judged ahead of a commit goes in behind it", async () => {
    const [store, room] = [current(), freshId()]
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        append(store, { room, after: index, entries: [said(`${index}`)] }),
      ),
    )
    expect(outcomes.every((one) => one.is === "appended")).toBe(true)
    const calls = [50, 51].map((after) => ({ room, epoch: store.epoch, after, entries: [said("both")] }))
    expect((await store.log.append(calls)).map((one) => one.is)).toEqual(["appended", "appended"])
    expect((await store.log.read(room, 0, 100)).length).toBe(52)
  })

  test("an id enters a room's log once, and another room's as well", async () => {
    const [store, room] = [current(), freshId()]
    const once = said("once")
    await put(store, room, 0, said("before"), once)
    expect(await append(store, { room, after: 2, entries: [said("new"), once, said("more")] })).toEqual({
      is: "known",
      id: once.id,
    })
    const twice = said("twice")
    expect(await append(store, { room, after: 2, entries: [twice, twice] })).toEqual({
      is: "known",
      id: twice.id,
    })
    expect((await store.log.read(room, 0, 10)).length).toBe(2)
    await put(store, freshId(), 0, once)
  })

  test("each room of a call stands for itself, and goes in whole or not at all", async () => {
    const [store, one, two, three] = [current(), freshId(), freshId(), freshId()]
    const known = said("known")
    await put(store, two, 0, known)
    const outcomes = await store.log.append([
      { room: one, epoch: store.epoch, after: 0, entries: [said("a"), said("b")] },
      { room: two, epoch: store.epoch, after: 1, entries: [said("c"), known] },
      { room: two, epoch: store.epoch, after: 5, entries: [said("d")] },
      {
        room: three,
        epoch: store.epoch,
        after: 0,
        entries: [said("e", { at: 2_000 }), said("f", { at: 1_999 })],
      },
      { room: three, epoch: store.epoch, after: 0, entries: [said("g")] },
    ])
    expect(outcomes.map((outcome) => outcome.is)).toEqual([
      "appended",
      "known",
      "moved",
      "failed",
      "appended",
    ])
    expect(texts(await store.log.read(one, 0, 10))).toEqual(["a", "b"])
    expect(texts(await store.log.read(two, 0, 10))).toEqual(["known"])
    expect(texts(await store.log.read(three, 0, 10))).toEqual(["g"])
  })

  test("an event is found by its id in its room only, and a search waits for what is being appended", async () => {
    const [store, room] = [current(), freshId()]
    const entry = said("here")
    const going = append(store, { room, after: 0, entries: [said("first"), entry] })
    expect(await store.log.find(room, entry.id)).toMatchObject({ seq: 2, id: entry.id, body: entry.body })
    await going
    expect(await store.log.find(room, freshId())).toBeUndefined()
    expect(await store.log.find(freshId(), entry.id)).toBeUndefined()
  })

  test("the changes of a stretch come by seq, from a point on, as many as asked", async () => {
    const [store, room] = [current(), freshId()]
    const changes = [2, 1, 3, 2, 2].map((target) =>
      said("x", { kind: "reaction.added", target, cites: target }),
    )
    await put(store, room, 0, said("1"), said("2"), said("3"), ...changes)
    const asked = async (...args: [number, number, number, number]) =>
      seqs(await store.log.changes(room, ...args))
    expect(await asked(1, 3, 0, 10)).toEqual([4, 5, 6, 7, 8])
    expect(await asked(2, 2, 0, 10)).toEqual([4, 7, 8])
    expect(await asked(1, 2, 5, 10)).toEqual([7, 8])
    expect(await asked(1, 3, 6, 10)).toEqual([7, 8])
    expect(await asked(1, 2, 7, 10)).toEqual([8])
    expect(await asked(1, 3, 0, 2)).toEqual([4, 5])
    expect(await asked(4, 9, 0, 2)).toEqual([])
    expect((await store.log.changes(room, 2, 2, 0, 1))[0]).toMatchObject({ seq: 4, target: 2, cites: 2 })
  })

  test("the newest snapshot of a head is kept with the log", async () => {
    const [store, room] = [current(), freshId()]
    const shot = (seq: number) => ({ seq, head: `{"seq":${seq},"name":"Grüße"}` })
    await put(store, room, 0, said("1"), said("2"))
    await append(store, { room, after: 2, entries: [said("3")], snapshot: shot(2) })
    expect((await store.log.head(room))?.snapshot).toEqual(shot(2))
    await append(store, { room, after: 3, entries: [said("4")], snapshot: shot(3) })
    expect((await store.log.head(room))?.snapshot).toEqual(shot(3))
    await append(store, { room, after: 3, entries: [said("4")], snapshot: shot(1) })
    expect((await store.log.head(room))?.snapshot).toEqual(shot(3))
  })
}

function claim(key: string, holder: Uuid | null, skeleton = key): Claim {
  return { space: "room", key, skeleton, holder }
}

function besideContract(current: () => Store): void {
  const made = (room: Uuid, claims: readonly Claim[], after = 0) =>
    append(current(), { room, after, entries: [said("made")], claims })

  test("a name is one room's; whoever comes second appends nothing", async () => {
    const [one, two] = [freshId(), freshId()]
    expect((await made(one, [claim("lobby", one)])).is).toBe("appended")
    const second = claim("lobby", two)
    expect(await made(two, [second])).toEqual({ is: "taken", claim: second })
    const alike = claim("1obby", two, "lobby")
    expect(await made(two, [alike])).toEqual({ is: "taken", claim: alike })
    expect(await current().log.head(two)).toBeUndefined()
    expect((await made(two, [{ ...second, space: "account" }])).is).toBe("appended")
  })

  test("a name that is given back is free, in the same append too", async () => {
    const [one, two] = [freshId(), freshId()]
    await made(one, [claim("garden", one)])
    expect((await made(one, [claim("garden", null), claim("g4rden", one, "garden")], 1)).is).toBe("appended")
    expect((await made(two, [claim("garden", two, "garden2")])).is).toBe("appended")
    expect((await made(freshId(), [claim("g4rden", two)])).is).toBe("taken")
    const rows = await current()
      .records.db.selectFrom("claim")
      .selectAll()
      .where("holder", "in", [one, two])
      .execute()
    expect(rows.map((row) => [row.key, row.holder]).sort()).toEqual(
      [
        ["g4rden", one],
        ["garden", two],
      ].sort(),
    )
  })

  test("of two rooms that ask for one name in one call, the first has it", async () => {
    const [store, one, two] = [current(), freshId(), freshId()]
    const call = [one, two].map((room) => ({
      room,
      epoch: store.epoch,
      after: 0,
      entries: [said("made")],
      claims: [claim("attic", room)],
    }))
    expect((await store.log.append(call)).map((one) => one.is)).toEqual(["appended", "taken"])
  })

  test("members and cards change with the log, and not without it", async () => {
    const [store, room] = [current(), freshId()]
    const member = (account: Uuid, role: "owner" | "member" | null, joined = 1) => ({
      account,
      role,
      joined,
      from: 1,
    })
    const card = {
      type: "room",
      name: "lobby",
      topic: "",
      visibility: "public",
      archived: false,
      members: 2,
    } as const
    await append(store, {
      room,
      after: 0,
      entries: [said("made")],
      members: [member(ada.id, "owner"), member(bob.id, "member")],
      card,
    })
    await append(store, { room, after: 7, entries: [said("late")], members: [member(ada.id, null)] })
    await append(store, {
      room,
      after: 1,
      entries: [said("next")],
      members: [member(bob.id, null), member(ada.id, "member", 2)],
      card: { ...card, archived: true, members: 1 },
    })
    expect(await store.pages.roomsOf(ada.id)).toEqual([
      { room, type: "room", name: "lobby", visibility: "public", epoch: store.epoch, seq: 2 },
    ])
    expect(await store.pages.roomsOf(bob.id)).toEqual([])
    const { db } = store.records
    expect(await db.selectFrom("membership").selectAll().where("room", "=", room).execute()).toEqual([
      { account: ada.id, room, role: "member", joined: 2, from_seq: 1 },
    ])
    expect(await db.selectFrom("room_card").selectAll().where("room", "=", room).execute()).toEqual([
      { ...card, room, archived: 1, members: 1 },
    ])
  })
}

function erasureContract(current: () => Store): void {
  test("what is erased is gone from every answer, with all its wordings, and the chain stays", async () => {
    const [store, room] = [current(), freshId()]
    await put(
      store,
      room,
      0,
      said("keep"),
      said("secret"),
      said("secret too", { kind: "message.edited", target: 2 }),
    )
    const before = await store.log.read(room, 0, 10)
    const gone = said("", { kind: "message.deleted", target: 2, body: "{}", erases: 2 })
    await put(store, room, 3, gone, said("after"))
    const events = await store.log.read(room, 0, 10)
    expect(events.map((event) => event.body === null)).toEqual([false, true, true, false, false])
    expect(events.slice(0, 3).map((event) => event.check)).toEqual(before.map((event) => event.check))
    expect((await store.log.find(room, before[1]?.id ?? ""))?.body).toBeNull()
    expect((await store.log.changes(room, 2, 2, 0, 10)).map((event) => event.body)).toEqual([null, "{}"])
    const shown = await store.pages.shown(room, { from: 1, limit: 10 })
    expect(texts(shown)).toEqual(["after", null, "keep"])
    expect(await store.pages.unread(room, bob.id, 0, 100)).toBe(2)
  })

  test("what is said and taken back in one append never shows", async () => {
    const [store, room] = [current(), freshId()]
    await put(
      store,
      room,
      0,
      said("oops"),
      said("", { kind: "message.deleted", target: 1, body: "{}", erases: 1 }),
    )
    expect((await store.log.read(room, 0, 10)).map((event) => event.body)).toEqual([null, "{}"])
    expect(await store.pages.unread(room, bob.id, 0, 100)).toBe(0)
  })
}

function pagesContract(current: () => Store): void {
  const room = freshId()
  const change = (kind: string, target: number, more: Partial<Entry> = {}) =>
    said("", { kind, target, body: "{}", cites: target, ...more })
  const log: readonly Entry[] = [
    said("made", { kind: "room.created" }), // 1
    said("hello", { at: 1_010 }), // 2
    said("hi", { at: 1_020, by: bob.id, cites: 2 }), // 3
    change("reaction.added", 2, { at: 1_020, by: bob.id }), // 4
    said("in the thread", { at: 1_020, by: bob.id, root: 2, cites: 2 }), // 5
    said("also there", { at: 1_030, by: cleo.id, root: 2, cites: 2 }), // 6
    said("joined", { at: 1_040, kind: "member.joined", by: cleo.id }), // 7
    said("gone soon", { at: 1_040, by: bob.id }), // 8
    change("message.deleted", 8, { at: 1_040, by: bob.id, erases: 8 }), // 9
    change("message.deleted", 5, { at: 1_040, by: bob.id, root: 2, erases: 5 }), // 10
    said("last", { at: 1_050, by: cleo.id }), // 11
  ]
  beforeAll(async () => {
    await put(current(), room, 0, ...log)
  })
  const shown = async (query: Partial<Parameters<Store["pages"]["shown"]>[1]>) =>
    seqs(await current().pages.shown(room, { from: 1, limit: 100, ...query }))

  test("a page holds messages and notices, newest first, without changes and threads", async () => {
    expect(await shown({})).toEqual([11, 8, 7, 3, 2, 1])
    expect(await shown({ limit: 2 })).toEqual([11, 8])
    expect(await shown({ before: 8, limit: 2 })).toEqual([7, 3])
    expect(await shown({ before: 1 })).toEqual([])
    expect(await current().pages.shown(freshId(), { from: 1, limit: 5 })).toEqual([])
  })

  test("a page forward begins at the nearest", async () => {
    expect(await shown({ after: 2, limit: 2 })).toEqual([3, 7])
    expect(await shown({ after: 0, limit: 1 })).toEqual([1])
    expect(await shown({ after: 2, before: 8 })).toEqual([3, 7])
    expect(await shown({ after: 11 })).toEqual([])
  })

  test("what points before the first visible event is left out", async () => {
    expect(await shown({ from: 3 })).toEqual([11, 8, 7])
    expect(await shown({ from: 3, root: 2 })).toEqual([])
  })

  test("a thread has pages of its own", async () => {
    expect(await shown({ root: 2 })).toEqual([6, 5])
    expect(await shown({ root: 2, after: 0, limit: 1 })).toEqual([5])
    expect(await shown({ root: 3 })).toEqual([])
  })

  test("unread are the undeleted messages of others, outside threads", async () => {
    const unread = (account: Uuid, after: number, max = 100) =>
      current().pages.unread(room, account, after, max)
    expect(await unread(ada.id, 0)).toBe(2)
    expect(await unread(bob.id, 0)).toBe(2)
    expect(await unread(cast.eve.id, 0)).toBe(3)
    expect(await unread(cast.eve.id, 0, 2)).toBe(2)
    expect(await unread(ada.id, 3)).toBe(1)
    expect(await unread(ada.id, 11)).toBe(0)
    expect(await current().pages.unread(freshId(), ada.id, 0, 100)).toBe(0)
  })

  test("mentions count once, also where the whole room is called, and not when deleted or one's own", async () => {
    const { records, pages } = current()
    const rows = [
      { room, seq: 2, account: cleo.id },
      { room, seq: 3, account: ada.id },
      { room, seq: 3, account: null },
      { room, seq: 8, account: ada.id },
      { room, seq: 6, account: ada.id },
      { room, seq: 11, account: null },
    ]
    await records.db.insertInto("mention").values(rows).execute()
    const mentioned = (account: Uuid, after: number, max = 100) => pages.mentioned(room, account, after, max)
    expect(await mentioned(ada.id, 0)).toBe(3)
    expect(await mentioned(ada.id, 3)).toBe(2)
    expect(await mentioned(ada.id, 0, 2)).toBe(2)
    expect(await mentioned(cleo.id, 0)).toBe(2)
    expect(await mentioned(bob.id, 0)).toBe(1)
    expect(await pages.mentioned(freshId(), ada.id, 0, 100)).toBe(0)
  })

  test("a thread tells how many undeleted messages it holds and which is the last", async () => {
    expect(await current().pages.threads(room, [2, 3])).toEqual([
      { root: 2, count: 1, last: 6 },
      { root: 3, count: 0, last: 0 },
    ])
  })

  test("a time leads to the first event at or after it", async () => {
    const seqAt = (atMs: number) => current().pages.seqAt(room, atMs)
    expect(await Promise.all([0, 1_000, 1_001, 1_020, 1_021, 1_050, 1_051].map(seqAt))).toEqual([
      1, 1, 2, 3, 6, 11, 12,
    ])
    expect(await current().pages.seqAt(freshId(), 5)).toBe(1)
  })
}

function feedContract(current: () => Store): void {
  test("the feed tells every event of every room once, in the order of commits, from any point on", async () => {
    const { feed } = current()
    let to = "0"
    for (let more = true; more; ) {
      const batch = await feed.next(to, 7)
      to = batch.to
      more = batch.events.length > 0
    }
    const [one, two] = [freshId(), freshId()]
    await put(current(), one, 0, said("1"), said("2"))
    await put(current(), two, 0, said("3", { root: 1, cites: 1 }))
    await put(current(), one, 2, said("4"))
    const first = await feed.next(to, 3)
    expect(first.events.map((event) => [event.room, event.seq])).toEqual([
      [one, 1],
      [one, 2],
      [two, 1],
    ])
    expect(first.events[2]).toEqual({ ...((await current().log.read(two, 0, 1))[0] as Stored), room: two })
    const second = await feed.next(first.to, 3)
    expect(texts(second.events)).toEqual(["4"])
    expect(await feed.next(second.to, 3)).toEqual({ events: [], to: second.to })
  })
}

function recordsContract(current: () => Store): void {
  const account = (name: string, id = freshId()) => ({
    id,
    name,
    fold: name.toLowerCase(),
    skeleton: name.toLowerCase(),
    display: name,
    role: "member" as const,
    password: null,
    made_at: 1_763_830_000_123,
    banned: 0,
  })

  test("what was written is read at once, and answers what it changed", async () => {
    const { db } = current().records
    const row = account("Ada")
    await db.insertInto("account").values(row).execute()
    expect(await db.selectFrom("account").selectAll().where("id", "=", row.id).execute()).toEqual([row])
    const updated = await db
      .updateTable("account")
      .set({ banned: 1 })
      .where("id", "=", row.id)
      .executeTakeFirst()
    expect(updated.numUpdatedRows).toBe(1n)
    const returned = await db
      .deleteFrom("account")
      .where("id", "=", row.id)
      .returning(["name", "banned"])
      .execute()
    expect(returned).toEqual([{ name: "Ada", banned: 1 }])
  })

  test("a value that must be unique is refused as a conflict, and what is ignored on conflict changes nothing", async () => {
    const { db } = current().records
    await db.insertInto("account").values(account("Bob")).execute()
    const again = db.insertInto("account").values(account("bob"))
    const refusal = await again.execute().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(StoreRefused)
    expect((refusal as StoreRefused).code).toBe("conflict")
    const ignored = await again.onConflict((conflict) => conflict.doNothing()).executeTakeFirst()
    expect(ignored.numInsertedOrUpdatedRows).toBe(0n)
  })

  test("several writes happen all or none", async () => {
    const { db, atomically } = current().records
    const setting = (key: string) => db.insertInto("setting").values({ key, value: "x" })
    await atomically([setting("one"), setting("two")])
    const refused = atomically([setting("three"), setting("one"), setting("four")])
    expect(await refused.catch((error: StoreRefused) => error.code)).toBe("conflict")
    await atomically([])
    const keys = await db.selectFrom("setting").select("key").orderBy("key").execute()
    expect(keys.map((row) => row.key)).toEqual(["one", "two"])
  })

  test("a wrong statement fails alone, and an interactive transaction is no choice", async () => {
    const { db } = current().records
    const wrong = sql`insert into setting (key, value) values ('key', null)`
    const right = db.insertInto("setting").values({ key: "right", value: "x" }).execute()
    expect((await failure(wrong.execute(db))).message).toContain("NOT NULL")
    await right
    expect(await db.selectFrom("setting").select("key").where("key", "=", "right").execute()).toHaveLength(1)
    expect((await failure(db.transaction().execute(async () => undefined))).message).toContain("atomically")
  })

  test("many at once are each answered for themselves", async () => {
    const { db } = current().records
    const keys = Array.from({ length: 200 }, (_, index) => `many ${index}`)
    await Promise.all(keys.map((key) => db.insertInto("setting").values({ key, value: key }).execute()))
    const read = await Promise.all(
      keys.map((key) => db.selectFrom("setting").select("value").where("key", "=", key).executeTakeFirst()),
    )
    expect(read.map((row) => row?.value)).toEqual(keys)
  })
}
