import { beforeEach, describe, expect, test } from "bun:test"
import { type Uuid, uuid8 } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { ApiHouse, type Neighbour } from "./house.ts"

interface Counted {
  readonly id: Uuid
  readonly mark: number
  readonly unread: number
  readonly mentions: number
}

let house: ApiHouse
let ada: Neighbour
let bob: Neighbour
let room: Uuid

beforeEach(async () => {
  house = await ApiHouse.make()
  ada = await house.person("ada")
  bob = await house.person("bob")
  room = await house.room("garden", [ada, bob])
})

/** What Bob's list of rooms says; and that the room itself says the same. */
async function counts(who = bob): Promise<Pick<Counted, "unread" | "mentions">> {
  await house.follow()
  const { rooms } = await house.get<{ rooms: readonly Counted[] }>(who, "rooms.list")
  const listed = rooms.find(({ id }) => id === room)
  expect(await house.get<Counted>(who, "rooms.get", { room })).toEqual(listed as Counted)
  return { unread: listed?.unread ?? -1, mentions: listed?.mentions ?? -1 }
}

const mark = (seq: number, who = bob) => house.get<{ seq: number }>(who, "rooms.mark", { room, seq })

describe("unread", () => {
  test("[UNREAD-1] are the messages of others since one came", async () => {
    expect(await counts()).toEqual({ unread: 0, mentions: 0 })
    await house.say(ada, room, "one")
    await house.say(ada, room, "two")
    expect(await counts()).toEqual({ unread: 2, mentions: 0 })
    expect((await counts(ada)).unread).toBe(0)
  })

  test("are not those from before one joined", async () => {
    await house.say(ada, room, "before")
    const cleo = await house.person("cleo")
    await house.get(ada, "members.invite", { room, account: "cleo" })
    await house.get(cleo, "members.join", { room })
    expect((await counts(cleo)).unread).toBe(0)
    await house.say(ada, room, "after")
    expect((await counts(cleo)).unread).toBe(1)
  })

  test("end with one's own newest message, but not with one in a thread", async () => {
    const first = await house.say(ada, room, "one")
    await house.say(bob, room, "an aside", { root: first })
    expect((await counts()).unread).toBe(1)
    await house.say(bob, room, "mine")
    expect((await counts()).unread).toBe(0)
    await house.say(ada, room, "two")
    expect((await counts()).unread).toBe(1)
  })

  test("end with the mark", async () => {
    const first = await house.say(ada, room, "one")
    await house.say(ada, room, "two")
    await mark(first)
    expect((await counts()).unread).toBe(1)
  })

  test("leave out threads, notices, edits, reactions and what was deleted", async () => {
    const first = await house.say(ada, room, "one")
    const second = await house.say(ada, room, "two")
    await house.say(ada, room, "in a thread", { root: first })
    await house.act(ada, room, "message.edited", first, { text: "one, edited" })
    await house.act(ada, room, "reaction.added", first, { emoji: "🌿" })
    await house.get(ada, "rooms.topic", { room, topic: "herons" })
    expect((await counts()).unread).toBe(2)
    await house.act(ada, room, "message.deleted", second)
    expect((await counts()).unread).toBe(1)
  })

  test("count what an import has brought since one came", async () => {
    const at = house.world.now()
    const messages = ["x", "y"].map((text) => ({
      id: uuid8(house.world.digest(new TextEncoder().encode(text))),
      at,
      by: ada.who.id,
      text,
    }))
    const loaded = await house.rooms.load(room, messages)
    expect(isRefusal(loaded)).toBe(false)
    expect((await counts()).unread).toBe(2)
  })

  test("stop at a hundred, which means that many or more", async () => {
    for (let count = 0; count < 99; count++) await house.say(ada, room, `message ${count}`)
    expect((await counts()).unread).toBe(99)
    for (let count = 0; count < 30; count++) await house.say(ada, room, `more ${count}`)
    expect((await counts()).unread).toBe(100)
  })

  test("leave out what points at something one may not see, also beyond a page of it", async () => {
    const closed = await house.room("attic", [ada], { history: "joined" })
    const old = await house.say(ada, closed, "before")
    await house.get(ada, "members.invite", { room: closed, account: "bob" })
    await house.get(bob, "members.join", { room: closed })
    for (let count = 0; count < 3; count++) await house.say(ada, closed, "as I said, @bob", { replyTo: old })
    for (let count = 0; count < 99; count++) await house.say(ada, closed, "hello @bob")
    await house.follow()
    const told = () => house.get<Counted>(bob, "rooms.get", { room: closed })
    expect(await told()).toMatchObject({ unread: 99, mentions: 99 })
    for (let count = 0; count < 250; count++) await house.say(ada, closed, "hello @bob")
    await house.follow()
    expect(await told()).toMatchObject({ unread: 100, mentions: 100 })
  })
})

describe("mentions", () => {
  test("[UNREAD-2] count who is called by name or with everyone, each message once, also in threads", async () => {
    const first = await house.say(ada, room, "@bob and @room, and @bob again")
    await house.say(ada, room, "@ada herself")
    await house.say(ada, room, "@bob, over here", { root: first })
    await house.say(ada, room, "`@bob` in code")
    expect(await counts()).toEqual({ unread: 3, mentions: 2 })
  })

  test("follow the newest words, and go with the message", async () => {
    const first = await house.say(ada, room, "@bob")
    const second = await house.say(ada, room, "hello")
    await house.act(ada, room, "message.edited", first, { text: "nobody" })
    await house.act(ada, room, "message.edited", second, { text: "hello @bob" })
    expect((await counts()).mentions).toBe(1)
    await house.act(ada, room, "message.deleted", second)
    expect((await counts()).mentions).toBe(0)
  })

  test("end with the mark", async () => {
    const first = await house.say(ada, room, "@bob")
    await mark(first)
    expect((await counts()).mentions).toBe(0)
  })
})

describe("a mark", () => {
  test("only rises, and is told to all devices of its account when it does", async () => {
    for (let count = 0; count < 3; count++) await house.say(ada, room, "hello")
    expect((await mark(5)).seq).toBe(5)
    expect((await mark(4)).seq).toBe(5)
    expect(house.heard).toEqual([
      { account: bob.who.id, signal: { kind: "register", key: `mark:${room}`, value: 5, version: 5 } },
    ])
    expect(await house.get<Counted>(bob, "rooms.get", { room })).toMatchObject({ mark: 5, unread: 1 })
  })

  test("beyond the end of the room is refused", async () => {
    expect(await house.code(bob, "rooms.mark", { room, seq: 99 })).toBe("bad-input")
    expect(await house.code(bob, "rooms.mark", { room, seq: -1 })).toBe("bad-input")
  })

  test("is written once for all that came within two seconds, and never falls", async () => {
    for (let count = 0; count < 5; count++) await house.say(ada, room, "hello")
    const rows = () =>
      house.store.records.db
        .selectFrom("register")
        .select(["key", "value"])
        .where("account", "=", bob.who.id)
        .execute()
    for (const seq of [4, 5, 6]) await mark(seq)
    expect(await rows()).toEqual([])
    house.world.pass(2_000)
    await house.settle()
    expect(await rows()).toEqual([{ key: `mark:${room}`, value: "6" }])
    // Another node has raised it less far and writes last.
    const other = await house.another()
    await other.get(bob, "rooms.mark", { room, seq: 7 })
    await mark(8)
    await house.api.close()
    await other.api.close()
    expect(await rows()).toEqual([{ key: `mark:${room}`, value: "8" }])
  })

  test("survives a restart when the house was closed in order", async () => {
    const seq = await house.say(ada, room, "hello")
    await mark(seq)
    await house.api.close()
    const later = await house.another()
    expect(await later.get<Counted>(bob, "rooms.get", { room })).toMatchObject({ mark: seq, unread: 0 })
  })

  test("raised by two devices at once stands at the higher", async () => {
    for (let count = 0; count < 3; count++) await house.say(ada, room, "hello")
    await Promise.all([mark(6), mark(4), mark(5)])
    expect(await house.get<Counted>(bob, "rooms.get", { room })).toMatchObject({ mark: 6 })
  })
})
