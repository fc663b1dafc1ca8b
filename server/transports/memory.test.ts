import { describe, expect, test } from "bun:test"
import { transportContract } from "./contract.ts"
import { connectMemory, type MemoryEnd, type Weather } from "./memory.ts"
import type { Reception } from "./reception.ts"
import { type Bench, makeBench, makeQueue, type ScriptedSession } from "./testing/scripted.ts"

/** Frames are carried by turns of the real loop; all other time stands still. */
function turning(reception: Reception): Reception {
  const { world } = reception
  const turn = (run: () => void) => {
    const immediate = setImmediate(run)
    return () => clearImmediate(immediate)
  }
  return {
    ...reception,
    world: { now: () => world.now(), after: (ms, run) => (ms === 0 ? turn(run) : world.after(ms, run)) },
  }
}

transportContract("memory", {
  cuts: false,
  crowd: 1_000,
  open: async (reception) => {
    let open = 0
    return {
      connections: () => open,
      close: async () => {},
      connect: async () => {
        const texts = makeQueue<string | undefined>()
        open += 1
        const wire = connectMemory(turning(reception), {
          weather: { unreadMax: 65_536 },
          hear: texts.put,
          closed: () => {
            open -= 1
            texts.put(undefined)
          },
        })
        return {
          send: (...all) => {
            for (const text of all) wire.send(text)
          },
          sendRaw: (bytes) => wire.send(new TextDecoder().decode(bytes)),
          next: texts.take,
          pause: wire.pause,
          resume: wire.resume,
          close: () => {
            open -= 1
            wire.cut()
          },
        }
      },
    }
  },
})

describe("weather", () => {
  const meet = async (
    weather: Weather,
  ): Promise<Bench & { wire: MemoryEnd; session: ScriptedSession; heard: string[] }> => {
    const bench = makeBench()
    const heard: string[] = []
    const wire = connectMemory(bench.reception, {
      weather,
      hear: (text) => heard.push(text),
      closed: () => {},
    })
    return { ...bench, wire, heard, session: await bench.sessions.opened.take() }
  }
  const ping = (id: number) => `{"type":"ping","id":"${id}"}`
  const idsOf = async (session: ScriptedSession) => {
    const ids: string[] = []
    while (session.heard.size() > 0) ids.push(JSON.stringify(await session.heard.take()))
    return ids.map((text) => JSON.parse(text).id ?? JSON.parse(text).code)
  }

  test("a late frame holds back the ones behind it", async () => {
    const late = [50, 10, 0]
    const { wire, session, world } = await meet({ latencyMs: () => late.shift() ?? 0 })
    for (const id of [1, 2, 3]) wire.send(ping(id))
    world.advance(49)
    expect(session.heard.size()).toBe(0)
    world.advance(1)
    expect(await idsOf(session)).toEqual(["1", "2", "3"])
  })

  test("datagrams overtake each other", async () => {
    const late = [50, 10, 0]
    const { wire, session, world } = await meet({ overtakes: true, latencyMs: () => late.shift() ?? 0 })
    for (const id of [1, 2, 3]) wire.send(ping(id))
    world.advance(50)
    expect(await idsOf(session)).toEqual(["3", "2", "1"])
  })

  test("what is lost never arrives, what is garbled arrives as something else", async () => {
    const { wire, session, world } = await meet({
      loses: (_, text) => text.includes('"2"'),
      garbles: (_, text) => text.replace('"3"', "3"),
    })
    for (const id of [1, 2, 3, 4]) wire.send(ping(id))
    world.advance(0)
    expect(await idsOf(session)).toEqual(["1", "bad-frame", "4"])
  })

  test("a wire that is cut loses what is on its way, both ways", async () => {
    const { wire, session, world, heard } = await meet({ latencyMs: () => 10 })
    wire.send(ping(1))
    session.peer.send([{ type: "pong", heads: [] }])
    wire.cut()
    world.advance(1_000)
    expect([session.heard.size(), heard.length, session.closes, world.waiting]).toEqual([0, 0, 1, 0])
  })
})
