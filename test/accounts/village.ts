import type { KyselyPlugin, QueryId } from "kysely"
import { HOUSE_ROOM, type Uuid, uuid7 } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import { type AccountsParts, type OpenAccounts, openAccounts } from "../../server/accounts/open.ts"
import { systemActor } from "../../server/accounts/self.ts"
import {
  type Entered,
  type HouseSettings,
  type Origin,
  type Passwords,
  type Records,
  StoreRefused,
  type World,
} from "../../server/core/ports.ts"
import { Rates } from "../../server/core/rates.ts"
import { OpenRooms } from "../../server/core/rooms.ts"
import { Writes } from "../../server/core/writes.ts"
import { makeCounters } from "../../server/ops/counters.ts"
import { openStore, type StoreOptions } from "../../server/store/open.ts"
import { argon2id } from "../../server/store/passwords.ts"
import type { Store } from "../../server/store/store.ts"
import { cast, type Name } from "../cast.ts"

/** A clock that stands until it is moved; everything else is the machine's. */
export class HandWorld implements World {
  nowMs = Date.UTC(2026, 4, 1, 9)
  #timers: { readonly atMs: number; readonly run: () => void }[] = []

  now(): number {
    return this.nowMs
  }

  random(bytes: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(bytes))
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
    setImmediate(run)
  }

  pass(ms: number): void {
    this.nowMs += ms
    const due = this.#timers.filter((timer) => timer.atMs <= this.nowMs)
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.nowMs)
    for (const timer of due) timer.run()
  }
}

interface Barrier {
  readonly stops: (what: string) => boolean
  readonly reach: () => void
  readonly opened: Promise<void>
}

/** Stops one piece of work where a test wants it, so that something else can happen first. */
export class Road {
  /** Every write is refused, as by a full disk. */
  isFull = false
  #barriers: Barrier[] = []

  /** Stops the next work of this description; `reached` resolves when it stands there. */
  stop(what: string): { readonly reached: Promise<void>; readonly go: () => void } {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
    const { promise: opened, resolve: go } = Promise.withResolvers<void>()
    this.#barriers.push({ stops: (each) => each.startsWith(what), reach, opened })
    return { reached, go }
  }

  async pass(what: string): Promise<void> {
    const barrier = this.#barriers.find(({ stops }) => stops(what))
    if (!barrier) return
    this.#barriers = this.#barriers.filter((each) => each !== barrier)
    barrier.reach()
    await barrier.opened
  }

  passwords({ hash, verify, outdated }: Passwords): Passwords {
    const after = async <Value>(what: string, work: Promise<Value>) => {
      const value = await work
      await this.pass(what)
      return value
    }
    return {
      hash: (password) => after("hash", hash(password)),
      verify: (password, known) => after("verify", verify(password, known)),
      outdated,
    }
  }

  /** Statements stop after they ran: `select session`; transactions before: `transaction update "account"`. */
  records({ db, atomically }: Records): Records {
    const asked = new WeakMap<QueryId, string>()
    const plugin: KyselyPlugin = {
      transformQuery: ({ node, queryId }) => {
        if (node.kind !== "SelectQueryNode") this.#write()
        else {
          const table = node.from?.froms[0]
          if (table?.kind === "TableNode" && "table" in table)
            asked.set(queryId, `select ${JSON.stringify(table).match(/"name":"(\w+)"/)?.[1]}`)
        }
        return node
      },
      transformResult: async ({ queryId, result }) => {
        await this.pass(asked.get(queryId) ?? "write")
        return result
      },
    }
    return {
      db: db.withPlugin(plugin),
      atomically: async (writes) => {
        await this.pass(`transaction ${writes.map((write) => write.compile().sql).join("; ")}`)
        this.#write()
        await atomically(writes)
      },
    }
  }

  #write(): void {
    if (this.isFull) throw new StoreRefused("store-full", "database or disk is full")
  }

  rooms(rooms: OpenRooms): AccountsParts["rooms"] {
    return {
      head: (room) => rooms.head(room),
      submit: async (room, actor, command) => {
        await this.pass(`submit ${command.kind}`)
        if (this.isFull) return refuse("store-full")
        return rooms.submit(room, actor, command)
      },
    }
  }
}

interface VillageOptions {
  readonly store?: StoreOptions
  readonly settings?: Partial<HouseSettings>
  readonly limits?: AccountsParts["limits"]
  readonly passwords?: Passwords
  readonly road?: Road
}

/** One session that was told to end. */
interface Ended {
  readonly account: Uuid
  readonly session: Uuid | undefined
}

/** Hashing that costs next to nothing, by the same port and the same library. */
export const cheap = argon2id({ memoryKiB: 64, passes: 1 })

/** Accounts over a real store and a real house log. */
export class Village {
  readonly world: HandWorld
  readonly store: Store
  readonly rooms: OpenRooms
  readonly ended: Ended[] = []
  readonly broken: unknown[] = []
  readonly open: OpenAccounts

  private constructor(world: HandWorld, store: Store, rooms: OpenRooms, open: OpenAccounts, told: Told) {
    this.world = world
    this.store = store
    this.rooms = rooms
    this.open = open
    this.ended = told.ended
    this.broken = told.broken
  }

  static async make(options: VillageOptions = {}): Promise<Village> {
    const world = new HandWorld()
    const store = await openStore(options.store ?? { kind: "memory" })
    return Village.#over(world, store, options)
  }

  static async #over(world: HandWorld, store: Store, options: VillageOptions): Promise<Village> {
    const told: Told = { ended: [], broken: [] }
    const broke = (error: unknown) => told.broken.push(error)
    const rooms = new OpenRooms({
      log: store.log,
      bus: { ring: () => undefined, on: () => () => undefined },
      world,
      writes: new Writes(world),
      rates: new Rates(world, { perSecond: 1_000, burst: 1_000 }),
      counters: makeCounters(),
      epoch: store.epoch,
      named: async () => undefined,
      knows: () => true,
      shared: true,
      broke,
    })
    const road = options.road ?? new Road()
    const open = await openAccounts({
      records: road.records(store.records),
      world,
      passwords: road.passwords(options.passwords ?? cheap),
      rooms: road.rooms(rooms),
      revocations: {
        revoked: (account, session) => {
          told.ended.push({ account, session })
        },
      },
      settings: { name: "Parley", registration: "open", welcome: "", ...options.settings },
      ...(options.limits && { limits: options.limits }),
      broke,
    })
    return new Village(world, store, rooms, open, told)
  }

  /** Another process over the same tables and log: after a restart, or beside this one. */
  another(options: VillageOptions = {}): Promise<Village> {
    return Village.#over(this.world, this.store, options)
  }

  get accounts() {
    return this.open.accounts
  }

  get services() {
    return this.open.services
  }

  /** Follows the house log to its end, as main does all the time, or to just before a seq. */
  async follow(before = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      const [event] = await this.store.log.read(HOUSE_ROOM, this.#followed, 1)
      if (!event || event.seq >= before) return
      await this.open.house.apply(event)
      this.#followed = event.seq
    }
  }

  /** How far the house log goes. */
  async houseSeq(): Promise<number> {
    return (await this.store.log.head(HOUSE_ROOM))?.seq ?? 0
  }

  #followed = 0

  /** What the house log holds, by kind and body. */
  async told(): Promise<readonly { readonly kind: string; readonly body: unknown }[]> {
    const events = await this.store.log.read(HOUSE_ROOM, 0, 10_000)
    return events.map(({ kind, body }) => ({ kind, body: JSON.parse(body ?? "null") }))
  }

  // ------------------------------------------------------------ people

  /** Someone who has registered. Throws on a refusal. */
  async settle(name: Name, from: Origin = home(name)): Promise<Required<Entered>> {
    return entered(await this.register(name, cast[name].password, { from }))
  }

  register(
    name: string,
    password: string,
    { invite, from = home("ada") }: { readonly invite?: string; readonly from?: Origin } = {},
  ): Promise<Entered | Refusal> {
    return this.accounts.enter({ name, password, register: true, ...(invite && { invite }) }, from)
  }

  signIn(name: string, password: string, from: Origin): Promise<Entered | Refusal> {
    return this.accounts.enter({ name, password, client: "a test" }, from)
  }

  async owner(name: Name = "ada"): Promise<Required<Entered>> {
    const code = this.services.setup.code() ?? ""
    const claim = { code, name, password: cast[name].password }
    return entered(await this.services.setup.claimOwner(claim, home(name)))
  }

  actor({ who }: Entered): Actor {
    return this.accounts.actor(who.id)
  }

  /** A room made by its first member. */
  async room(id: Uuid, name: string, owner: Entered, visibility: "public" | "private" = "private") {
    const body = { type: "room", name, visibility, history: "shared", members: [owner.who.id] }
    const made = await this.rooms.submit(id, systemActor, { id: this.id(), kind: "room.created", body })
    if (isRefusal(made)) throw new Error(made.message)
  }

  id(): Uuid {
    return uuid7(this.world.nowMs, this.world.random(10))
  }
}

interface Told {
  readonly ended: Ended[]
  readonly broken: unknown[]
}

/** Where someone lives: each in a network of their own. */
export function home(name: Name): Origin {
  const houses = { ada: 1, bob: 2, cleo: 3, dan: 4, eve: 5 } as const
  return { address: `192.0.2.${houses[name]}`, transport: "memory" }
}

/** The entry, with its token; throws on a refusal. */
export function entered(answer: Entered | Refusal): Required<Entered> {
  if (isRefusal(answer)) throw new Error(`Refused: ${answer.code}: ${answer.message}`)
  if (answer.token === undefined) throw new Error("No token was told.")
  return { who: answer.who, token: answer.token }
}

/** The code of a refusal, or what there is instead of one. */
export function codeOf(answer: object | undefined): string {
  if (answer === undefined) return "done"
  return isRefusal(answer) ? answer.code : "done"
}

/** What was answered; throws on a refusal. */
export function granted<Value extends object>(answer: Value | Refusal): Exclude<Value, Refusal> {
  if (isRefusal(answer)) throw new Error(`Refused: ${answer.code}: ${answer.message}`)
  return answer as Exclude<Value, Refusal>
}
