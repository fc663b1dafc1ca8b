import { describe, expect, test } from "bun:test"
import type { Down } from "../protocol/frames.ts"
import { refuse } from "../protocol/refusals.ts"
import { MOMENT_MS, scene, texts, WHILE_MS } from "./testing/scene.ts"

describe("the log as it arrives", () => {
  const isNews = (down: Down) => down.type === "events" && down.events.length > 0

  test("FOLLOW-5 a lost frame is noticed by the next, and asked for again", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    let lost = 0
    house.filter = (down) => (isNews(down) && lost++ === 0 ? undefined : down)
    house.posts(lobby, bob, "one")
    house.posts(lobby, bob, "two")
    house.posts(lobby, bob, "three")
    await world.pass(MOMENT_MS)
    expect(texts(client.room("lobby").messages)).toEqual(["one", "two", "three"])
    const follows = house.heard.filter((one) => one.frame.type === "follow")
    expect(follows).toHaveLength(2)
  })

  test("PING-2 a lost last frame is noticed by the next pong", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    house.filter = (down) => (isNews(down) ? undefined : down)
    house.posts(lobby, bob, "the last word")
    await world.pass(MOMENT_MS)
    house.filter = (down) => down
    expect(texts(client.room("lobby").messages)).toEqual([])
    await world.pass(30_000)
    expect(texts(client.room("lobby").messages)).toEqual(["the last word"])
  })

  test("FOLLOW-5 frames that come twice, or overlap, are applied once", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const client = enter("cleo")
    house.append(lobby, ada, { id: crypto.randomUUID(), kind: "message.posted", body: { text: "x" } })
    client.room("lobby").join()
    await world.pass(MOMENT_MS)
    const post = house.posts(lobby, bob, "like this")
    house.append(lobby, ada, {
      id: crypto.randomUUID(),
      kind: "reaction.added",
      body: { emoji: "👍" },
      target: post.seq,
    })
    await world.pass(MOMENT_MS)
    const end = lobby.events.length
    const stretch = (after: number, to: number): Down => ({
      type: "events",
      room: lobby.id,
      epoch: lobby.epoch,
      after,
      to,
      check: house.check(lobby, to),
      events: lobby.events.slice(after, to),
    })
    const next = { ...post, seq: end + 1, id: crypto.randomUUID(), body: { text: "behind" } }
    lobby.events.push(next)
    house.tell(stretch(end - 2, end))
    house.tell(stretch(end - 2, end + 1))
    house.tell(stretch(end - 2, end + 1))
    house.tell(stretch(end - 2, end - 1))
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").replica?.place?.cursor).toBe(end + 1)
    const messages = client.room("lobby").messages
    expect(texts(messages).slice(-2)).toEqual(["like this", "behind"])
    expect(messages.find(({ seq }) => seq === post.seq)).toMatchObject({
      reactions: [{ emoji: "👍", count: 1, by: [ada.id] }],
    })
  })

  test("FOLLOW-5 numbers may be left out: contiguous is what begins at the cursor", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const end = lobby.events.length
    const hidden = {
      seq: end + 2,
      id: crypto.randomUUID(),
      at: 1,
      by: bob.id,
      kind: "message.posted",
      body: { text: "5" },
    }
    house.tell({
      type: "events",
      room: lobby.id,
      epoch: lobby.epoch,
      after: end,
      to: end + 4,
      check: "c".repeat(16),
      events: [hidden],
    })
    await world.pass(MOMENT_MS)
    expect(texts(client.room("lobby").messages)).toEqual(["5"])
    expect(client.room("lobby").replica?.place).toMatchObject({ cursor: end + 4, check: "c".repeat(16) })
    expect(house.heard.filter((one) => one.frame.type === "follow")).toHaveLength(1)
  })

  test("FOLLOW-5 a frame of another epoch is none of ours, even where its numbers fit", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const { place } = client.room("lobby").replica ?? {}
    const strange = {
      seq: 2,
      id: crypto.randomUUID(),
      at: 1,
      by: bob.id,
      kind: "message.posted",
      body: { text: "strange" },
    }
    house.tell({
      type: "events",
      room: lobby.id,
      epoch: crypto.randomUUID(),
      after: 1,
      to: 2,
      check: "c".repeat(16),
      events: [strange],
    })
    await world.pass(0)
    house.cut()
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").replica?.place).toEqual(place)
  })

  test("after a reset, what still comes of the old log is not taken for the new one", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    house.posts(lobby, bob, "old")
    await world.pass(MOMENT_MS)
    const old = { epoch: lobby.epoch, events: lobby.events.slice() }
    lobby.epoch = crypto.randomUUID()
    house.tell({ type: "reset", room: lobby.id, epoch: lobby.epoch, seq: 2 })
    house.tell({ type: "events", room: lobby.id, after: 0, to: 2, check: "c".repeat(16), ...old })
    house.filter = () => undefined
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").messages).toEqual([])
    expect(client.room("lobby").replica?.place).toBeUndefined()
  })

  test("FOLLOW-6 a log restored from a backup is begun again, also when it has grown past the cursor since", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    for (const text of ["one", "two", "three"]) house.posts(lobby, bob, text)
    await world.pass(MOMENT_MS)
    house.restore(lobby, 2)
    for (const text of ["zwei", "drei", "vier", "fünf"]) house.posts(lobby, bob, text)
    await world.pass(WHILE_MS)
    expect(texts(client.room("lobby").messages)).toEqual(["one", "zwei", "drei", "vier", "fünf"])
    house.posts(lobby, bob, "sechs")
    await world.pass(MOMENT_MS)
    expect(texts(client.room("lobby").messages).at(-1)).toBe("sechs")
  })

  test("when the past is opened, what was hidden is read too, and is no news", async () => {
    const { world, house, bob, lobby, enter } = scene()
    house.posts(lobby, bob, "long ago")
    const client = enter("ada", { begin: { after: 0 } })
    const news: string[] = []
    client.room("lobby").on("message", ({ text }) => news.push(text))
    let hides = true
    house.filter = (down) =>
      hides && down.type === "events" ? { ...down, events: down.events.filter(({ seq }) => seq > 2) } : down
    await world.pass(MOMENT_MS)
    house.posts(lobby, bob, "now")
    await world.pass(MOMENT_MS)
    expect(texts(client.room("lobby").messages)).toEqual(["now"])
    hides = false
    const body = { history: "shared", past: true }
    house.append(lobby, bob, { id: crypto.randomUUID(), kind: "room.history", body })
    await world.pass(MOMENT_MS)
    expect(texts(client.room("lobby").messages)).toEqual(["long ago", "now"])
    expect(news).toEqual(["now"])
  })

  test("SIGNAL-6 a room gone into from another device is followed here, and what was said since is news", async () => {
    const { world, house, ada, bob, garden, enter } = scene()
    const client = enter("ada")
    const news: string[] = []
    client.room("garden").on("message", ({ text }) => news.push(text))
    await world.pass(MOMENT_MS)
    house.posts(garden, bob, "before")
    house.append(garden, ada, { id: crypto.randomUUID(), kind: "member.joined", body: {} })
    house.posts(garden, bob, "welcome")
    house.tell({ type: "signals", signals: [{ kind: "membership", room: garden.id, member: true }] })
    await world.pass(MOMENT_MS)
    expect(texts(client.room(garden.id).messages)).toEqual(["before", "welcome"])
    expect(client.rooms.map(({ name }) => name)).toEqual(["lobby", "garden"])
    expect(client.room(garden.id).card?.topic).toBe("")
    house.posts(garden, bob, "and now")
    await world.pass(MOMENT_MS)
    expect(client.room("garden").messages).toBe(client.room(garden.id).messages)
    expect(news).toEqual(["welcome", "and now"])
  })

  test("a room that is left again before it is known is not followed again and again", async () => {
    const { world, house, ada, bob, garden, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    client.room(garden.id).join()
    house.appended = () => {
      house.appended = () => {}
      house.append(garden, bob, {
        id: crypto.randomUUID(),
        kind: "member.removed",
        body: { account: ada.id },
      })
    }
    house.answers = () => ({ status: 404, body: refuse("no-such-request") })
    await world.pass(60_000)
    expect(client.rooms.map(({ name }) => name)).toEqual(["lobby"])
    expect(house.heard.filter(({ frame }) => frame.type === "follow").length).toBeLessThan(4)
  })

  test("who is put out sees that last, and is outside", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const client = enter("ada")
    const about: boolean[] = []
    client.room("lobby")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    room.on("about", ({ isMember }) => about.push(isMember))
    house.append(lobby, bob, { id: crypto.randomUUID(), kind: "member.removed", body: { account: ada.id } })
    await world.pass(MOMENT_MS)
    expect(about).toEqual([false])
    expect(room.messages.at(-1)).toMatchObject({ type: "notice", kind: "member.removed" })
    expect(client.rooms).toEqual([])
  })
})
