import { readUp } from "../../protocol/check.ts"
import { downText, eventsText } from "../../protocol/codec.ts"

import type { RoomHead } from "../../protocol/frames.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal, type Refusal, refusals } from "../../protocol/refusals.ts"
import type { Link } from "../../sdk/ports.ts"
import type { Accounts, Log, Outgoing, Peer, Who } from "../../server/core/ports.ts"
import { Rates } from "../../server/core/rates.ts"
import { OpenRooms } from "../../server/core/rooms.ts"
import { OpenSessions } from "../../server/core/sessions.ts"
import { Presences } from "../../server/core/signals.ts"
import { Writes } from "../../server/core/writes.ts"
import { makeCounters } from "../../server/ops/counters.ts"
import { type FaultyBus, faultyLog, type Weather } from "./faults.ts"
import type { Life, SimulatedWorld } from "./world.ts"

/** Frames on their way to one client before its wire is full. */
const INFLIGHT_MAX = 3
/** A shared node reads on this often in every room that is followed. */
const SWEEP_EVERY_MS = 2_000

/** Accounts are given here; a token is the account's id. */
export interface SimulatedAccount {
  readonly id: Uuid
  readonly name: string
}

/** One server process: the real core over the shared log and bus. Killing it drops all it had not finished. */
export class SimulatedNode {
  readonly life: Life = { alive: true }
  readonly rooms: OpenRooms
  readonly sessions: OpenSessions
  /** Bugs that the core contained; there must be none. */
  readonly broken: unknown[] = []
  readonly #world: SimulatedWorld
  readonly #weather: Weather
  readonly #places: readonly Uuid[]
  readonly #wires = new Set<() => void>()

  constructor(
    world: SimulatedWorld,
    weather: Weather,
    log: Log,
    bus: FaultyBus,
    epoch: Uuid,
    people: readonly SimulatedAccount[],
    places: readonly Uuid[],
  ) {
    this.#places = places
    this.#world = world
    this.#weather = weather
    const seen = world.seenBy(this.life)
    const broke = (error: unknown) => this.broken.push(error)
    const accounts = accountsOf(people)
    const writes = new Writes(seen)
    const counters = makeCounters()
    this.rooms = new OpenRooms({
      log: faultyLog(world, this.life, weather, log),
      bus: bus.seenBy(this.life),
      world: seen,
      writes,
      rates: new Rates(seen, { perSecond: 1_000_000, burst: 1_000_000 }),
      epoch,
      named: async () => undefined,
      counters,
      knows: () => true,
      shared: true,
      broke,
    })
    this.sessions = new OpenSessions({
      world: seen,
      rooms: this.rooms,
      accounts,
      requests: {
        answer: async () => ({
          status: 404,
          body: { code: "no-such-request", message: "No requests here." },
        }),
      },
      presences: new Presences(seen, bus.seenBy(this.life)),
      writes,
      counters,
      server: () => ({ name: "simulation", version: "0" }),
      seen: () => {},
      roomsOf: (account) => this.roomsOf(account),
      broke,
    })
    const sweep = () => {
      this.rooms.sweep().catch(broke)
      world.after(this.life, SWEEP_EVERY_MS, sweep)
    }
    sweep()
  }

  /** Which of the world's rooms an account is in, as this node sees it. */
  async roomsOf(account: Uuid): Promise<readonly RoomHead[]> {
    const heads = await Promise.all(
      this.#places.map(async (room) => ({ room, head: await this.rooms.head(room) })),
    )
    return heads.flatMap(({ room, head }) => {
      if (!head?.type || !head.members.has(account)) return []
      const { type, name, visibility, seq } = head
      return [{ room, type, name, visibility, epoch: this.rooms.storeEpoch, seq }]
    })
  }

  kill(): void {
    this.life.alive = false
    for (const cut of [...this.#wires]) cut()
  }

  /** A connection. `lossy`: frames are lost and overtake each other; else they keep their order until the wire dies. */
  connect(
    client: Life,
    lossy: boolean,
    hear: Parameters<Link["open"]>[0],
  ): { send(text: string): void; close(): void; cut(): void } {
    const wire = new SimulatedWire(this.#world, this.life, client, () => (lossy ? this.#weather.frame : 0))
    const peer: Peer = {
      send: (out) => {
        for (const one of out) wire.down(text(one), (frame) => hear.frame(frame))
      },
      ready: () => wire.inflight < INFLIGHT_MAX,
      close: (why) => {
        wire.down(text(farewell(why)), (frame) => hear.frame(frame))
        wire.last(() => end())
      },
    }
    const inbox = this.sessions.open(peer, { address: "127.0.0.1", transport: lossy ? "udp" : "memory" })
    wire.drained = () => inbox.drained()
    const end = () => {
      if (!wire.open) return
      wire.open = false
      this.#wires.delete(end)
      if (this.life.alive) inbox.closed()
      this.#world.later(client, () => hear.closed("The wire was cut."))
    }
    this.#wires.add(end)
    this.#world.later(client, () => wire.open && hear.opened())
    const receive = (frame: string) => {
      const read = readUp(frame)
      if (isRefusal(read)) inbox.garbled(read)
      else inbox.receive(read)
    }
    return { send: (frame) => wire.up(frame, receive), close: end, cut: end }
  }
}

/** Two directions. A stream keeps order: one queue each way; datagrams each find their own way. */
class SimulatedWire {
  open = true
  inflight = 0
  drained: () => void = () => {}
  readonly #world: SimulatedWorld
  readonly #server: Life
  readonly #client: Life
  readonly #loss: () => number
  readonly #lanes = { up: new Lane(), down: new Lane() }

  constructor(world: SimulatedWorld, server: Life, client: Life, loss: () => number) {
    this.#world = world
    this.#server = server
    this.#client = client
    this.#loss = loss
  }

  up(frame: string, receive: (frame: string) => void): void {
    this.#carry("up", () => this.open && this.#server.alive && receive(frame))
  }

  down(frame: string, receive: (frame: string) => void): void {
    this.inflight++
    const lost = this.#world.chance(this.#loss())
    this.#carry("down", () => {
      this.inflight--
      if (!this.open) return
      if (!lost && this.#client.alive) receive(frame)
      if (this.inflight === INFLIGHT_MAX - 1 && this.#server.alive) this.drained()
    })
  }

  /** Runs after everything that is on its way down. */
  last(run: () => void): void {
    this.#carry("down", run)
  }

  #carry(way: "up" | "down", arrive: () => void): void {
    const loss = this.#loss()
    if (loss > 0) {
      if (way === "down" || !this.#world.chance(loss)) this.#world.later(this.#world.always, arrive)
      return
    }
    const lane = this.#lanes[way]
    lane.waiting.push(arrive)
    this.#world.later(this.#world.always, () => lane.waiting.shift()?.())
  }
}

class Lane {
  readonly waiting: (() => void)[] = []
}

function text(out: Outgoing): string {
  return out.type === "events" ? eventsText(out) : downText(out)
}

function farewell(why: Refusal): Outgoing {
  return { type: "refused", of: "session", ...why, retry: refusals[why.code].retry }
}

function accountsOf(people: readonly SimulatedAccount[]): Accounts {
  const known = new Map(people.map((one) => [one.id, { ...one, display: one.name, role: "member" as const }]))
  const who = (token: string): Who | undefined => {
    const account = known.get(token)
    return account && { ...account, session: account.id, self: account.id }
  }
  return {
    enter: async () => ({ code: "wrong-password", message: "Tokens only." }),
    resume: who,
    actor: (account) => ({ account, role: "member" }),
    account: (id) => known.get(id),
    named: () => undefined,
  }
}
