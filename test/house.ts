import type { Command } from "../protocol/event.ts"
import type { Accepted, Down, Events, Up } from "../protocol/frames.ts"
import type { HouseRole } from "../protocol/head.ts"
import { HOUSE_ACCOUNT, type Uuid, uuid7 } from "../protocol/ids.ts"
import { isRefusal, type Refusal } from "../protocol/refusals.ts"
import { localBus } from "../server/bus/local.ts"
import type { Accounts, Inbox, Log, Outgoing, Parcel, Peer, Who, World } from "../server/core/ports.ts"
import { Rates } from "../server/core/rates.ts"
import { OpenRooms } from "../server/core/rooms.ts"
import { OpenSessions } from "../server/core/sessions.ts"
import { Presences } from "../server/core/signals.ts"
import { Writes } from "../server/core/writes.ts"
import { makeCounters } from "../server/ops/counters.ts"
import { memoryLog } from "../server/store/memory.ts"
import { cast, castId, type Name, places } from "./cast.ts"

/** A clock that stands until it is moved, and a loop that turns when asked. */
class StillWorld implements World {
  nowMs = Date.UTC(2026, 4, 1, 9)
  #turns: (() => void)[] = []
  #timers: { readonly atMs: number; readonly run: () => void }[] = []
  #count = 0

  now(): number {
    return this.nowMs
  }

  random(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => {
      this.#count = (this.#count * 1_103_515_245 + 12_345) % 2 ** 31
      return this.#count >> 16
    })
  }

  digest(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(32)
    Bun.SHA256.hash(bytes, out)
    return out
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  turn(run: () => void): void {
    this.#turns.push(run)
  }

  /** Runs everything that can run without the clock moving, but for the coalescing of writes, which it lets pass. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet++) {
      for (const run of this.#turns.splice(0)) {
        run()
        quiet = 0
      }
      for (let turn = 0; turn < 20; turn++) await null
    }
    if (this.#timers.some((timer) => timer.atMs <= this.nowMs + 10)) await this.pass(10)
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    const due = this.#timers.filter((timer) => timer.atMs <= this.nowMs)
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.nowMs)
    for (const timer of due) timer.run()
    await this.settle()
  }
}

type Kind = Down["type"]

/** One connected person, as a test speaks for them. */
class Caller {
  readonly frames: Down[] = []
  isReady = true
  /** The wire is full after so many more writes. */
  fullAfter = Number.POSITIVE_INFINITY
  closedWith: Refusal | undefined
  /** How many times the wire was written to. */
  writes = 0
  /** The parcels themselves, to see who shares which. */
  readonly parcels: Parcel[] = []
  readonly #house: House
  inbox: Inbox

  constructor(house: House) {
    this.#house = house
    const peer: Peer = {
      send: (out) => this.#take(out),
      ready: () => this.isReady,
      close: (why) => {
        this.closedWith = why
      },
    }
    this.inbox = house.sessions.open(peer, { address: "127.0.0.1", transport: "memory" })
  }

  #take(out: readonly Outgoing[]): void {
    this.writes++
    this.fullAfter--
    if (this.fullAfter <= 0) this.isReady = false
    for (const one of out) {
      if (one.type !== "events") {
        this.frames.push(one)
        continue
      }
      this.parcels.push(one)
      const { forms: _, ...frame } = one
      const events = one.events.map((event) => ({
        ...event,
        body: event.body === null ? null : JSON.parse(event.body),
      }))
      this.frames.push({ ...frame, events })
    }
  }

  /** Sends, lets the house settle, and gives what came back. */
  async send(...frames: readonly Up[]): Promise<readonly Down[]> {
    const before = this.frames.length
    for (const frame of frames) this.inbox.receive(frame)
    await this.#house.world.settle()
    return this.frames.slice(before)
  }

  all<Type extends Kind>(type: Type): readonly Extract<Down, { type: Type }>[] {
    return this.frames.filter((frame): frame is Extract<Down, { type: Type }> => frame.type === type)
  }

  last<Type extends Kind>(type: Type): Extract<Down, { type: Type }> {
    const found = this.all(type).at(-1)
    if (!found)
      throw new Error(`No ${type} has come; there were ${this.frames.map((frame) => frame.type).join(", ")}.`)
    return found
  }

  /** Every event that has arrived of a room. */
  seen(room: Uuid): Events["events"] {
    return this.all("events")
      .filter((frame) => frame.room === room)
      .flatMap((frame) => frame.events)
  }

  /** The texts of the messages that have arrived of a room. */
  heard(room: Uuid): readonly string[] {
    return this.seen(room).flatMap(({ kind, body }) =>
      kind === "message.posted" && body ? [(body as { text: string }).text] : [],
    )
  }

  drain(): Promise<void> {
    this.isReady = true
    this.inbox.drained()
    return this.#house.world.settle()
  }
}

interface HouseOptions {
  /** A log around the one in memory, to watch it or to make it fail. */
  readonly around?: (log: Log) => Log
  readonly rate?: { readonly perSecond: number; readonly burst: number }
}

/** The real core over a log in memory, with the cast as its accounts. */
export class House {
  readonly world = new StillWorld()
  readonly log: ReturnType<typeof memoryLog>
  readonly rooms: OpenRooms
  readonly sessions: OpenSessions
  readonly broken: unknown[] = []
  readonly roles = new Map<Uuid, HouseRole>()
  readonly tokens = new Map<string, Who>()
  #ids = 0

  constructor(options: HouseOptions = {}) {
    const { world } = this
    const epoch = castId(0xe)
    this.log = memoryLog({ epoch, world })
    const log = options.around?.(this.log) ?? this.log
    for (const { id, name, display } of Object.values(cast)) {
      this.tokens.set(name, {
        id,
        name,
        display,
        role: "member",
        session: castId(0xc000 + this.tokens.size),
        self: castId(0xd000),
      })
    }
    const bus = localBus()
    const writes = new Writes(world)
    const broke = (error: unknown) => this.broken.push(error)
    const names = new Map<string, Uuid>(Object.values(places).map(({ id, name }) => [name, id]))
    const counters = makeCounters()
    this.rooms = new OpenRooms({
      log,
      bus,
      world,
      writes,
      rates: new Rates(world, options.rate ?? { perSecond: 1_000_000, burst: 1_000_000 }),
      epoch,
      named: async (fold) => names.get(fold),
      counters,
      knows: (account) => Object.values(cast).some(({ id }) => id === account),
      shared: false,
      broke,
    })
    this.sessions = new OpenSessions({
      world,
      rooms: this.rooms,
      accounts: this.#accounts(),
      requests: { answer: async (_, { name }) => ({ status: 200, body: { echo: name } }) },
      presences: new Presences(world, bus),
      writes,
      counters,
      server: () => ({ name: "Parley", version: "test" }),
      seen: () => {},
      roomsOf: async () => [],
      broke,
    })
    this.rooms.onAppended((room, events) => this.sessions.membersChanged(room, events))
  }

  #accounts(): Accounts {
    const byId = new Map([...this.tokens.values()].map((who) => [who.id, who]))
    return {
      enter: async ({ name, password }) => {
        const who = this.tokens.get(name ?? "")
        const right = who && password === cast[name as Name]?.password
        return right
          ? { who, token: who.name }
          : { code: "wrong-password", message: "The name or the password is wrong." }
      },
      resume: (token) => this.tokens.get(token),
      actor: (account) => ({ account, role: this.roles.get(account) ?? "member" }),
      account: (id) => byId.get(id),
      named: (name) => this.tokens.get(name),
    }
  }

  id(): Uuid {
    return uuid7(this.world.nowMs + this.#ids++, this.world.random(10))
  }

  /** A connection that has not said hello. */
  knock(): Caller {
    return new Caller(this)
  }

  /** Someone signed in, following these rooms from their beginning. */
  async call(name: Name, ...rooms: readonly Uuid[]): Promise<Caller> {
    const caller = this.knock()
    await caller.send({ type: "hello", version: 1, token: name })
    if (rooms.length > 0)
      await caller.send({ type: "follow", rooms: rooms.map((room) => ({ room, after: 0 })) })
    return caller
  }

  /** A room with its first member as owner; the others join. */
  async room(place: keyof typeof places, members: readonly Name[], body: object = {}): Promise<Uuid> {
    const { id, name } = places[place]
    const owner = members[0] ?? "ada"
    const created = {
      type: "room",
      name,
      visibility: "public",
      history: "shared",
      members: [cast[owner].id],
      ...body,
    }
    await this.act(
      "ada",
      id,
      { kind: "room.created", body: created },
      { system: true, account: HOUSE_ACCOUNT },
    )
    for (const other of members.slice(1)) await this.act(other, id, { kind: "member.joined", body: {} })
    return id
  }

  /** A command straight to the room; throws on a refusal. */
  async act(
    name: Name,
    room: Uuid,
    command: Omit<Command, "id"> & { readonly id?: Uuid },
    as?: { readonly system: true; readonly account: Uuid },
  ): Promise<Accepted> {
    const answer = await this.try(name, room, command, as)
    if (isRefusal(answer)) throw new Error(`${name} was refused: ${answer.code}: ${answer.message}`)
    return answer
  }

  /** A command straight to the room. */
  async try(
    name: Name,
    room: Uuid,
    command: Omit<Command, "id"> & { readonly id?: Uuid },
    as?: { readonly system: true; readonly account: Uuid },
  ): Promise<Accepted | Refusal> {
    const account = cast[name].id
    const actor = as
      ? ({ ...as, role: "owner" } as const)
      : { account, role: this.roles.get(account) ?? "member" }
    const answering = this.rooms.submit(room, actor, { id: this.id(), ...command })
    await this.world.settle()
    return answering
  }

  say(name: Name, room: Uuid, text: string): Promise<Accepted> {
    return this.act(name, room, { kind: "message.posted", body: { text } })
  }
}
