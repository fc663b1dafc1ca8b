import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { refuse } from "../../protocol/refusals.ts"
import { requires } from "../../test/programs.ts"
import { type Client, transportContract } from "./contract.ts"
import { createGate, WORLD } from "./gate.ts"
import type { Listener } from "./reception.ts"
import { listenTcp } from "./tcp.ts"
import { makeCertificate } from "./testing/certificate.ts"
import { dial, dialLines } from "./testing/clients.ts"
import { type Bench, makeBench, parcel, type Script, until, welcome } from "./testing/scripted.ts"

const here = { host: "127.0.0.1", port: 0 }

transportContract("tcp", {
  cuts: true,
  crowd: 1_000,
  open: async (reception) => {
    const listener = listenTcp(reception, here)
    return { ...listener, connect: () => dialLines(listener) }
  },
})

const openssl = requires("openssl")
if (openssl) {
  const tls = makeCertificate()
  transportContract("tcp over tls", {
    cuts: true,
    crowd: 200,
    open: async (reception) => {
      const listener = listenTcp(reception, { ...here, tls })
      return { ...listener, connect: () => dialLines({ port: listener.port, secure: true }) }
    },
  })
}

describe("lines over TCP", () => {
  let bench: Bench
  let listener: Listener
  beforeEach(() => {
    bench = makeBench()
    listener = listenTcp(bench.reception, here)
  })
  afterEach(() => listener.close())

  const meet = async () => {
    const client = await dialLines(listener)
    return { client, session: await bench.sessions.opened.take() }
  }
  const codes = async (client: Client) => {
    const all: string[] = []
    for (let text = await client.next(); text !== undefined; text = await client.next()) {
      all.push(JSON.parse(text).code ?? JSON.parse(text).id)
    }
    return all
  }
  /** As the real session does: what cannot be read is refused, and so is everything before the hello. */
  const likeReal: Script = (session, heard) => {
    const why = "type" in heard ? refuse("sign-in-first") : heard
    session.peer.send([{ type: "refused", of: "frame", ...why, retry: false }])
  }

  test("frames are heard however their bytes were cut, with CR LF or LF", async () => {
    const { client, session } = await meet()
    for (const byte of Buffer.from('{"type":"ping","id":"ß雨"}\r\n\n')) {
      client.sendRaw(Uint8Array.of(byte))
      await new Promise(setImmediate)
    }
    client.sendRaw(Buffer.from('{"type":"ping","id":"2"}\n{"type":"ping","id":"3"}\r\n{"type":"pi'))
    client.sendRaw(Buffer.from('ng","id":"4"}\n'))
    for (const id of ["ß雨", "2", "3", "4"]) expect(await session.heard.take()).toEqual({ type: "ping", id })
  })

  test("bytes that are no UTF-8 are refused, never replaced, and the next line is read", async () => {
    const { client, session } = await meet()
    client.sendRaw(
      Buffer.concat([Buffer.from('{"type":"ping","id":"'), Uint8Array.of(0xff), Buffer.from('"}\n')]),
    )
    client.send('{"type":"ping"}')
    expect(await session.heard.take()).toMatchObject({
      code: "bad-frame",
      message: "This line is not UTF-8 text.",
    })
    expect(await session.heard.take()).toEqual({ type: "ping" })
  })

  test("a person who types something is told where they are, once", async () => {
    const { client, session } = await meet()
    client.send("hello?", "anyone?")
    expect(await session.heard.take()).toMatchObject({
      message: expect.stringContaining("Parley chat server"),
    })
    expect(await session.heard.take()).toMatchObject({ message: "This line is not JSON." })
  })

  test("nothing behind the head of an HTTP request is heard: a web page could have sent it", async () => {
    const { client, session } = await meet()
    client.sendRaw(Buffer.from('POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n{"type":"ping"}\n'))
    expect(await codes(client)).toEqual(["bad-frame"])
    expect([session.heard.size(), session.closes]).toEqual([0, 1])
  })

  test("a line without an end costs its limit and not more", async () => {
    const { client, session } = await meet()
    for (let i = 0; i < 64; i++) client.sendRaw(new Uint8Array(65_536).fill(97))
    client.sendRaw(Buffer.from('\n{"type":"ping"}\n'))
    expect(await session.heard.take()).toMatchObject({ code: "too-large" })
    expect(await session.heard.take()).toEqual({ type: "ping" })
  })

  test("a client that closes its half gets every answer first, also to a last line without an end", async () => {
    const { client, session } = await meet()
    session.peer.send([welcome])
    await client.next()
    const { script } = bench.sessions
    bench.sessions.script = (its, heard) => void setImmediate(() => script(its, heard))
    client.socket.end('{"type":"ping","id":"1"}\n{"type":"ping","id":"2"}')
    expect(await codes(client)).toEqual(["1", "2"])
    expect(session.closes).toBe(1)
  })

  test("so does one that never signed in", async () => {
    const { client, session } = await meet()
    bench.sessions.script = likeReal
    client.socket.end('what is this\n{"type":"ping","id":"1"}')
    expect(await codes(client)).toEqual(["bad-frame", "sign-in-first"])
    expect(session.closes).toBe(1)
  })

  test("and one whose answers are more than the wire takes at once", async () => {
    const { client, session } = await meet()
    session.peer.send([welcome])
    await client.next()
    client.pause()
    const count = 600
    let sent = 0
    const pump = () => {
      for (; sent < count && session.peer.ready(); sent++) {
        session.peer.send([parcel(sent + 1, sent + 1, () => "x".repeat(32_000))])
      }
    }
    const { script } = bench.sessions
    bench.sessions.script = (its, heard) => {
      pump()
      script(its, heard)
    }
    session.onDrained = pump
    client.socket.end('{"type":"ping","id":"mine"}\n')
    await until(() => !session.peer.ready())
    client.resume()
    const arrived: unknown[] = []
    for (let text = await client.next(); text !== undefined; text = await client.next()) {
      arrived.push(JSON.parse(text).to ?? JSON.parse(text).id)
    }
    expect(arrived.filter((each) => each !== "mine")).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    expect(arrived.filter((each) => each === "mine")).toEqual(["mine"])
  })

  test("a session that never answers after the end is closed in time", async () => {
    const { client, session } = await meet()
    bench.sessions.script = () => {}
    client.socket.end()
    await session.heard.take()
    bench.world.advance(32_000)
    expect(await codes(client)).toEqual([])
    expect(session.closes).toBe(1)
  })

  test("a client that does not read its last words is cut", async () => {
    const { client, session } = await meet()
    session.peer.send([welcome])
    client.pause()
    while (session.peer.ready()) session.peer.send([parcel(1, 1, () => "x".repeat(32_000))])
    session.peer.close(refuse("too-slow"))
    expect([session.closes, listener.connections()]).toEqual([1, 1])
    bench.world.advance(7_000)
    await until(() => listener.connections() === 0)
    expect(bench.reception.sweep.size()).toBe(0)
    client.close()
  })

  test("an address with too many that wait is told so and turned away", async () => {
    await listener.close()
    const strict = { ...WORLD, waitingMax: 1 }
    bench = makeBench({ gate: createGate(strict, strict) })
    listener = listenTcp(bench.reception, here)
    const { session } = await meet()
    expect(await codes(await dialLines(listener))).toEqual(["too-fast"])
    session.peer.send([welcome])
    await meet()
  })

  test.if(requires("nc"))("somebody with nc gets an answer", async () => {
    bench.sessions.script = likeReal
    const nc = Bun.spawn(["nc", "-N", "127.0.0.1", String(listener.port)], {
      stdin: Buffer.from("good morning\n"),
      stdout: "pipe",
    })
    const said = await new Response(nc.stdout).text()
    expect(
      said
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).code),
    ).toEqual(["bad-frame"])
    expect(await nc.exited).toBe(0)
  })

  test.if(openssl)("a TLS handshake that never ends is counted and cut", async () => {
    await listener.close()
    listener = listenTcp(bench.reception, { ...here, tls: makeCertificate() })
    const socket = await dial(listener)
    await until(() => bench.reception.sweep.size() === 1)
    const closed = new Promise((resolve) => socket.once("close", resolve))
    socket.resume()
    bench.world.advance(40_000)
    await closed
    await until(() => listener.connections() === 0)
    expect([bench.sessions.opened.size(), bench.reception.sweep.size()]).toEqual([0, 0])
  })
})
