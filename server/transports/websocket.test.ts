import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { limits } from "../../protocol/limits.ts"
import { refuse } from "../../protocol/refusals.ts"
import { transportContract } from "./contract.ts"
import { createGate, WORLD } from "./gate.ts"
import { listenHttp } from "./http.ts"
import type { Listener } from "./reception.ts"
import { BINARY, dialWebSocket, frame, TEXT } from "./testing/clients.ts"
import { type Bench, makeBench, welcome } from "./testing/scripted.ts"

const nothing = {
  host: "127.0.0.1",
  port: 0,
  api: async () => undefined,
  web: async () => undefined,
  metrics: () => "",
  ready: () => undefined,
}

transportContract("websocket", {
  cuts: true,
  crowd: 1_000,
  open: async (reception) => {
    const listener = listenHttp(reception, nothing)
    return { ...listener, connect: () => dialWebSocket(listener) }
  },
})

describe("a WebSocket", () => {
  let bench: Bench
  let listener: Listener
  beforeEach(() => {
    bench = makeBench()
    listener = listenHttp(bench.reception, { ...nothing, publicUrl: "https://chat.example.org" })
  })
  afterEach(() => listener.close())

  const tokenWith = async (...headers: string[]) => {
    const client = await dialWebSocket(listener, headers)
    expect(client.head).toStartWith("HTTP/1.1 101")
    return (await bench.sessions.opened.take()).origin.token
  }

  test("speaks parley.1 to who names it or names nothing, and refuses who names only others", async () => {
    const named = await dialWebSocket(listener, ["Sec-WebSocket-Protocol: parley.9, parley.1"])
    expect(named.head).toContain("Sec-WebSocket-Protocol: parley.1")
    const silent = await dialWebSocket(listener, [])
    expect(silent.head).toStartWith("HTTP/1.1 101")
    expect(silent.head).not.toContain("Protocol:")
    const other = await dialWebSocket(listener, ["Sec-WebSocket-Protocol: parley.9"])
    expect(other.head).toStartWith("HTTP/1.1 400")
    await bench.sessions.opened.take()
    await bench.sessions.opened.take()
    expect(bench.sessions.opened.size()).toBe(0)
  })

  test("is compressed for nobody", async () => {
    const client = await dialWebSocket(listener, ["Sec-WebSocket-Extensions: permessage-deflate"])
    expect(client.head).not.toContain("Extensions")
  })

  test("brings the token of its Authorization, and the cookie only when our own page opened it", async () => {
    const cookie = "Cookie: a=b; __Host-parley=secret"
    expect(await tokenWith("Authorization: Bearer abc")).toBe("abc")
    expect(await tokenWith(cookie, "Origin: https://chat.example.org")).toBe("secret")
    expect(await tokenWith(cookie, "Origin: https://evil.example")).toBeUndefined()
    expect(await tokenWith(cookie, "Origin: https://chat.example.org.evil.example")).toBeUndefined()
    expect(await tokenWith(cookie, "Origin: http://chat.example.org")).toBeUndefined()
    expect(await tokenWith(cookie, "Origin: null")).toBeUndefined()
    expect(await tokenWith(cookie)).toBeUndefined()
    expect(await tokenWith()).toBeUndefined()
  })

  test("ends with a code that says why", async () => {
    const codes: Record<string, number> = {}
    for (const code of ["restarting", "sign-in-first", "session-ended", "too-slow", "broken"] as const) {
      const client = await dialWebSocket(listener)
      const session = await bench.sessions.opened.take()
      session.peer.close(refuse(code))
      while ((await client.next()) !== undefined);
      const ending = Buffer.from(client.ending() ?? [])
      expect(ending.subarray(2).toString()).toBe(code)
      codes[code] = ending.readUInt16BE(0)
    }
    expect(codes).toEqual({
      restarting: 1001,
      "sign-in-first": 1008,
      "session-ended": 4401,
      "too-slow": 4429,
      broken: 4500,
    })
  })

  test("refuses binary messages by name and lives on", async () => {
    const client = await dialWebSocket(listener)
    const session = await bench.sessions.opened.take()
    client.sendRaw(frame(BINARY, Buffer.from('{"type":"ping"}')))
    client.send('{"type":"ping"}')
    expect(await session.heard.take()).toMatchObject({ code: "bad-frame" })
    expect(await session.heard.take()).toEqual({ type: "ping" })
  })

  test("reads a message up to twice the limit to refuse it by name, and nothing above", async () => {
    const client = await dialWebSocket(listener)
    const session = await bench.sessions.opened.take()
    client.send("x".repeat(2 * limits.frameBytesMax))
    expect(await session.heard.take()).toMatchObject({ code: "too-large" })
    client.send("x".repeat(2 * limits.frameBytesMax + 1))
    await session.gone.take()
    expect([session.heard.size(), session.closes]).toEqual([0, 1])
  })

  test.each([
    ["text that is no UTF-8", frame(TEXT, Uint8Array.of(0xff, 0xfe))],
    ["a frame without a mask", Uint8Array.of(0x81, 2, 123, 125)],
    ["an opcode nobody knows", frame(5, Buffer.from("{}"))],
    ["a length of exabytes", Uint8Array.of(0x81, 0xff, 0x7f, ...Array(8).fill(0xff), 0, 0, 0, 0)],
  ])("%s ends the connection and nothing else", async (_, bytes) => {
    const [eve, ada] = [await dialWebSocket(listener), await dialWebSocket(listener)]
    const [its, hers] = [await bench.sessions.opened.take(), await bench.sessions.opened.take()]
    eve.sendRaw(bytes)
    await its.gone.take()
    ada.send('{"type":"ping"}')
    expect(await hers.heard.take()).toEqual({ type: "ping" })
    expect([its.heard.size(), bench.errors.length]).toEqual([0, 0])
  })

  test("is turned away at the door with 429 when its address has too many that wait", async () => {
    await listener.close()
    const strict = { ...WORLD, waitingMax: 1 }
    bench = makeBench({ gate: createGate(strict, strict) })
    listener = listenHttp(bench.reception, nothing)
    // What was no WebSocket after all takes nobody's place.
    expect((await fetch(`${listener.url}/ws`)).status).toBe(400)
    await dialWebSocket(listener)
    const session = await bench.sessions.opened.take()
    expect((await dialWebSocket(listener)).head).toStartWith("HTTP/1.1 429")
    session.peer.send([welcome])
    expect((await dialWebSocket(listener)).head).toStartWith("HTTP/1.1 101")
  })

  test("that sends more than its address may before signing in is sent away", async () => {
    await listener.close()
    const strict = { ...WORLD, bytesBurst: 40 }
    bench = makeBench({ gate: createGate(strict, strict) })
    listener = listenHttp(bench.reception, nothing)
    const [eve, ada] = [await dialWebSocket(listener), await dialWebSocket(listener)]
    const [its, hers] = [await bench.sessions.opened.take(), await bench.sessions.opened.take()]
    hers.peer.send([welcome])
    eve.send('{"type":"ping"}', '{"type":"ping"}', '{"type":"ping"}')
    await its.gone.take()
    expect(its.heard.size()).toBe(2)
    ada.send(`{"type":"ping"}${" ".repeat(1_000)}`)
    expect(await hers.heard.take()).toEqual({ type: "ping" })
  })
})
