import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { clientKey, isLoopback } from "./address.ts"

/** What one address may do before anyone has signed in. An IPv6 /64 counts as one address. */
export interface GateLimits {
  readonly connectionsPerSecond: number
  readonly connectionsBurst: number
  /** Connections at once on which nobody has signed in yet. */
  readonly waitingMax: number
  readonly bytesPerSecond: number
  readonly bytesBurst: number
  /** HTTP requests, whoever sends them; what an account may do is counted elsewhere. */
  readonly requestsPerSecond: number
  readonly requestsBurst: number
}

/** For the world: a school behind one address can connect a hall of people at once, a guesser cannot do much. */
export const WORLD: GateLimits = {
  connectionsPerSecond: 20,
  connectionsBurst: 200,
  waitingMax: 200,
  bytesPerSecond: 65_536,
  bytesBurst: 1_048_576,
  requestsPerSecond: 200,
  requestsBurst: 2_000,
}

/** For loopback: the operator's own programs, and everyone when a proxy forwards without `--trust-proxy`. */
const LOOPBACK: GateLimits = {
  connectionsPerSecond: 10_000,
  connectionsBurst: 50_000,
  waitingMax: 50_000,
  bytesPerSecond: 64 * 1_048_576,
  bytesBurst: 256 * 1_048_576,
  requestsPerSecond: 50_000,
  requestsBurst: 200_000,
}

/** Addresses remembered at once; the ones unheard of for longest are forgotten first. About 1.5 MB when full. */
const ADDRESSES_MAX = 10_000

/**
 * One address. The times are those of a generic cell rate algorithm (ITU-T I.371): when the bucket will be
 * full again. A time not after now means an untouched bucket, so a forgotten address is one that was let off.
 */
interface Seen {
  connectionsFullAtMs: number
  bytesFullAtMs: number
  requestsFullAtMs: number
  waiting: number
}

/** Who is at the door. State only; every decision is told the time. */
export interface Gate {
  readonly world: GateLimits
  readonly loopback: GateLimits
  readonly seen: Map<string, Seen>
}

export function createGate(world: GateLimits = WORLD, loopback: GateLimits = LOOPBACK): Gate {
  return { world, loopback, seen: new Map() }
}

/** A connection came: undefined lets it in and counts it as waiting until `leave`; a refusal counts nothing. */
export function enter(gate: Gate, address: string, nowMs: number): Refusal | undefined {
  const limits = limitsOf(gate, address)
  const seen = seenAt(gate, address)
  if (!seen) return refuse("busy", "Too many people are signing in; try again in a moment.", 5_000)
  if (seen.waiting >= limits.waitingMax) {
    return refuse("too-fast", "Too many connections from this address wait to sign in.", 1_000)
  }
  const everyMs = 1_000 / limits.connectionsPerSecond
  const fullAt = Math.max(seen.connectionsFullAtMs, nowMs) + everyMs
  const waitMs = Math.ceil(fullAt - nowMs - everyMs * limits.connectionsBurst)
  if (waitMs > 0) return refuse("too-fast", "Too many connections from this address; wait a little.", waitMs)
  seen.connectionsFullAtMs = fullAt
  seen.waiting += 1
  return undefined
}

/** Bytes came on a connection on which nobody has signed in. A refusal counts nothing. */
export function hear(gate: Gate, address: string, bytes: number, nowMs: number): Refusal | undefined {
  const limits = limitsOf(gate, address)
  const seen = seenAt(gate, address)
  if (!seen) return undefined
  const everyMs = 1_000 / limits.bytesPerSecond
  const fullAt = Math.max(seen.bytesFullAtMs, nowMs) + everyMs * bytes
  const waitMs = Math.ceil(fullAt - nowMs - everyMs * limits.bytesBurst)
  if (waitMs > 0) return refuse("too-fast", "Too much was sent from this address before signing in.", waitMs)
  seen.bytesFullAtMs = fullAt
  return undefined
}

/** An HTTP request came. A refusal counts nothing. */
export function ask(gate: Gate, address: string, nowMs: number): Refusal | undefined {
  const limits = limitsOf(gate, address)
  const seen = seenAt(gate, address)
  if (!seen) return refuse("busy")
  const everyMs = 1_000 / limits.requestsPerSecond
  const fullAt = Math.max(seen.requestsFullAtMs, nowMs) + everyMs
  const waitMs = Math.ceil(fullAt - nowMs - everyMs * limits.requestsBurst)
  if (waitMs > 0) return refuse("too-fast", "Too many requests from this address; wait a little.", waitMs)
  seen.requestsFullAtMs = fullAt
  return undefined
}

/** A connection that entered has signed in, or ended before it did. Exactly once for each that entered. */
export function leave(gate: Gate, address: string): void {
  const seen = gate.seen.get(clientKey(address))
  if (seen && seen.waiting > 0) seen.waiting -= 1
}

function limitsOf(gate: Gate, address: string): GateLimits {
  return isLoopback(address) ? gate.loopback : gate.world
}

/** The address's counters, moved to the end of the line of those to forget; undefined when nobody can be forgotten. */
function seenAt(gate: Gate, address: string): Seen | undefined {
  const key = clientKey(address)
  const known = gate.seen.get(key)
  if (known) gate.seen.delete(key)
  else if (gate.seen.size >= ADDRESSES_MAX && !forgetOne(gate)) return undefined
  const seen = known ?? { connectionsFullAtMs: 0, bytesFullAtMs: 0, requestsFullAtMs: 0, waiting: 0 }
  gate.seen.set(key, seen)
  return seen
}

/** How many of those in line are looked at to find one to forget. */
const LOOKS = 8

/** Forgets the address unheard of for longest; one with connections waiting goes back to the end, its count must return to 0. */
function forgetOne(gate: Gate): boolean {
  let looks = 0
  for (const [key, seen] of gate.seen) {
    gate.seen.delete(key)
    if (seen.waiting === 0) return true
    gate.seen.set(key, seen)
    looks += 1
    if (looks === LOOKS) break
  }
  return false
}
