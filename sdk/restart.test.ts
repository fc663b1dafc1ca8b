import { describe, expect, test } from "bun:test"
import { refuse } from "../protocol/refusals.ts"
import type { Message } from "../protocol/timeline.ts"
import { memoryCache } from "./caches/memory.ts"
import { MOMENT_MS, said, scene, WHILE_MS } from "./testing/scene.ts"

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

  test("a damaged or failing cache is told, and the client goes on", async () => {
    const { world, lobby, enter } = scene()
    const broken = async () => {
      throw new Error("no space")
    }
    const client = enter("ada", { cache: { ...memoryCache(), write: broken } })
    const troubles: unknown[] = []
    client.on("trouble", (trouble) => troubles.push(trouble))
    client.room("lobby").say("hello")
    await world.pass(MOMENT_MS)
    expect(said(lobby.events.slice(1))).toEqual(["hello"])
    expect(String(troubles[0])).toContain("no space")
  })
})
