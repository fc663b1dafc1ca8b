import type { Up } from "../../../protocol/frames.ts"
import { limits } from "../../../protocol/limits.ts"
import type { Refusal } from "../../../protocol/refusals.ts"
import type { Inbox, Logger, Origin, Parcel, Peer, Sessions, Stop, Stored, World } from "../../core/ports.ts"
import { createReception, type Reception, type ReceptionOptions } from "../reception.ts"

/** Things that come one after the other, for who awaits them. */
export interface Queue<Thing> {
  put(thing: Thing): void
  take(): Promise<Thing>
  /** Put and not yet taken. */
  size(): number
}

export function makeQueue<Thing>(): Queue<Thing> {
  const things: Thing[] = []
  const takers: ((thing: Thing) => void)[] = []
  return {
    put(thing) {
      const taker = takers.shift()
      if (taker) taker(thing)
      else things.push(thing)
    },
    take: async () => {
      const [thing] = things.splice(0, 1)
      return thing ?? new Promise((resolve) => takers.push(resolve))
    },
    size: () => things.length,
  }
}

/** Waits for the loop to bring something about that nothing tells of. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate)
}

/** What the core's end of one connection heard, and what it does about it. */
export class ScriptedSession implements Inbox {
  readonly peer: Peer
  readonly origin: Origin
  readonly heard = makeQueue<Up | Refusal>()
  readonly drains = makeQueue<true>()
  readonly gone = makeQueue<true>()
  /** How often `closed` was called; once is right. */
  closes = 0
  /** Done whenever the wire has room again. */
  onDrained: () => void = () => {}
  readonly #script: Script

  constructor(peer: Peer, origin: Origin, script: Script) {
    this.peer = peer
    this.origin = origin
    this.#script = script
  }

  receive(frame: Up): void {
    this.heard.put(frame)
    this.#script(this, frame)
  }

  garbled(why: Refusal): void {
    this.heard.put(why)
    this.#script(this, why)
  }

  drained(): void {
    this.drains.put(true)
    this.onDrained()
  }

  closed(): void {
    this.closes += 1
    this.gone.put(true)
  }
}

export type Script = (session: ScriptedSession, heard: Up | Refusal) => void

/** Sessions that do what a test says. */
class ScriptedSessions implements Sessions {
  readonly opened = makeQueue<ScriptedSession>()
  /** Done by every session on whatever it hears: like a real one, it answers a ping. */
  script: Script = (session, heard) => {
    if (!("type" in heard) || heard.type !== "ping") return
    session.peer.send([{ type: "pong", ...(heard.id !== undefined && { id: heard.id }), heads: [] }])
  }
  /** Done when one is opened, before it is. */
  onOpen: (peer: Peer) => void = () => {}

  open(peer: Peer, from: Origin): Inbox {
    this.onOpen(peer)
    const session = new ScriptedSession(peer, from, (its, heard) => this.script(its, heard))
    this.opened.put(session)
    return session
  }
}

/** Time that passes when a test says so. */
export class ManualWorld implements Pick<World, "now" | "after"> {
  #nowMs = 1_800_000_000_000
  readonly #due = new Set<{ readonly atMs: number; readonly run: () => void }>()

  now(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): Stop {
    const one = { atMs: this.#nowMs + ms, run }
    this.#due.add(one)
    return () => this.#due.delete(one)
  }

  /** Runs what falls due on the way, in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const [next] = [...this.#due].sort((a, b) => a.atMs - b.atMs)
      if (!next || next.atMs > untilMs) break
      this.#due.delete(next)
      this.#nowMs = next.atMs
      next.run()
    }
    this.#nowMs = untilMs
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#due.size
  }
}

/** A reception with scripted sessions behind it, and what it told the operator. */
export interface Bench {
  readonly sessions: ScriptedSessions
  readonly world: ManualWorld
  readonly reception: Reception
  /** Bugs it logged. */
  readonly errors: string[]
}

export function makeBench(more: Partial<ReceptionOptions> = {}): Bench {
  const sessions = new ScriptedSessions()
  const world = new ManualWorld()
  const errors: string[] = []
  const log: Logger = {
    error: (message) => void errors.push(message),
    warn: () => {},
    info: () => {},
    debug: () => {},
  }
  const counters = {
    connections: { websocket: 0, tcp: 0, udp: 0, irc: 0, http: 0, memory: 0 },
    framesReceivedTotal: 0,
  }
  const nameOf = (account: string) => (account === ADA ? "ada" : undefined)
  return {
    sessions,
    world,
    errors,
    reception: createReception({ sessions, nameOf, log, counters, world, ...more }),
  }
}

const ADA = "019a0000-0000-7000-8000-00000000a001"
const LOBBY = "019a0000-0000-7000-8000-00000000b001"

/** Events from..to of the lobby, each with a text. */
export function parcel(from: number, to: number, text: (seq: number) => string): Parcel {
  const events: Stored[] = []
  for (let seq = from; seq <= to; seq++) {
    const body = JSON.stringify({ text: text(seq) })
    events.push({ seq, id: LOBBY, at: 1, by: ADA, kind: "message.posted", body, check: "00" })
  }
  return {
    type: "events",
    room: LOBBY,
    epoch: LOBBY,
    after: from - 1,
    to,
    check: "00",
    events,
    forms: new Map(),
  }
}

/** Ada has signed in. */
export const welcome = {
  type: "welcome",
  version: 1,
  server: { name: "parley", version: "0" },
  account: { id: "a", name: "ada", display: "Ada", role: "member" },
  session: { id: "s" },
  self: "l",
  rooms: [],
  limits,
} as const
