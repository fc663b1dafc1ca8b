import { describe, expect, test } from "bun:test"
import { refuse } from "../protocol/refusals.ts"
import type { Hearing } from "./ports.ts"
import { MOMENT_MS, scene, stateOf, texts, WHILE_MS } from "./testing/scene.ts"

describe("coming in", () => {
  test("the client opens, signs in, follows its rooms and shows what was said", async () => {
    const { world, house, bob, lobby, enter } = scene()
    for (const text of ["one", "two", "three", "four"]) house.posts(lobby, bob, text)
    const states: string[] = []
    const client = enter("ada")
    client.on("state", ({ is }) => states.push(is))
    await world.pass(MOMENT_MS)
    expect(states).toEqual(["connecting", "signing-in", "online"])
    expect(client.rooms.map(({ name }) => name)).toEqual(["lobby"])
    expect(texts(client.room("lobby").messages)).toEqual(["one", "two", "three", "four"])
  })

  test("what others say is heard live, and is news", async () => {
    const { world, house, bob, lobby, enter } = scene()
    house.posts(lobby, bob, "before")
    const client = enter("ada")
    const news: string[] = []
    client.room("lobby").on("message", ({ text }) => news.push(text))
    await world.pass(MOMENT_MS)
    house.posts(lobby, bob, "now")
    await world.pass(MOMENT_MS)
    expect(news).toEqual(["now"])
    expect(texts(client.room("lobby").messages)).toEqual(["before", "now"])
  })

  test("a script may go in and speak at once, by the room's name, before anything is connected", async () => {
    const { world, garden, ada, enter } = scene()
    const client = enter("ada")
    const room = client.room("#garden")
    const heard: string[] = []
    room.on("message", ({ text }) => heard.push(text))
    room.join()
    const { settled } = room.say("hello")
    await world.pass(MOMENT_MS)
    expect(await settled).toMatchObject({ type: "accepted", room: garden.id })
    expect(garden.events.slice(-2).map(({ kind, by }) => [kind, by])).toEqual([
      ["member.joined", ada.id],
      ["message.posted", ada.id],
    ])
    expect(heard).toEqual(["hello"])
    expect(room.ref).toBe(garden.id)
    expect(room.pending).toEqual([])
    expect(client.room("garden")).toBe(room)
  })

  test("going into a room one is in already is no failure", async () => {
    const { world, enter } = scene()
    const client = enter("ada")
    client.room("lobby").join()
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").pending).toEqual([])
    expect(client.room("lobby").isMember).toBe(true)
  })

  test("after signing in by password the token is used, so that the password travels once", async () => {
    const { world, house, enter } = scene()
    enter("ada")
    await world.pass(MOMENT_MS)
    house.cut()
    await world.pass(WHILE_MS)
    const hellos = house.heard.flatMap(({ frame }) => (frame.type === "hello" ? [frame] : []))
    expect(hellos.map(({ token, password }) => [token, password])).toEqual([
      [undefined, "correct horse"],
      ["token of ada", undefined],
    ])
  })
})

describe("being turned away", () => {
  test.each(["wrong-password", "session-ended", "bad-version", "banned"] as const)(
    "%s ends the client for good",
    async (code) => {
      const { world, house, enter } = scene()
      house.turnsAway = () => refuse(code)
      const client = enter("ada")
      await world.pass(WHILE_MS)
      expect(client.state).toEqual({ is: "ended", why: refuse(code) })
      expect(house.heard).toHaveLength(1)
      expect(world.nextMs).toBeUndefined()
    },
  )

  test("a session ended by the server while online ends the client", async () => {
    const { world, house, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    house.tell({ type: "refused", of: "session", ...refuse("session-ended"), retry: false })
    await world.pass(WHILE_MS)
    expect(client.state).toEqual({ is: "ended", why: refuse("session-ended") })
    expect(house.heard.filter(({ frame }) => frame.type === "hello")).toHaveLength(1)
  })

  test("a server that restarts is come back to", async () => {
    const { world, house, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    house.tell({ type: "refused", of: "session", ...refuse("restarting"), retry: true })
    const whys: string[] = []
    client.on("state", (state) => {
      if (state.is === "offline") whys.push(state.why)
    })
    await world.pass(WHILE_MS)
    expect(whys).toEqual([refuse("restarting").message])
    expect(client.state.is).toBe("online")
  })

  test("a busy server says how long to wait, and is not asked before", async () => {
    const { world, house, enter } = scene()
    let times = 0
    house.turnsAway = () => (++times === 1 ? refuse("busy", undefined, 5_000) : undefined)
    const client = enter("ada")
    await world.pass(5_000)
    expect(times).toBe(1)
    await world.pass(WHILE_MS)
    expect(client.state.is).toBe("online")
  })

  test("a registration whose answer was lost signs in with the same words", async () => {
    const { world, house, enter } = scene()
    const made = new Set<string>()
    house.turnsAway = ({ name = "", register }) => {
      if (!register) return undefined
      if (made.has(name)) return refuse("name-taken")
      made.add(name)
      house.cut()
      return undefined
    }
    const client = enter("eve", { register: true })
    await world.pass(WHILE_MS)
    expect(client.state.is).toBe("online")
  })

  test("a registration of somebody else's name is refused for good", async () => {
    const { world, house, enter } = scene()
    house.turnsAway = ({ register }) => (register ? refuse("name-taken") : undefined)
    const client = enter("ada", { register: true })
    await world.pass(WHILE_MS)
    expect(client.state).toEqual({ is: "ended", why: refuse("name-taken") })
  })
})

describe("coming back", () => {
  test("what was said meanwhile is there, once and in order", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    house.posts(lobby, bob, "one")
    await world.pass(MOMENT_MS)
    house.cut()
    await world.pass(1)
    for (let count = 2; count <= 12; count++) house.posts(lobby, bob, `${count}`)
    const news: string[] = []
    client.room("lobby").on("message", ({ text }) => news.push(text))
    await world.pass(WHILE_MS)
    expect(news).toEqual(Array.from({ length: 11 }, (_, index) => `${index + 2}`))
    expect(texts(client.room("lobby").messages)).toEqual(["one", ...news])
  })

  test("the waits grow and keep their jitter, the same for the same seed", async () => {
    const waits = async (seed: number) => {
      const { world, house, enter } = scene(seed)
      house.turnsAway = () => {
        house.cut()
        return refuse("busy")
      }
      const client = enter("ada")
      const found: number[] = []
      client.on("state", (state) => {
        if (state.is === "offline") found.push(state.againAtMs - world.now())
      })
      await world.pass(600_000)
      return found
    }
    const [first, again, other] = [await waits(1), await waits(1), await waits(2)]
    expect(first).toEqual(again)
    expect(first).not.toEqual(other)
    for (const [attempt, wait] of first.entries())
      expect(wait).toBeLessThan(Math.min(30_000, 1_000 * 2 ** attempt))
    expect(Math.max(...first)).toBeGreaterThan(8_000)
    expect(first.length).toBeGreaterThan(20)
  })

  test("once a connection has proved good, the waits begin small again", async () => {
    const { world, house, enter } = scene()
    const client = enter("ada")
    const waits: number[] = []
    client.on("state", (state) => {
      if (state.is === "offline") waits.push(state.againAtMs - world.now())
    })
    await world.pass(MOMENT_MS)
    for (let count = 0; count < 12; count++) {
      house.cut()
      await world.pass(WHILE_MS)
    }
    expect(waits).toHaveLength(12)
    expect(Math.max(...waits)).toBeLessThan(1_000)
  })

  test("what an old connection still says is not listened to", async () => {
    const { world, house, enter } = scene()
    const old: Hearing[] = []
    const link = house.link()
    const client = enter("ada", {
      link: {
        open(hear) {
          old.push(hear)
          return link.open(hear)
        },
      },
    })
    await world.pass(MOMENT_MS)
    house.cut()
    await world.pass(WHILE_MS)
    expect(old).toHaveLength(2)
    const ended = { type: "refused", of: "session", ...refuse("session-ended"), retry: false }
    old[0]?.frame(JSON.stringify(ended))
    old[0]?.closed("late")
    await world.pass(MOMENT_MS)
    expect(stateOf(client)).toBe("online")
  })

  test("when the network is back there is no waiting", async () => {
    const { world, house, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    house.turnsAway = () => {
      house.cut()
      return refuse("busy")
    }
    house.cut()
    await world.pass(100_000)
    house.turnsAway = () => undefined
    for (let ms = 0; ms < 30_000 && stateOf(client) !== "offline"; ms++) await world.pass(1)
    expect(stateOf(client)).toBe("offline")
    world.comeBack()
    await world.pass(MOMENT_MS)
    expect(stateOf(client)).toBe("online")
  })

  test("a connection that went silent is noticed and replaced", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    let isSilent = true
    house.filter = (frame) => (isSilent ? undefined : frame)
    house.posts(lobby, bob, "unheard")
    await world.pass(31_000)
    isSilent = false
    expect(client.state.is).not.toBe("online")
    await world.pass(WHILE_MS)
    expect(client.state.is).toBe("online")
    expect(texts(client.room("lobby").messages)).toEqual(["unheard"])
  })

  test("a slow replay is no silence: as long as frames come, the connection is alive", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada", { begin: { after: 0 } })
    const offline: string[] = []
    client.on("state", ({ is }) => offline.push(is))
    house.filter = (frame) => (frame.type === "pong" ? undefined : frame)
    await world.pass(1_000)
    for (let second = 0; second < 60; second++) {
      house.posts(lobby, bob, `${second}`)
      await world.pass(1_000)
    }
    expect(offline.filter((is) => is === "offline")).toEqual([])
  })

  test("closing ends everything: nothing is sent and no timer left", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    await client.close()
    const before = house.heard.length
    house.posts(lobby, bob, "unheard")
    await world.pass(WHILE_MS)
    expect(client.state).toEqual({ is: "ended" })
    expect(house.heard).toHaveLength(before)
    expect(world.nextMs).toBeUndefined()
    expect(texts(client.room("lobby").messages)).toEqual([])
  })
})
