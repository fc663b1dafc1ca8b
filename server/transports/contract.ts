import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { assert, asyncProperty, uint8Array } from "fast-check"
import { limits } from "../../protocol/limits.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import type { Reception } from "./reception.ts"
import { type Bench, makeBench, parcel, type ScriptedSession, until, welcome } from "./testing/scripted.ts"

/** The far end of one connection, as a test drives it. */
export interface Client {
  /** One frame each, all in one write where the wire has writes. */
  send(...texts: readonly string[]): void
  /** Bytes on the wire as they are, framed or not. */
  sendRaw(bytes: Uint8Array): void
  /** The next frame's text; undefined when the wire is closed and all was read. */
  next(): Promise<string | undefined>
  /** Stops reading. */
  pause(): void
  resume(): void
  close(): void
}

/** An open door and the clients of a test at it. */
interface Door {
  /** Resolves once the wire is up, as far as the client can tell. */
  connect(): Promise<Client>
  /** Connections the door says are open. */
  connections(): number
  close(): Promise<void>
}

interface Transport {
  open(reception: Reception): Promise<Door>
  /** Whether an idle client that never reads is cut at last; a wire in memory has no such end. */
  readonly cuts: boolean
  /** How many connections a test opens to see that they leave nothing. */
  readonly crowd: number
}

const PING = '{"type":"ping"}'
const ping = (id: number) => `{"type":"ping","id":"${id}"}`

/** What every transport does for the core. */
export function transportContract(name: string, { open, cuts, crowd }: Transport): void {
  describe(`every transport: ${name}`, () => {
    let bench: Bench
    let door: Door
    beforeEach(async () => {
      bench = makeBench()
      door = await open(bench.reception)
    })
    afterEach(async () => {
      await door.close()
    })

    const meet = async (): Promise<{ client: Client; session: ScriptedSession }> => {
      const client = await door.connect()
      return { client, session: await bench.sessions.opened.take() }
    }
    const frames = async (client: Client, count: number) => {
      const all: string[] = []
      for (let i = 0; i < count; i++) all.push((await client.next()) ?? "closed")
      return all
    }
    const untilClosed = async (client: Client) => {
      const all: string[] = []
      for (let text = await client.next(); text !== undefined; text = await client.next()) all.push(text)
      return all
    }

    test("frames are heard in the order they were sent, many at once", async () => {
      const { client, session } = await meet()
      const count = 500
      client.send(...Array.from({ length: count }, (_, i) => ping(i)))
      for (let i = 0; i < count; i++) {
        expect(await session.heard.take()).toEqual({ type: "ping", id: String(i) })
      }
    })

    test("what a session sends at once arrives whole and in order", async () => {
      const { client, session } = await meet()
      session.peer.send([
        { type: "pong", id: "1", heads: [] },
        parcel(1, 2, (seq) => `nº ${seq}: ${"雨ß🌱".repeat(seq)}`),
        { type: "pong", id: "2", heads: [] },
      ])
      session.peer.send([{ type: "pong", id: "3", heads: [] }])
      const [first, events, second, third] = (await frames(client, 4)).map((text) => JSON.parse(text))
      expect([first.id, second.id, third.id]).toEqual(["1", "2", "3"])
      expect(events.events.map((event: { body: unknown }) => event.body)).toEqual([
        { text: "nº 1: 雨ß🌱" },
        { text: "nº 2: 雨ß🌱雨ß🌱" },
      ])
    })

    test("a frame larger than any buffer on the way arrives whole", async () => {
      const { client, session } = await meet()
      const sent = parcel(1, 200, (seq) => `${seq} ${"ł".repeat(12_000)}`)
      session.peer.send([sent])
      const text = (await client.next()) ?? ""
      expect(text.length).toBeGreaterThan(2_400_000)
      expect(JSON.parse(text).events).toEqual(
        sent.events.map(({ check: _, ...event }) => ({ ...event, body: JSON.parse(event.body ?? "") })),
      )
    })

    test("a parcel is encoded once for all, and once more for those who asked for names", async () => {
      const [one, two, three] = [await meet(), await meet(), await meet()]
      const news = parcel(1, 1, () => "hello")
      three.session.peer.names?.()
      for (const { session } of [one, two, three]) session.peer.send([news])
      const texts = [await one.client.next(), await two.client.next(), await three.client.next()]
      expect([...news.forms.keys()]).toEqual(["json", "json+names"])
      expect(texts.slice(0, 2)).toEqual([String(news.forms.get("json")), String(news.forms.get("json"))])
      expect(JSON.parse(texts[2] ?? "").events[0].name).toBe("ada")
    })

    test.each([
      ["what is not JSON", "hello?", "bad-frame"],
      ["a list", "[]", "bad-frame"],
      ["a type that is in every object", '{"type":"constructor"}', "bad-frame"],
      ["a prototype", '{"type":"ping","__proto__":{"id":"x"}}', "bad-frame"],
      ["a field nobody knows", '{"type":"ping","colour":1}', "bad-frame"],
      ["a value as deep as it is long", `{"type":"ping","id":${"[".repeat(30_000)}`, "bad-frame"],
      ["deep and closed", `{"type":"ping","id":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, "bad-frame"],
      ["a zero byte", "\u0000", "bad-frame"],
      ["one byte too many", `{"type":"ping"}${" ".repeat(limits.frameBytesMax - 14)}`, "too-large"],
    ])("%s is refused by its name and the connection lives", async (_, text, code) => {
      const { client, session } = await meet()
      client.send(text, PING)
      expect(await session.heard.take()).toMatchObject({ code })
      expect(await session.heard.take()).toEqual({ type: "ping" })
    })

    test("a frame of exactly the limit is heard", async () => {
      const { client, session } = await meet()
      client.send(`{"type":"ping"}${" ".repeat(limits.frameBytesMax - 15)}`)
      expect(await session.heard.take()).toEqual({ type: "ping" })
    })

    test("a client that stops reading makes the wire not ready; reading on makes it so, once, and nothing is lost", async () => {
      const { client, session } = await meet()
      client.pause()
      let sent = 0
      while (session.peer.ready() && sent < 1_000) {
        session.peer.send([parcel(sent + 1, sent + 1, () => "x".repeat(32_000))])
        sent += 1
      }
      expect(session.peer.ready()).toBe(false)
      expect(session.drains.size()).toBe(0)
      client.resume()
      await session.drains.take()
      expect(session.peer.ready()).toBe(true)
      session.peer.send([{ type: "pong", heads: [] }])
      const arrived = (await frames(client, sent + 1)).map((text) => JSON.parse(text).to ?? "pong")
      expect(arrived).toEqual([...Array.from({ length: sent }, (_, index) => index + 1), "pong"])
      expect(session.drains.size()).toBe(0)
    })

    if (cuts)
      test("a client that never reads is cut before it fills the memory", async () => {
        const { client, session } = await meet()
        client.pause()
        let sent = 0
        for (; session.closes === 0 && sent < 1_000; sent++) {
          session.peer.send([parcel(1, 1, () => "x".repeat(32_000))])
          await new Promise(setImmediate)
        }
        expect(sent).toBeLessThan(1_000)
        expect(session.closes).toBe(1)
        client.resume()
        client.close()
      })

    test("a refusal that closes is told, and afterwards nothing is sent or heard", async () => {
      const { client, session } = await meet()
      session.peer.send([{ type: "pong", id: "before", heads: [] }])
      session.peer.close(refuse("session-ended"))
      session.peer.send([{ type: "pong", id: "after", heads: [] }])
      session.peer.close(refuse("broken"))
      client.send(PING)
      const said = (await untilClosed(client)).map((text) => JSON.parse(text))
      expect(said).toEqual([
        { type: "pong", id: "before", heads: [] },
        { type: "refused", of: "session", ...refuse("session-ended"), retry: false },
      ])
      await session.gone.take()
      expect([session.closes, session.heard.size()]).toEqual([1, 0])
    })

    test("a client that leaves closes its session once; what it is sent then is gone", async () => {
      const { client, session } = await meet()
      client.send(PING)
      await session.heard.take()
      client.close()
      await session.gone.take()
      session.peer.send([{ type: "pong", heads: [] }])
      session.peer.close(refuse("restarting"))
      expect([session.closes, session.peer.ready()]).toEqual([1, true])
    })

    test("a session that breaks is closed as broken and logged, and others go on", async () => {
      const [broken, whole] = [await meet(), await meet()]
      bench.sessions.script = (session) => {
        if (session === broken.session) throw new Error("a bug")
      }
      broken.client.send(PING, PING)
      const said = await untilClosed(broken.client)
      expect(said.map((text) => JSON.parse(text).code)).toEqual(["broken"])
      expect([broken.session.heard.size(), broken.session.closes]).toEqual([1, 1])
      expect(bench.errors).toHaveLength(1)
      whole.client.send(PING)
      expect(await whole.session.heard.take()).toEqual({ type: "ping" })
    })

    test("a session that cannot be opened closes the connection as broken", async () => {
      bench.sessions.onOpen = () => {
        throw new Error("a bug")
      }
      const client = await door.connect()
      expect((await untilClosed(client)).map((text) => JSON.parse(text).code)).toEqual(["broken"])
      expect(bench.errors).toHaveLength(1)
      await until(() => bench.reception.sweep.size() === 0)
      expect(Object.values(bench.reception.counters.connections)).toEqual([0, 0, 0, 0, 0, 0])
    })

    test("a session may close its connection while it is being opened", async () => {
      bench.sessions.onOpen = (peer) => peer.close(refuse("restarting"))
      const { client, session } = await meet()
      expect((await untilClosed(client)).map((text) => JSON.parse(text).code)).toEqual(["restarting"])
      expect(session.closes).toBe(1)
      expect(Object.values(bench.reception.counters.connections)).toEqual([0, 0, 0, 0, 0, 0])
    })

    test("WIRE-5: who has not signed in after 30 seconds is sent away; who has stays", async () => {
      const [idle, ada] = [await meet(), await meet()]
      ada.session.peer.send([welcome])
      await ada.client.next()
      bench.world.advance(29_000)
      expect(idle.session.closes).toBe(0)
      bench.world.advance(3_000)
      expect((await untilClosed(idle.client)).map((text) => JSON.parse(text).code)).toEqual(["sign-in-first"])
      expect([idle.session.closes, ada.session.closes]).toEqual([1, 0])
      bench.world.advance(3_600_000)
      ada.client.send(PING)
      expect(await ada.session.heard.take()).toEqual({ type: "ping" })
    })

    test("garbage of any form hurts nobody else and never is a bug", async () => {
      const { client, session } = await meet()
      await assert(
        asyncProperty(uint8Array({ maxLength: 300 }), async (bytes) => {
          const eve = await meet()
          eve.client.sendRaw(bytes)
          eve.client.close()
          await eve.session.gone.take()
          while (eve.session.heard.size() > 0) expect(isHeard(await eve.session.heard.take())).toBe(true)
        }),
        { numRuns: 60 },
      )
      client.send(PING)
      expect(await session.heard.take()).toEqual({ type: "ping" })
      expect(bench.errors).toEqual([])
    })

    test(`${crowd} connections that came and went leave nothing`, async () => {
      const { reception, world } = bench
      for (let i = 0; i < crowd; i += 100) {
        const all = await Promise.all(Array.from({ length: 100 }, meet))
        expect(door.connections()).toBe(100)
        for (const [index, { client, session }] of all.entries()) {
          if (index % 2 === 0) session.peer.send([welcome])
          client.close()
        }
        for (const { session } of all) await session.gone.take()
      }
      expect(Object.values(reception.counters.connections)).toEqual([0, 0, 0, 0, 0, 0])
      expect([...reception.gate.seen.values()].map((seen) => seen.waiting)).toEqual([0])
      await until(() => reception.sweep.size() + world.waiting + door.connections() === 0)
    })
  })
}

function isHeard(heard: object): boolean {
  return isRefusal(heard) || "type" in heard
}
