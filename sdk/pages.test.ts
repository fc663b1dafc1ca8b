import { describe, expect, test } from "bun:test"
import type { Down } from "../protocol/frames.ts"
import { isRefusal } from "../protocol/refusals.ts"
import { memoryCache } from "./caches/memory.ts"
import type { Room } from "./room.ts"
import type { House, Log, Person } from "./testing/house.ts"
import { MOMENT_MS, scene, texts, WHILE_MS } from "./testing/scene.ts"
import type { TestWorld } from "./testing/world.ts"

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

/** The lobby with two hundred messages, the first of them at seq 2. */
async function long(begin = 5) {
  const { world, house, ada, bob, lobby, enter } = scene()
  for (const text of numbers(1, 200)) house.posts(lobby, bob, text)
  const client = enter("ada", { begin: { last: begin } })
  await world.pass(MOMENT_MS)
  return { world, house, ada, bob, lobby, client, room: client.room("lobby") }
}

/** Lets the made-up time pass until something has come of it. */
async function through<Value>(world: TestWorld, work: Promise<Value>): Promise<Value> {
  await world.pass(MOMENT_MS)
  return work
}

describe("older messages", () => {
  test("come page by page until the first, and join what is there", async () => {
    const { world, room } = await long()
    expect(texts(room.messages)).toEqual(numbers(196, 200))
    expect(await through(world, room.older())).toEqual({ more: true })
    expect(texts(room.messages)).toEqual(numbers(146, 200))
    for (let page = 0; page < 2; page++) await through(world, room.older())
    expect(await through(world, room.older())).toEqual({ more: false })
    expect(texts(room.messages)).toEqual(numbers(1, 200))
    expect(room.messages[0]).toMatchObject({ type: "notice", kind: "room.created" })
  })

  test("what is known to be the first is not asked for again, and one page is asked for once", async () => {
    const { world, house, room } = await long(190)
    await through(world, Promise.all([room.older(), room.older()]))
    const asked = () => house.heard.filter(({ frame }) => frame.type === "request").length
    expect(asked()).toBe(1)
    expect(await room.older()).toEqual({ more: false })
    expect(asked()).toBe(1)
  })

  test("a change that comes while a page is on its way is in it, once", async () => {
    const { world, house, bob, lobby, room } = await long()
    const older = room.older()
    for (let count = 0; count < 5; count++) {
      const event = {
        id: crypto.randomUUID(),
        kind: "reaction.added",
        body: { emoji: `${count}` },
        target: 190,
      }
      house.append(lobby, bob, event)
      await world.pass(2)
    }
    await through(world, older)
    expect(room.messages.find(({ seq }) => seq === 190)).toMatchObject({
      reactions: ["0", "1", "2", "3", "4"].map((emoji) => ({ emoji, count: 1 })),
    })
  })

  test("a change that overtakes the page it is not in is applied to it", async () => {
    const { world, house, bob, lobby, room } = await long()
    const held: Down[] = []
    house.filter = (down) => {
      if (down.type !== "response") return down
      held.push(down)
      return undefined
    }
    const older = room.older()
    await world.pass(MOMENT_MS)
    house.append(lobby, bob, {
      id: crypto.randomUUID(),
      kind: "message.edited",
      body: { text: "new" },
      target: 190,
    })
    await world.pass(MOMENT_MS)
    house.filter = (down) => down
    for (const down of held) house.tell(down)
    await through(world, older)
    expect(room.messages.find(({ seq }) => seq === 190)).toMatchObject({ text: "new" })
  })

  test("a page from a node that is behind is asked for again", async () => {
    const { world, house, room } = await long()
    const { answers } = house
    let asked = 0
    house.answers = (name, input, by) => {
      const { status, body } = answers(name, input, by)
      return ++asked === 1
        ? { status, body: { ...(body as object), asOf: 100, messages: [] } }
        : { status, body }
    }
    await through(world, room.older())
    expect(asked).toBe(2)
    expect(texts(room.messages)).toEqual(numbers(146, 200))
  })

  test("a page of a log that was begun anew meanwhile is not shown", async () => {
    const { world, house, lobby, room } = await long()
    const held: Down[] = []
    house.filter = (down) => {
      if (down.type !== "response") return down
      held.push(down)
      return undefined
    }
    const older = room.older()
    await world.pass(MOMENT_MS)
    house.filter = (down) => down
    lobby.epoch = crypto.randomUUID()
    house.tell({ type: "reset", room: lobby.id, epoch: lobby.epoch, seq: 201 })
    await world.pass(MOMENT_MS)
    for (const down of held) house.tell(down)
    await through(world, older)
    expect(texts(room.messages)).toEqual(numbers(196, 200))
  })

  test("a refusal is a value, and nothing has changed", async () => {
    const { world, house, ada, lobby, room } = await long()
    house.answers = () => ({ status: 404, body: { code: "no-such-room", message: "Gone." } })
    const answer = await through(world, room.older())
    expect(isRefusal(answer)).toBe(true)
    expect(texts(room.messages)).toEqual(numbers(196, 200))
    expect(lobby.head.members.has(ada.id)).toBe(true)
  })

  test("the names of those who spoke come with them", async () => {
    const { world, client, bob, room } = await long(1)
    await through(world, room.older())
    expect(client.nameOf(bob.id)).toBe("bob")
  })
})

describe("a place long ago", () => {
  test("is shown by itself, can be read on from, and joins the end when it gets there", async () => {
    const { world, house, bob, lobby, room } = await long()
    await through(world, room.around(61))
    expect(texts(room.messages)).toEqual(numbers(196, 200))
    expect(texts(room.messagesAt(61))).toEqual(numbers(36, 85))
    await through(world, room.newer(61))
    expect(texts(room.messagesAt(61))).toEqual(numbers(36, 135))
    await through(world, room.older(61))
    expect(texts(room.messagesAt(61))).toEqual(numbers(1, 135))
    for (let page = 0; page < 2; page++) await through(world, room.newer(61))
    expect(texts(room.messages)).toEqual(numbers(1, 200))
    house.posts(lobby, bob, "201")
    await world.pass(MOMENT_MS)
    expect(texts(room.messages)).toEqual(numbers(1, 201))
    expect(await room.newer(61)).toEqual({ more: false })
  })

  test("hears of changes as they happen", async () => {
    const { world, house, bob, lobby, room } = await long()
    await through(world, room.around(61))
    const event = { id: crypto.randomUUID(), kind: "message.edited", body: { text: "sixty" }, target: 61 }
    house.append(lobby, bob, event)
    await world.pass(MOMENT_MS)
    expect(room.messagesAt(61).find(({ seq }) => seq === 61)).toMatchObject({ text: "sixty" })
  })
})

describe("a thread", () => {
  const answers = (house: House, log: Log, by: Person, root: number, ...words: readonly string[]) => {
    for (const text of words)
      house.append(log, by, { id: crypto.randomUUID(), kind: "message.posted", body: { text, root } })
  }

  test("is counted beside its message, and shown by itself", async () => {
    const { world, house, bob, lobby, room } = await long(50)
    answers(house, lobby, bob, 190, "a", "b")
    await world.pass(MOMENT_MS)
    expect(room.threadOf(190)).toEqual({ count: 2, last: 203 })
    expect(texts(room.messages).slice(-1)).toEqual(["200"])
    const thread = room.thread(190)
    if (!thread) throw new Error("The room is not open.")
    expect(await through(world, thread.older())).toEqual({ more: false })
    expect(texts(thread.messages)).toEqual(["a", "b"])
    thread.say("c")
    await world.pass(MOMENT_MS)
    expect(texts(thread.messages)).toEqual(["a", "b", "c"])
    expect(room.threadOf(190)).toEqual({ count: 3, last: 204 })
    house.append(lobby, bob, { id: crypto.randomUUID(), kind: "message.deleted", body: {}, target: 203 })
    await world.pass(MOMENT_MS)
    expect(room.threadOf(190)?.count).toBe(2)
    thread.close()
    expect(thread.messages).toEqual([])
  })

  test("that began before what is loaded is counted by the page that brings its message", async () => {
    const { world, house, bob, lobby, room } = await long(5)
    answers(house, lobby, bob, 150, "a", "b")
    await world.pass(MOMENT_MS)
    await through(world, room.older())
    expect(room.threadOf(150)).toEqual({ count: 2, last: 203 })
    answers(house, lobby, bob, 150, "c")
    await world.pass(MOMENT_MS)
    expect(room.threadOf(150)).toEqual({ count: 3, last: 204 })
  })
})

describe("who is in a room", () => {
  const names = (room: Room) => [...room.members.values()].length

  test("is asked for in pages and kept up from then on", async () => {
    const { world, house, bob, cleo, lobby, enter } = scene()
    for (const name of ["dan", "eve", "fay"]) {
      house.append(lobby, house.person(name), { id: crypto.randomUUID(), kind: "member.joined", body: {} })
    }
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    expect(await through(world, room.loadMembers())).toEqual({ more: true })
    expect(names(room)).toBe(2)
    await through(world, room.loadMembers())
    expect(await through(world, room.loadMembers())).toEqual({ more: false })
    expect(names(room)).toBe(5)
    expect(client.nameOf(house.person("fay").id)).toBe("fay")
    house.append(lobby, cleo, { id: crypto.randomUUID(), kind: "member.joined", body: {} })
    const body = { account: house.person("eve").id }
    house.append(lobby, bob, { id: crypto.randomUUID(), kind: "member.banned", body })
    await world.pass(MOMENT_MS)
    expect([...room.members.keys()].includes(cleo.id)).toBe(true)
    expect(names(room)).toBe(5)
  })

  test("names that were not told are asked for, those known are not", async () => {
    const { world, house, bob, cleo, enter } = scene()
    const client = enter("ada", { names: false })
    await world.pass(MOMENT_MS)
    const learned: (readonly string[])[] = []
    client.on("names", (ids) => learned.push(ids))
    await through(world, client.meet([bob.id, cleo.id]))
    await through(world, client.meet([bob.id]))
    expect([client.nameOf(bob.id), client.nameOf(cleo.id)]).toEqual(["bob", "cleo"])
    expect(learned).toEqual([[bob.id, cleo.id]])
    expect(house.heard.filter(({ frame }) => frame.type === "request")).toHaveLength(1)
  })
})

describe("after a long absence", () => {
  test("the end is shown first, and what was kept comes back beside it, brought up to date", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const kept = new Map<string, string>()
    const first = enter("ada", { cache: memoryCache(kept), begin: { last: 5 } })
    await world.pass(MOMENT_MS)
    for (const text of numbers(1, 10)) house.posts(lobby, bob, text)
    await world.pass(MOMENT_MS)
    await first.close()
    house.append(lobby, bob, {
      id: crypto.randomUUID(),
      kind: "message.edited",
      body: { text: "five" },
      target: 6,
    })
    for (const text of numbers(11, 1_100)) house.posts(lobby, bob, text)
    const second = enter("ada", { cache: memoryCache(kept), begin: { last: 5 } })
    await world.pass(MOMENT_MS)
    const room = second.room("lobby")
    expect(texts(room.messages)).toEqual(numbers(1_096, 1_100))
    expect(texts(room.messagesAt(8))).toEqual(["1", "2", "3", "4", "five", "6", "7", "8", "9", "10"])
    const event = { id: crypto.randomUUID(), kind: "message.edited", body: { text: "six" }, target: 7 }
    house.append(lobby, bob, event)
    await world.pass(WHILE_MS)
    expect(texts(room.messagesAt(8)).slice(4, 6)).toEqual(["five", "six"])
  })
})

test("a room that goes on and on is held in bounds, near where one looks", async () => {
  const { world, house, bob, lobby, room } = await long(100)
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 100; count++) house.posts(lobby, bob, "on and on")
    await world.pass(MOMENT_MS)
  }
  expect(room.messages.length).toBeLessThanOrEqual(2_000)
  expect(room.messages.length).toBeGreaterThanOrEqual(1_500)
  expect(room.messages.at(-1)?.seq).toBe(lobby.events.length)
})
