import { describe, expect, test } from "bun:test"
import { refuse } from "../protocol/refusals.ts"
import { MOMENT_MS, scene, WHILE_MS } from "./testing/scene.ts"

describe("requests", () => {
  test("an answer is the body, a refusal is a value", async () => {
    const { world, house, enter } = scene()
    house.answers = (name, input, by) =>
      name === "echo"
        ? { status: 200, body: { input, by: by.name } }
        : { status: 404, body: refuse("no-such-request") }
    const client = enter("ada")
    const [echo, none] = [client.request("echo", { a: 1 }), client.request("sing", {})]
    await world.pass(MOMENT_MS)
    expect(await echo).toEqual({ input: { a: 1 }, by: "ada" })
    expect(await none).toEqual(refuse("no-such-request"))
  })

  test("what was asked when the connection broke is asked again, under the same id", async () => {
    const { world, house, enter } = scene()
    house.answers = () => ({ status: 201, body: { made: true } })
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const answer = client.request("rooms.create", { name: "attic" })
    await world.pass(2)
    house.cut()
    await world.pass(WHILE_MS / 4)
    expect(await answer).toEqual({ made: true })
    const ids = house.heard.flatMap(({ frame }) => (frame.type === "request" ? [frame.id] : []))
    expect(new Set(ids).size).toBe(1)
  })

  test("on a wire that loses frames it is asked until it is answered", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { world, house, enter } = scene(seed)
      house.answers = () => ({ status: 200, body: "yes" })
      const client = enter("ada", { link: house.link({ lossy: true }) })
      await world.pass(MOMENT_MS)
      house.weather = { delayMs: 20, loss: 0.4 }
      const answers = Array.from({ length: 5 }, () => client.request("echo", {}, WHILE_MS))
      await world.pass(WHILE_MS / 2)
      expect(await Promise.all(answers)).toEqual(answers.map(() => "yes"))
    }
  })

  test("without an answer the promise says so in time", async () => {
    const { world, house, enter } = scene()
    house.filter = (down) => (down.type === "response" ? undefined : down)
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const answer = client.request("rooms.list", {}, 10_000).catch(String)
    await world.pass(11_000)
    expect(await answer).toBe('Error: The server did not answer "rooms.list" within 10 seconds.')
  })

  test("closing the client ends what is open", async () => {
    const { world, enter } = scene()
    const client = enter("ada")
    const answer = client.request("rooms.list", {}).catch(String)
    await client.close()
    expect(await answer).toBe("Error: The client was closed.")
    await world.pass(WHILE_MS)
    expect(world.nextMs).toBeUndefined()
  })
})

describe("signals", () => {
  const typing = (room: string, account: string, on: boolean) =>
    ({ type: "signals", signals: [{ kind: "typing", room, account, on }] }) as const

  test("someone types until they stop, speak, fall silent or the connection breaks", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    const begins = async () => {
      house.tell(typing(lobby.id, bob.id, true))
      await world.pass(10)
      expect(room.typists).toEqual([bob.id])
    }
    const heard: number[] = []
    room.on("typing", (typists) => heard.push(typists.length))
    await begins()
    house.tell(typing(lobby.id, bob.id, false))
    await world.pass(10)
    expect(room.typists).toEqual([])
    await begins()
    house.posts(lobby, bob, "said")
    await world.pass(10)
    expect(room.typists).toEqual([])
    await begins()
    await world.pass(7_000)
    expect(room.typists).toEqual([])
    await begins()
    house.cut()
    await world.pass(10)
    expect(room.typists).toEqual([])
    expect(heard).toEqual([1, 0, 1, 0, 1, 0, 1, 0])
  })

  test("that we type is told every few seconds, however many keys are hit", async () => {
    const { world, house, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    for (let key = 0; key < 100; key++) {
      room.type()
      await world.pass(70)
    }
    room.type(false)
    room.type(false)
    await world.pass(MOMENT_MS)
    const told = house.heard.flatMap(({ frame }) => (frame.type === "signal" ? [frame] : []))
    expect(told).toEqual([
      { type: "signal", kind: "typing", room: room.ref, on: true },
      { type: "signal", kind: "typing", room: room.ref, on: true },
      { type: "signal", kind: "typing", room: room.ref, on: true },
      { type: "signal", kind: "typing", room: room.ref, on: false },
    ])
  })

  test("presence is shown for those who are watched, and asked for again after a cut", async () => {
    const { world, house, bob, cleo, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    client.watch([bob.id])
    client.show("idle")
    house.tell({ type: "signals", signals: [{ kind: "presence", account: bob.id, state: "online" }] })
    await world.pass(MOMENT_MS)
    expect(client.presence(bob.id)).toBe("online")
    expect(client.presence(cleo.id)).toBeUndefined()
    house.cut()
    await world.pass(10)
    expect(client.presence(bob.id)).toBeUndefined()
    await world.pass(WHILE_MS)
    const told = house.heard.flatMap(({ frame }) => (frame.type === "signal" ? [frame.kind] : []))
    expect(told).toEqual(["watch", "presence", "presence", "watch"])
  })
})
