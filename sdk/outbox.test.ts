import { describe, expect, test } from "bun:test"
import type { Accepted, Down } from "../protocol/frames.ts"
import { refuse } from "../protocol/refusals.ts"
import { memoryCache } from "./caches/memory.ts"
import { MOMENT_MS, said, scene, texts, WHILE_MS } from "./testing/scene.ts"

describe("the outbox", () => {
  test("what is said offline goes out in order, each naming the one before it", async () => {
    const { world, lobby, enter, submits } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    for (let count = 1; count <= 5; count++) room.say(`${count}`)
    await world.pass(MOMENT_MS)
    expect(said(lobby.events.slice(1))).toEqual(["1", "2", "3", "4", "5"])
    const sent = submits()
    expect(sent.map(({ prev }) => prev)).toEqual([undefined, ...sent.slice(0, -1).map(({ id }) => id)])
  })

  test("ids are UUIDv7, and no two commands have one", async () => {
    const { world, enter, submits } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    for (let count = 0; count < 50; count++) client.room("lobby").say(`${count}`)
    await world.pass(1_000)
    const ids = submits().map(({ id }) => id ?? "")
    expect(new Set(ids).size).toBe(50)
    for (const id of ids) expect(id[14]).toBe("7")
  })

  test("a few wait for their answers at once, the rest wait their turn", async () => {
    const { world, house, lobby, enter, submits } = scene()
    house.weather = { delayMs: 0, loss: 0 }
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    house.filter = (down) => (down.type === "accepted" || down.type === "events" ? undefined : down)
    for (let count = 0; count < 100; count++) client.room("lobby").say(`${count}`)
    await world.pass(MOMENT_MS)
    expect(submits()).toHaveLength(32)
    house.filter = (down) => down
    house.cut()
    await world.pass(WHILE_MS)
    expect(lobby.events.length).toBe(101)
  })

  test.each([1, 2, 3, 5, 8, 13, 21, 34])(
    "a cut %d ms after speaking loses nothing and doubles nothing",
    async (ms) => {
      for (let seed = 1; seed <= 10; seed++) {
        const { world, house, lobby, enter } = scene(seed)
        house.weather = { delayMs: 20, loss: 0 }
        const client = enter("ada")
        await world.pass(MOMENT_MS)
        for (let count = 1; count <= 6; count++) client.room("lobby").say(`${count}`)
        await world.pass(ms)
        house.cut()
        await world.pass(WHILE_MS)
        expect(said(lobby.events.slice(1))).toEqual(["1", "2", "3", "4", "5", "6"])
        expect(client.room("lobby").pending).toEqual([])
        expect(texts(client.room("lobby").messages)).toEqual(["1", "2", "3", "4", "5", "6"])
      }
    },
  )

  test("a command may point at one that is still on its way", async () => {
    const { world, house, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    const { id } = room.say("helo")
    room.edit(id, "hello")
    room.say("an answer", { replyTo: id })
    room.react(id, "👍")
    await world.pass(MOMENT_MS)
    expect(lobby.events.slice(1).map(({ kind, target }) => [kind, target])).toEqual([
      ["message.posted", undefined],
      ["message.edited", 2],
      ["message.posted", undefined],
      ["reaction.added", 2],
    ])
    expect(room.messages.filter(({ type }) => type === "message")).toMatchObject([
      { text: "hello", editedAt: expect.any(Number), reactions: [{ emoji: "👍", count: 1 }] },
      { text: "an answer", replyTo: 2 },
    ])
    expect(house.heard.length).toBeGreaterThan(0)
  })

  test("a refusal for good marks the command, and the next is linked to the one before it", async () => {
    const { world, house, lobby, enter, submits } = scene()
    house.objects = ({ body }) =>
      (body as { text: string }).text === "bad" ? refuse("forbidden") : undefined
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    const outcomes = ["one", "bad", "two", "three"].map((text) => room.say(text).settled)
    await world.pass(5_000)
    expect(await Promise.all(outcomes)).toMatchObject([
      { type: "accepted" },
      { code: "forbidden" },
      { type: "accepted" },
      { type: "accepted" },
    ])
    expect(said(lobby.events.slice(1))).toEqual(["one", "two", "three"])
    expect(room.pending).toMatchObject([
      { is: "failed", body: { text: "bad" }, refusal: { code: "forbidden" } },
    ])
    const bad = submits().find(({ body }) => (body as { text: string }).text === "bad")
    const two = submits().filter(({ body }) => (body as { text: string }).text === "two")
    expect(two[0]?.prev).toBe(bad?.id ?? "")
    expect(two.at(-1)?.prev).not.toBe(bad?.id ?? "")
  })

  test("a failed command may be tried again, after what was said since, or be forgotten", async () => {
    const { world, house, lobby, enter } = scene()
    house.objects = () => refuse("forbidden")
    const kept = new Map<string, string>()
    const client = enter("ada", { cache: memoryCache(kept) })
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    const [first, second] = [room.say("first"), room.say("second")]
    await world.pass(MOMENT_MS)
    expect(room.pending.map(({ is }) => is)).toEqual(["failed", "failed"])
    house.objects = () => undefined
    room.say("third")
    const again = client.retry(first.id)
    client.discard(second.id)
    await world.pass(MOMENT_MS)
    expect(await again?.settled).toMatchObject({ type: "accepted", id: first.id })
    expect(said(lobby.events.slice(1))).toEqual(["third", "first"])
    expect(room.pending).toEqual([])
    expect(client.retry(first.id)).toBeUndefined()
    expect([...kept.keys()].filter((key) => key.startsWith("outbox/"))).toEqual([])
  })

  test("PROMISE-6 the log outranks the answer: a refusal of what is in the log is void", async () => {
    const { world, house, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const held: Down[] = []
    house.filter = (down) => {
      if (down.type === "accepted")
        return {
          type: "refused",
          of: "submit",
          room: lobby.id,
          id: down.id,
          ...refuse("forbidden"),
          retry: false,
        }
      if (down.type !== "events") return down
      held.push(down)
      return undefined
    }
    const room = client.room("lobby")
    room.say("in the log")
    await world.pass(MOMENT_MS)
    expect(room.pending.map(({ is }) => is)).toEqual(["failed"])
    house.filter = (down) => down
    for (const down of held) house.tell(down)
    await world.pass(MOMENT_MS)
    expect(room.pending).toEqual([])
    expect(texts(room.messages)).toEqual(["in the log"])
  })

  test("PROMISE-1 the event alone settles a command, whatever became of the answer", async () => {
    const { world, house, enter, submits } = scene()
    house.filter = (down) => (down.type === "accepted" ? undefined : down)
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const { id, settled } = client.room("lobby").say("hello")
    await world.pass(MOMENT_MS)
    expect(await settled).toMatchObject({ type: "accepted", id, seq: 2 } satisfies Partial<Accepted>)
    expect(submits()).toHaveLength(1)
  })

  test("SUBMIT-8 what may succeed later is tried again, after the time the server names, in order", async () => {
    const { world, house, lobby, enter, submits } = scene()
    let times = 0
    house.objects = ({ body }) =>
      (body as { text: string }).text === "1" && ++times <= 3
        ? refuse("too-fast", undefined, 2_000)
        : undefined
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    for (const text of ["1", "2", "3"]) room.say(text)
    await world.pass(1_900)
    expect(times).toBe(1)
    expect(room.pending[0]).toMatchObject({ is: "waiting", refusal: { code: "too-fast" } })
    await world.pass(WHILE_MS)
    expect(said(lobby.events.slice(1))).toEqual(["1", "2", "3"])
    // Each of the four rounds sends the three once, and not more.
    expect(submits().length).toBeLessThanOrEqual(12)
  })

  test("a text that no frame holds fails at once and is kept for the person", async () => {
    const { world, enter, submits } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const { settled } = client.room("lobby").say("x".repeat(70_000))
    expect(await settled).toMatchObject({ code: "too-large" })
    client.room("lobby").say("short")
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").pending).toMatchObject([{ is: "failed", refusal: { code: "too-large" } }])
    expect(submits()).toMatchObject([{ body: { text: "short" } }])
  })

  test("rooms do not wait for each other", async () => {
    const { world, house, bob, lobby, garden, enter } = scene()
    house.objects = ({ room }) => (room === lobby.id ? refuse("busy", undefined, 60_000) : undefined)
    const client = enter("bob")
    await world.pass(MOMENT_MS)
    client.room("lobby").say("stuck")
    client.room("garden").say("free")
    await world.pass(MOMENT_MS)
    expect(garden.events.at(-1)).toMatchObject({ by: bob.id, body: { text: "free" } })
  })

  test("what has to wait for the one before it is not sent again before that one is answered", async () => {
    const { world, house, lobby, enter, submits } = scene()
    house.weather = { delayMs: 0, loss: 0 }
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    let isHeld = true
    house.filter = (down) =>
      isHeld && down.type === "accepted" ? undefined : down.type === "events" ? undefined : down
    const first = room.say("1")
    const second = room.say("2")
    await world.pass(0)
    const notYet = {
      type: "refused",
      of: "submit",
      room: lobby.id,
      id: second.id,
      ...refuse("not-yet"),
      retry: true,
    } as const
    house.tell(notYet)
    await world.pass(MOMENT_MS)
    expect(submits()).toHaveLength(2)
    isHeld = false
    house.tell({ type: "accepted", room: lobby.id, id: first.id, seq: 2, at: 1 })
    await world.pass(MOMENT_MS)
    expect(submits().map(({ id, prev }) => [id, prev])).toEqual([
      [first.id, undefined],
      [second.id, first.id],
      [second.id, undefined],
    ])
    expect(room.pending).toEqual([])
  })

  test("many refusals of one moment are one reason to wait, and the wait begins small again after a success", async () => {
    const { world, house, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    for (let round = 1; round <= 8; round++) {
      const refused = new Set<string>()
      house.objects = ({ id = "" }) => {
        if (refused.has(id)) return undefined
        refused.add(id)
        return refuse("busy")
      }
      for (let count = 0; count < 10; count++) room.say(`${count}`)
      await world.pass(1_000)
      expect(lobby.events).toHaveLength(1 + round * 10)
    }
  })

  test("many rooms at once wait for room on the wire, and go on as answers come", async () => {
    const { world, house, ada, enter, submits } = scene()
    house.weather = { delayMs: 0, loss: 0 }
    const logs = Array.from({ length: 12 }, (_, index) => house.room(`room ${index}`, ada))
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    house.filter = (down) => (down.type === "accepted" || down.type === "events" ? undefined : down)
    for (const { id } of logs) for (let count = 0; count < 32; count++) client.room(id).say(`${count}`)
    await world.pass(0)
    expect(submits()).toHaveLength(256)
    house.filter = (down) => down
    for (const { room, id = "" } of submits()) house.tell({ type: "accepted", room, id, seq: 1, at: 1 })
    await world.pass(MOMENT_MS)
    expect(logs.map(({ events }) => events.length)).toEqual(logs.map(() => 33))
  })
})
