import { describe, expect, test } from "bun:test"
import { refuse } from "../protocol/refusals.ts"
import type { Message } from "../protocol/timeline.ts"
import { memoryCache } from "./caches/memory.ts"
import { MOMENT_MS, said, scene, texts, WHILE_MS } from "./testing/scene.ts"

describe("a restart", () => {
  test("what was not sent is sent by the next client over the same cache, in order, once", async () => {
    const { world, house, lobby, enter } = scene()
    const kept = new Map<string, string>()
    const first = enter("ada", { cache: memoryCache(kept) })
    await world.pass(MOMENT_MS)
    house.cut()
    await world.pass(1)
    for (const text of ["one", "two", "three"]) first.room("lobby").say(text)
    await world.pass(1)
    await first.close()
    expect(lobby.events).toHaveLength(1)
    const second = enter("ada", { cache: memoryCache(kept) })
    await world.pass(0)
    expect(second.room(lobby.id).pending.map(({ body }) => (body as Message).text)).toEqual([
      "one",
      "two",
      "three",
    ])
    second.room(lobby.id).say("four")
    await world.pass(MOMENT_MS)
    expect(said(lobby.events.slice(1))).toEqual(["one", "two", "three", "four"])
    expect([...kept.keys()].filter((key) => key.startsWith("outbox/"))).toEqual([])
  })

  test("what failed is still there to be tried again", async () => {
    const { world, house, lobby, enter } = scene()
    const kept = new Map<string, string>()
    house.objects = () => refuse("forbidden")
    const first = enter("ada", { cache: memoryCache(kept) })
    await world.pass(MOMENT_MS)
    const { id } = first.room("lobby").say("hello")
    await world.pass(MOMENT_MS)
    await first.close()
    house.objects = () => undefined
    const second = enter("ada", { cache: memoryCache(kept) })
    await world.pass(MOMENT_MS)
    expect(second.room(lobby.id).pending).toMatchObject([
      { id, is: "failed", refusal: { code: "forbidden" } },
    ])
    second.retry(id)
    await world.pass(MOMENT_MS)
    expect(said(lobby.events.slice(1))).toEqual(["hello"])
  })

  test("nobody sends the words of another account that used the same cache", async () => {
    const { world, house, lobby, bob, enter } = scene()
    const kept = new Map<string, string>()
    const first = enter("ada", { cache: memoryCache(kept) })
    await world.pass(MOMENT_MS)
    house.cut()
    await world.pass(1)
    first.room("lobby").say("ada's word")
    await world.pass(1)
    await first.close()
    const second = enter("bob", { cache: memoryCache(kept) })
    second.room("lobby").say("bob's word")
    await world.pass(WHILE_MS)
    expect(lobby.events.slice(1)).toMatchObject([{ by: bob.id, body: { text: "bob's word" } }])
    await second.close()
    enter("ada", { cache: memoryCache(kept) })
    await world.pass(WHILE_MS)
    expect(said(lobby.events.slice(1))).toEqual(["bob's word", "ada's word"])
  })

  test.each(["get", "list", "write"])(
    "a cache that fails to %s is told, and the client goes on",
    async (what) => {
      const { world, lobby, enter } = scene()
      const broken = async () => {
        throw new Error("no space")
      }
      const client = enter("ada", { cache: { ...memoryCache(), [what]: broken } })
      const troubles: unknown[] = []
      client.on("trouble", (trouble) => troubles.push(trouble))
      client.room("lobby").say("hello")
      await world.pass(MOMENT_MS)
      expect(said(lobby.events.slice(1))).toEqual(["hello"])
      expect(String(troubles[0])).toContain("no space")
    },
  )

  test("what was seen is shown before any connection, and the log goes on from there", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const kept = new Map<string, string>()
    const first = enter("ada", { cache: memoryCache(kept) })
    for (const text of ["one", "two"]) house.posts(lobby, bob, text)
    await world.pass(MOMENT_MS)
    await first.close()
    house.posts(lobby, bob, "three")
    const second = enter("ada", { cache: memoryCache(kept) })
    const news: string[] = []
    await world.pass(0)
    second.room("lobby").on("message", ({ text }) => news.push(text))
    expect(second.rooms.map(({ name }) => name)).toEqual(["lobby"])
    expect(texts(second.room("lobby").messages)).toEqual(["one", "two"])
    await world.pass(MOMENT_MS)
    expect(texts(second.room("lobby").messages)).toEqual(["one", "two", "three"])
    expect(news).toEqual(["three"])
    const follows = house.heard.flatMap(({ frame }) => (frame.type === "follow" ? frame.rooms : []))
    expect(follows.findLast(({ room }) => room === lobby.id)).toEqual({
      room: lobby.id,
      after: 3,
      epoch: lobby.epoch,
      check: house.check(lobby, 3),
    })
  })

  test("ERASE-2 what was kept of a deleted message is gone from the cache", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const kept = new Map<string, string>()
    let scrubbed = 0
    const cache = {
      ...memoryCache(kept),
      scrub: async () => {
        scrubbed++
      },
    }
    const client = enter("ada", { cache })
    const { seq } = house.posts(lobby, bob, "a secret")
    await world.pass(2_000)
    expect([...kept.values()].join()).toContain("a secret")
    expect(scrubbed).toBe(0)
    house.append(lobby, bob, { id: crypto.randomUUID(), kind: "message.deleted", body: {}, target: seq })
    await world.pass(2_000)
    expect([...kept.values()].join()).not.toContain("a secret")
    expect(scrubbed).toBe(1)
    expect(client.room("lobby").messages.at(-1)).toMatchObject({ deleted: true, text: "" })
  })

  test("nothing of a room is kept once one is put out of it", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const kept = new Map<string, string>()
    enter("ada", { cache: memoryCache(kept) })
    house.posts(lobby, bob, "inside talk")
    await world.pass(2_000)
    expect([...kept.values()].join()).toContain("inside talk")
    house.append(lobby, bob, { id: crypto.randomUUID(), kind: "member.removed", body: { account: ada.id } })
    await world.pass(5_000)
    expect([...kept.values()].join()).not.toContain("inside talk")
  })

  test("nothing of a room is kept after one was put out of it, also when that happened meanwhile", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const kept = new Map<string, string>()
    const first = enter("ada", { cache: memoryCache(kept) })
    house.posts(lobby, bob, "inside talk")
    await world.pass(MOMENT_MS)
    await first.close()
    expect([...kept.values()].join()).toContain("inside talk")
    house.append(lobby, bob, { id: crypto.randomUUID(), kind: "member.removed", body: { account: ada.id } })
    const second = enter("ada", { cache: memoryCache(kept) })
    await world.pass(2_000)
    expect(second.rooms).toEqual([])
    expect([...kept.values()].join()).not.toContain("inside talk")
  })

  test("who missed very much begins again near the end", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const kept = new Map<string, string>()
    const first = enter("ada", { cache: memoryCache(kept), begin: { last: 5 } })
    await world.pass(MOMENT_MS)
    await first.close()
    for (let count = 0; count < 1_100; count++) house.posts(lobby, bob, `${count}`)
    const second = enter("ada", { cache: memoryCache(kept), begin: { last: 5 } })
    await world.pass(MOMENT_MS)
    expect(texts(second.room("lobby").messages)).toEqual(["1095", "1096", "1097", "1098", "1099"])
  })

  test.each(["", "{}", "[1]", '{"card":{"name":"lobby"},"place":null}', "\u0000"])(
    "a room kept as %j is read anew",
    async (text) => {
      const { world, house, ada, bob, lobby, enter } = scene()
      house.posts(lobby, bob, "hello")
      const kept = new Map([
        ["account", JSON.stringify(ada)],
        [`room/${ada.id}/${lobby.id}`, text],
        [`outbox/${ada.id}/000000000001`, text],
      ])
      const client = enter("ada", { cache: memoryCache(kept) })
      await world.pass(MOMENT_MS)
      expect(texts(client.room("lobby").messages)).toEqual(["hello"])
    },
  )
})
