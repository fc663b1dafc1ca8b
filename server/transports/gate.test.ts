import { expect, test } from "bun:test"
import { refuse } from "../../protocol/refusals.ts"
import { ask, createGate, enter, type GateLimits, hear, leave } from "./gate.ts"

const NOW = 1_800_000_000_000
const tight: GateLimits = {
  connectionsPerSecond: 2,
  connectionsBurst: 3,
  waitingMax: 4,
  bytesPerSecond: 100,
  bytesBurst: 1_000,
  requestsPerSecond: 10,
  requestsBurst: 5,
}
const EVE = "203.0.113.9"
const ADA = "203.0.113.1"

const count = (times: number, what: () => unknown) =>
  Array.from({ length: times }, what).filter((answer) => answer === undefined).length

test("an address connects as often as its burst, then at its rate, and hears how long to wait", () => {
  const gate = createGate(tight)
  const connect = (atMs: number) => {
    const refusal = enter(gate, EVE, atMs)
    if (!refusal) leave(gate, EVE)
    return refusal
  }
  expect(count(10, () => connect(NOW))).toBe(3)
  expect(connect(NOW)).toEqual(refuse("too-fast", connect(NOW)?.message, 500))
  expect(connect(NOW + 499)?.waitMs).toBe(1)
  expect(connect(NOW + 500)).toBeUndefined()
  expect(connect(NOW + 500)?.waitMs).toBe(500)
  expect(count(10, () => connect(NOW + 60_000))).toBe(3)
  expect(enter(gate, ADA, NOW)).toBeUndefined()
})

test("connections on which nobody has signed in are few at once, and each that ends makes room", () => {
  const gate = createGate(tight)
  for (let i = 0; i < 4; i++) expect(enter(gate, EVE, NOW + i * 1_000)).toBeUndefined()
  expect(enter(gate, EVE, NOW + 60_000)?.code).toBe("too-fast")
  expect(enter(gate, ADA, NOW + 60_000)).toBeUndefined()
  leave(gate, EVE)
  expect(enter(gate, EVE, NOW + 60_000)).toBeUndefined()
})

test("a whole /64 counts as one, its neighbour does not", () => {
  const gate = createGate({ ...tight, connectionsBurst: 1 })
  expect(enter(gate, "2001:db8:0:1::1", NOW)).toBeUndefined()
  expect(enter(gate, "2001:db8:0:1:dead::9", NOW)?.code).toBe("too-fast")
  expect(enter(gate, "2001:db8:0:2::1", NOW)).toBeUndefined()
})

test("bytes before sign-in and requests have buckets of their own", () => {
  const gate = createGate(tight)
  expect(enter(gate, EVE, NOW)).toBeUndefined()
  expect(hear(gate, EVE, 900, NOW)).toBeUndefined()
  expect(hear(gate, EVE, 101, NOW)?.code).toBe("too-fast")
  expect(hear(gate, EVE, 100, NOW)).toBeUndefined()
  expect(hear(gate, EVE, 100, NOW)?.waitMs).toBe(1_000)
  expect(hear(gate, EVE, 100, NOW + 1_000)).toBeUndefined()
  expect(count(20, () => ask(gate, EVE, NOW))).toBe(5)
})

test("loopback is let through at a rate no program of one machine reaches", () => {
  const gate = createGate(tight)
  expect(count(20_000, () => enter(gate, "127.0.0.1", NOW))).toBe(20_000)
})

test("a hundred thousand addresses leave at most 10,000 behind, and none that waits is forgotten", () => {
  const gate = createGate(tight)
  expect(enter(gate, EVE, NOW)).toBeUndefined()
  for (let i = 0; i < 100_000; i++) {
    const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
    if (enter(gate, address, NOW)) throw new Error("refused")
    leave(gate, address)
  }
  expect(gate.seen.size).toBe(10_000)
  expect(gate.seen.get(EVE)?.waiting).toBe(1)
})

test("when every remembered address has someone waiting, new ones are told that the server is busy", () => {
  const gate = createGate(tight)
  for (let i = 0; i < 10_000; i++) enter(gate, `10.0.${i >> 8}.${i & 255}`, NOW)
  expect(enter(gate, EVE, NOW)?.code).toBe("busy")
  expect(gate.seen.size).toBe(10_000)
  for (let i = 0; i < 8; i++) leave(gate, `10.0.0.${i}`)
  for (let i = 0; i < 10_000 && enter(gate, EVE, NOW); i++);
  expect(gate.seen.get(EVE)?.waiting).toBe(1)
})
