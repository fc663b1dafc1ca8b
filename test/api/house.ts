import { expect } from "bun:test"
import { Compile } from "typebox/compile"
import type { SignalDown, Up } from "../../protocol/frames.ts"
import type { HouseRole } from "../../protocol/head.ts"
import { HOUSE_ROOM, type Uuid, uuid7 } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { PROTOCOL_VERSION } from "../../protocol/version.ts"
import { openAccounts } from "../../server/accounts/open.ts"
import { systemActor } from "../../server/accounts/self.ts"
import type { Handler } from "../../server/api/handler.ts"
import { type OpenApi, openApi } from "../../server/api/open.ts"
import type { PaceLimits } from "../../server/api/pace.ts"
import { Refusal } from "../../server/api/shapes.ts"
import { table } from "../../server/api/table.ts"
import { localBus } from "../../server/bus/local.ts"
import type {
  AccountServices,
  Accounts,
  Answer,
  HouseFold,
  Log,
  Origin,
  Outgoing,
  Peer,
  SearchIndex,
  Who,
} from "../../server/core/ports.ts"
import { Rates } from "../../server/core/rates.ts"
import { OpenRooms } from "../../server/core/rooms.ts"
import { OpenSessions } from "../../server/core/sessions.ts"
import { Presences } from "../../server/core/signals.ts"
import { Writes } from "../../server/core/writes.ts"
import { NotifyFollower } from "../../server/notify/follower.ts"
import { makeCounters } from "../../server/ops/counters.ts"
import { searchLanguage } from "../../server/search/query.ts"
import { openStore } from "../../server/store/open.ts"
import { openSearch } from "../../server/store/search.ts"
import type { Store } from "../../server/store/store.ts"
import { cheap, HandWorld } from "../accounts/village.ts"

const byName = new Map(table.map((handler) => [handler.name, handler]))
const checks = new Map<string, ReturnType<typeof Compile>>()
const refusal = Compile(Refusal)

/** Every answer of every test is held against what the document says of it. */
function conform(handler: Handler, { status, body }: Answer): void {
  if (status >= 400) {
    expect(refusal.Check(body)).toBe(true)
    return
  }
  const check = checks.get(handler.name) ?? Compile(handler.output)
  checks.set(handler.name, check)
  const told: unknown = JSON.parse(JSON.stringify(body))
  if (!check.Check(told)) {
    const [first] = check.Errors(told)
    throw new Error(`${handler.name} answers what it does not promise: ${JSON.stringify(first)}`)
  }
  expect(handler.status).toContain(status)
}

/** Someone of the house, as a test speaks for them. */
export interface Neighbour {
  readonly name: string
  readonly who: Who
  readonly token: string
}

interface Options {
  readonly store?: Store
  readonly world?: HandWorld
  readonly pace?: PaceLimits
  /** A log around the store's, to see what happens between two reads. */
  readonly around?: (log: Log) => Log
}

/** The request table over the real core, accounts, search and notifications, and a store in memory. */
export class ApiHouse {
  readonly world: HandWorld
  readonly store: Store
  readonly rooms: OpenRooms
  readonly accounts: Accounts
  readonly services: AccountServices
  readonly fold: HouseFold
  readonly signals: Presences
  readonly search: SearchIndex
  readonly notify: NotifyFollower
  readonly sessions: OpenSessions
  readonly api: OpenApi
  readonly broken: unknown[]
  /** What devices were told, by account. */
  readonly heard: Heard[]

  private constructor(parts: Made) {
    this.world = parts.world
    this.store = parts.store
    this.rooms = parts.rooms
    this.accounts = parts.accounts
    this.services = parts.services
    this.fold = parts.fold
    this.signals = parts.signals
    this.search = parts.search
    this.notify = parts.notify
    this.sessions = parts.sessions
    this.broken = parts.broken
    this.heard = parts.heard
    this.api = parts.api
  }

  static async make(options: Options = {}): Promise<ApiHouse> {
    return new ApiHouse(await make(options))
  }

  /** Another process over the same store: after a restart, or beside this one. */
  another(): Promise<ApiHouse> {
    return ApiHouse.make({ store: this.store, world: this.world })
  }

  async close(): Promise<void> {
    await this.api.close()
    await this.notify.stop()
    await this.search.close()
  }

  // ------------------------------------------------------------ asking

  /** A request as a frame carries it. */
  async ask(who: Neighbour | undefined, name: string, input: object = {}, id?: Uuid): Promise<Answer> {
    const asked = { name, input, ...(id !== undefined && { id }) }
    const answer = await this.api.answer(who?.who, asked, home(who?.name ?? "nobody"))
    const handler = byName.get(name)
    if (handler) conform(handler, answer)
    return answer
  }

  /** The body of an answer that is none of refusal. */
  async get<Body>(who: Neighbour | undefined, name: string, input: object = {}, id?: Uuid): Promise<Body> {
    const { status, body } = await this.ask(who, name, input, id)
    if (status >= 400) throw new Error(`${name} was refused: ${JSON.stringify(body)}`)
    return body as Body
  }

  /** The code of a refusal, or the status where it is none. */
  async code(who: Neighbour | undefined, name: string, input: object = {}, id?: Uuid): Promise<string> {
    const { status, body } = await this.ask(who, name, input, id)
    return isRefusal(body as object) ? (body as { code: string }).code : String(status)
  }

  /** The same over HTTP. */
  async http(
    who: Neighbour | undefined,
    line: string,
    body?: unknown,
    init: RequestInit = {},
  ): Promise<Said> {
    const [method = "", path = ""] = line.split(" ")
    const headers = new Headers(init.headers)
    if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json")
    const request = new Request(`http://parley.example${path}`, {
      method,
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...init,
      headers,
    })
    const origin = { ...home(who?.name ?? "nobody"), ...(who && { token: who.token }) }
    const response = await this.api.http(request, origin)
    if (!response) throw new Error(`Nobody answers ${line}.`)
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === "" ? undefined : JSON.parse(text),
    }
  }

  // ------------------------------------------------------------ people and rooms

  /** Somebody new, signed in. */
  async person(name: string, role: HouseRole = "member"): Promise<Neighbour> {
    const password = `${name} walks by the river`
    const entered = await this.accounts.enter({ name, password, register: true }, home(name))
    if (isRefusal(entered)) throw new Error(`${name}: ${entered.message}`)
    const { who, token } = entered
    if (role !== who.role) await this.services.roles.setRole(systemActor, who.id, role)
    await this.follow()
    return { name, token: token ?? "", who: { ...who, role } }
  }

  /** A room of the first one's; the others are invited and join. */
  async room(
    name: string,
    [owner, ...others]: readonly [Neighbour, ...Neighbour[]],
    more: object = {},
  ): Promise<Uuid> {
    const { id } = await this.get<{ id: Uuid }>(owner, "rooms.create", {
      name,
      visibility: "private",
      ...more,
    })
    for (const other of others) {
      await this.get(owner, "members.invite", { room: id, account: other.who.id })
      await this.get(other, "members.join", { room: id })
    }
    return id
  }

  async say(who: Neighbour, room: Uuid, text: string, more: object = {}): Promise<number> {
    const body = { text, ...more }
    return (await this.get<{ seq: number }>(who, "events.create", { room, kind: "message.posted", body })).seq
  }

  async act(who: Neighbour, room: Uuid, kind: string, target?: number, body: object = {}): Promise<number> {
    const event = { room, kind, body, ...(target !== undefined && { target }) }
    return (await this.get<{ seq: number }>(who, "events.create", event)).seq
  }

  /** A connection of somebody who follows these logs from their beginning, and all the places it has heard of. */
  async listen(
    who: Neighbour | undefined,
    logs: readonly Uuid[],
  ): Promise<ReadonlyMap<Uuid, readonly number[]>> {
    const heard = new Map(logs.map((room) => [room, [] as number[]]))
    const inbox = this.sessions.open(
      {
        ready: () => true,
        close: () => undefined,
        send: (out) => {
          for (const frame of out)
            if (frame.type === "events") heard.get(frame.room)?.push(...frame.events.map(({ seq }) => seq))
        },
      },
      home(who?.name ?? "nobody"),
    )
    inbox.receive({ type: "hello", version: PROTOCOL_VERSION, ...(who && { token: who.token }) })
    inbox.receive({ type: "follow", rooms: logs.map((room) => ({ room, after: 0 })) })
    await this.settle()
    return heard
  }

  /** What comes back over a connection of somebody who sends these frames. */
  async converse(who: Neighbour, frames: readonly Up[]): Promise<readonly Outgoing[]> {
    const heard: Outgoing[] = []
    const peer: Peer = {
      ready: () => true,
      close: () => undefined,
      send: (out) => {
        heard.push(...out)
      },
    }
    const inbox = this.sessions.open(peer, home(who.name))
    inbox.receive({ type: "hello", version: PROTOCOL_VERSION, token: who.token })
    for (const frame of frames) inbox.receive(frame)
    // A pong comes when everything before it is settled.
    inbox.receive({ type: "ping" })
    while (!heard.some(({ type }) => type === "pong")) await this.settle()
    return heard
  }

  /** Lets everything that was set going come to its end. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) {
      await new Promise<void>((done) => setImmediate(done))
      this.world.pass(10)
    }
  }

  id(): Uuid {
    return uuid7(this.world.nowMs, this.world.random(10))
  }

  /** Follows the house log, the search and the notifications to the end of now. */
  async follow(): Promise<void> {
    const events = await this.store.log.read(HOUSE_ROOM, this.#followed, 10_000)
    for (const event of events) {
      await this.fold.apply(event)
      this.#followed = event.seq
    }
    await this.notify.settle()
    await this.search.lag()
  }

  #followed = 0
}

interface Heard {
  readonly account: Uuid
  readonly signal: SignalDown
}

type Made = Awaited<ReturnType<typeof make>>

async function make({ store: kept, world = new HandWorld(), pace, around }: Options) {
  const store = kept ?? (await openStore({ kind: "memory" }))
  const log = around?.(store.log) ?? store.log
  const { records, pages, feed } = store
  const broken: unknown[] = []
  const heard: Heard[] = []
  const broke = (error: unknown) => broken.push(error)
  const { rooms, bus, writes, counters } = roomsOver(store, log, world, broke)
  const { accounts, services, house, tellSelf } = await openAccounts({
    records,
    world,
    passwords: cheap,
    rooms,
    revocations: { revoked: (...whom) => sessions.revoked(...whom) },
    settings: { name: "Parley", registration: "open", welcome: "" },
    broke,
  })
  const search = await openSearch({ kind: "memory", feed, broke })
  const signals = new Presences(world, bus)
  const notify = new NotifyFollower({ log, feed, rooms, records, accounts, tellSelf, world, broke })
  const api = openApi({
    version: "test",
    world,
    rooms,
    log,
    pages,
    records,
    accounts,
    services,
    search,
    language: searchLanguage,
    signals: {
      presence: (account) => signals.presence(account),
      tell: (account, signal) => {
        heard.push({ account, signal })
      },
    },
    sessionCookie: "__Host-parley",
    broke,
    ...(pace && { pace }),
  })
  const sessions = new OpenSessions({
    world,
    rooms,
    accounts,
    requests: api,
    presences: signals,
    writes,
    counters,
    server: () => ({ name: "Parley", version: "test" }),
    seen: (who) => services.sessions.seen(who),
    roomsOf: (account) => pages.roomsOf(account),
    broke,
  })
  return {
    sessions,
    world,
    store,
    rooms,
    accounts,
    services,
    fold: house,
    signals,
    search,
    notify,
    api,
    broken,
    heard,
  }
}

/** The core without its doors. */
function roomsOver(store: Store, log: Log, world: HandWorld, broke: (error: unknown) => void) {
  const bus = localBus()
  const writes = new Writes(world)
  const counters = makeCounters()
  const rooms = new OpenRooms({
    log,
    bus,
    world,
    writes,
    rates: new Rates(world, { perSecond: 10_000, burst: 10_000 }),
    counters,
    epoch: store.epoch,
    named: (fold) => holderOf(store.records, fold),
    knows: () => true,
    shared: false,
    broke,
  })
  return { rooms, bus, writes, counters }
}

async function holderOf(records: Store["records"], fold: string): Promise<Uuid | undefined> {
  const claims = records.db.selectFrom("claim").select("holder").where("space", "=", "room")
  return (await claims.where("key", "=", fold).executeTakeFirst())?.holder
}

interface Said {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: unknown
}

export function home(name: string): Origin {
  const number = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 250, 7)
  return { address: `192.0.2.${number}`, transport: "memory" }
}
