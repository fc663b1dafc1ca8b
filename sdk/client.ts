import type { Event } from "../protocol/event.ts"
import type { Accepted, Down, Pong, Presence, Refused, SignalDown, Welcome } from "../protocol/frames.ts"
import type { Uuid } from "../protocol/ids.ts"
import { isRefusal, type Refusal } from "../protocol/refusals.ts"
import { memoryCache } from "./caches/memory.ts"
import type { Ask, PeopleTold, RoomTold } from "./calls.ts"
import type { Said } from "./commands.ts"
import { Connection, type Credentials, type State } from "./connection.ts"
import { Emitter } from "./emitter.ts"
import { Keeper } from "./keeper.ts"
import { isSameName, keptAccount, readAccount } from "./kept.ts"
import { Marks } from "./marks.ts"
import { Outbox } from "./outbox.ts"
import type { Cache, Link, Stop, World } from "./ports.ts"
import type { Begin } from "./replica.ts"
import { Requests } from "./requests.ts"
import type { Room } from "./room.ts"
import { Rooms } from "./rooms.ts"
import { Signals } from "./signals.ts"
import { Summaries } from "./summaries.ts"
import { realWorld } from "./world.ts"

export interface ConnectOptions extends Credentials {
  readonly link: Link
  /** Where the outbox and what was seen are kept over a restart; in memory unless told. For this client alone. */
  readonly cache?: Cache
  /** Where a room is taken up that has not been seen before: 50 events before its end unless told. */
  readonly begin?: Begin
  /** Keep count of what is unread, and of topics: for programs with somebody in front of them. */
  readonly counts?: boolean
  readonly world?: World
}

interface ClientWords {
  state: State
  /** Something about a room changed that a list of rooms may show. */
  room: Room
  /** Something happened to us: a mention, a reply, an invitation. The body of an event of the self log. */
  activity: Event
  /** A draft, a setting or a mark of ours has a new value, set on any of our devices. */
  register: { readonly key: string; readonly value: unknown; readonly version: number }
  /** Names were learned. */
  names: readonly Uuid[]
  /** The presence of an account that is watched. */
  presence: { readonly account: Uuid; readonly state: Presence | undefined }
  /** The cache failed; the client goes on, but what it cannot keep will not survive a restart. */
  trouble: unknown
}

/** Begins to connect, and stays connected until `close`, or until the server will not have this client. */
export function connect(options: ConnectOptions): Client {
  const client = new Client(options)
  void client.start()
  return client
}

/** One account's rooms on one server, kept up over every cut. */
export class Client {
  readonly #cache: Cache
  /** What the cache holds; nothing where it cannot be read. */
  readonly #kept: Pick<Cache, "list">
  readonly #words = new Emitter<ClientWords>()
  readonly #keeper: Keeper
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #requests: Requests
  readonly #signals: Signals
  readonly #rooms: Rooms
  readonly #marks: Marks
  readonly #summaries: Summaries | undefined
  readonly #names = new Map<Uuid, string>()
  /** The name it was told to sign in by. */
  readonly #signsInAs: string | undefined
  #me: Uuid | undefined

  constructor({ link, cache, begin, counts, world = realWorld, ...credentials }: ConnectOptions) {
    const opened = cache ?? memoryCache()
    this.#cache = opened
    this.#kept = {
      list: (prefix) =>
        opened.list(prefix).catch((error: unknown) => {
          this.#words.tell("trouble", error)
          return []
        }),
    }
    this.#signsInAs = credentials.name
    this.#keeper = new Keeper(this.#cache, (error) => this.#words.tell("trouble", error))
    this.#connection = new Connection(link, { names: true, ...credentials }, world, {
      changed: (state) => this.#changed(state),
      heard: (frame) => this.#heard(frame),
      ponged: (ping, heads) => this.#ponged(ping, heads),
      isWaiting: () => this.#outbox.waiting > 0 || this.#requests.size > 0,
    })
    const wire = {
      isOnline: () => this.#connection.state.is === "online",
      pings: () => this.#connection.pings,
      send: (frame: Parameters<Connection["send"]>[0]) => {
        this.#connection.send(frame)
        this.#connection.hurry()
      },
    }
    this.#outbox = new Outbox(world, this.#keeper, {
      ...wire,
      changed: (ref) => this.#rooms.get(ref)?.said(),
    })
    this.#requests = new Requests(world, wire)
    this.#signals = new Signals(world, {
      send: wire.send,
      typing: (id) => {
        const room = this.#rooms.get(id)
        room?.tell("typing", room.typists)
      },
      presence: (account) => this.#words.tell("presence", { account, state: this.presence(account) }),
    })
    const ask: Ask = (name, input) => this.#requests.ask(name, input)
    this.#marks = new Marks(world, ask)
    this.#summaries = counts
      ? new Summaries(world, ask, (told) => this.#rooms.get(told.id)?.told(told))
      : undefined
    this.#rooms = new Rooms(world, this.#keeper, begin ?? { last: 50 }, {
      ...wire,
      ask,
      me: () => this.#me,
      say: (ref, saying) => this.#outbox.say(ref, saying),
      pending: (ref) => this.#outbox.pending(ref),
      discard: (id) => this.#outbox.discard(id),
      type: (room, on) => this.#signals.type(room, on),
      typists: (room) => this.#signals.typists(room),
      mark: (room, seq) => this.#marks.raise(room, seq),
      stale: (room) => this.#summaries?.stale(room),
      met: (people) => this.#met(people),
      named: (name, room) => this.#outbox.named(name, room),
      changed: (room) => this.#words.tell("room", room),
      unknown: (room) => void this.#learn(room),
      arrived: (room, events) => this.#arrived(room, events),
    })
  }

  /** Takes up what the cache holds, then opens the link. */
  async start(): Promise<void> {
    try {
      const account = readAccount(await this.#cache.get("account"))
      // Whoever signs in by a name of their own is not who was here before; by token it is the same person.
      const isSame = this.#signsInAs === undefined || isSameName(this.#signsInAs, account?.name ?? "")
      if (account && isSame) await this.#become(account.id)
    } catch (error) {
      this.#words.tell("trouble", error)
    }
    if (this.state.is !== "ended") this.#connection.start()
  }

  // ------------------------------------------------------------ for those who use it

  get state(): State {
    return this.#connection.state
  }

  /** The account that is signed in, or that was when the cache was written. */
  get me(): Uuid | undefined {
    return this.#me
  }

  on<Word extends keyof ClientWords>(word: Word, hear: (value: ClientWords[Word]) => void): Stop {
    return this.#words.on(word, hear)
  }

  /** The rooms we are in, direct ones too. */
  get rooms(): readonly Room[] {
    return this.#rooms.mine.filter(({ card }) => card?.type !== "self" && card?.type !== "house")
  }

  /** What happened to us, as a log of its own; undefined before the server has told. */
  get self(): Room | undefined {
    return this.#rooms.mine.find(({ card }) => card?.type === "self")
  }

  /** A room by its id or its name, with or without `#`, whether we are in it or not. */
  room(ref: string): Room {
    return this.#rooms.room(ref)
  }

  /** The name of an account, as far as it has been told. */
  nameOf(account: Uuid): string | undefined {
    return this.#names.get(account)
  }

  /** Asks for the names of those accounts that have not been told; `names` says when they are. At most 200 at once. */
  async meet(accounts: readonly Uuid[]): Promise<void> {
    const ids = accounts.filter((account) => !this.#names.has(account))
    if (ids.length === 0) return
    const told = await this.#requests.ask<PeopleTold>("people.known", { ids })
    if (!isRefusal(told)) this.#met(told.people)
  }

  /** Asks the server's table of requests; see `Requests.ask`. */
  request<Body>(name: string, input: unknown, withinMs?: number): Promise<Body | Refusal> {
    return this.#requests.ask<Body>(name, input, withinMs)
  }

  /** Sends a failed command once more, after everything said since. */
  retry(id: Uuid): Said | undefined {
    return this.#outbox.retry(id)
  }

  /** Forgets a failed command. */
  discard(id: Uuid): void {
    this.#outbox.discard(id)
  }

  /** Tells what we are to those who watch us. */
  show(state: Exclude<Presence, "offline">): void {
    this.#signals.show(state)
  }

  /** Asks to be told of the presence of these accounts, at most 200, instead of those before. */
  watch(accounts: readonly Uuid[]): void {
    this.#signals.watch(accounts)
  }

  /** Undefined for an account that is not watched, or not told of yet. */
  presence(account: Uuid): Presence | undefined {
    return this.#signals.presence(account)
  }

  /** Ends the connection for good; resolves when everything is kept and the cache is closed. */
  async close(): Promise<void> {
    this.#connection.close()
    this.#rooms.save()
    await this.#keeper.settled()
    await this.#cache.close()
  }

  // ------------------------------------------------------------ coming and going

  #changed(state: State): void {
    switch (state.is) {
      case "online":
        void this.#welcomed(state.welcome)
        break
      case "offline":
        this.#cut()
        break
      case "ended":
        this.#cut()
        this.#marks.end()
        this.#requests.end(state.why?.message ?? "The client was closed.")
        break
      case "connecting":
      case "signing-in":
        break
      default:
        state satisfies never
    }
    this.#words.tell("state", state)
  }

  async #welcomed(welcome: Welcome): Promise<void> {
    const { id, name } = welcome.account
    if (id !== this.#me) {
      await this.#become(id)
      void this.#keeper.put("account", keptAccount({ id, name }))
    }
    const { state } = this
    if (state.is !== "online" || state.welcome !== welcome) return
    this.#names.set(id, name)
    this.#rooms.welcomed(welcome.rooms)
    this.#outbox.resume()
    this.#requests.resume()
    this.#signals.resume()
    this.#summaries?.welcomed()
    this.#connection.ping()
  }

  /** Takes up what an account has left in the cache; what was another's is forgotten here, and stays there. */
  async #become(account: Uuid): Promise<void> {
    this.#me = account
    await this.#rooms.load(account, this.#kept)
    await this.#outbox.load(account, this.#kept)
  }

  #cut(): void {
    this.#outbox.cut()
    this.#requests.cut()
    this.#signals.cut()
    this.#summaries?.cut()
    this.#rooms.cut()
  }

  // ------------------------------------------------------------ what the server says

  #heard(frame: Exclude<Down, Welcome | Pong>): void {
    switch (frame.type) {
      case "accepted":
        this.#accepted(frame)
        return
      case "refused":
        this.#refused(frame)
        return
      case "events":
        this.#rooms.events(frame)
        return
      case "reset":
        this.#rooms.reset(frame)
        return
      case "signals":
        for (const signal of frame.signals) this.#signal(signal)
        return
      case "response":
        this.#requests.answered(frame)
        return
      default:
        frame satisfies never
    }
  }

  #accepted(accepted: Accepted): void {
    const said = this.#outbox.accepted(accepted)
    const { room, seq } = accepted
    if (said?.saying.kind === "member.joined") this.#rooms.joined(said.room, room, seq)
  }

  #arrived(room: Room, events: readonly Event[]): void {
    const met = new Map<Uuid, string>()
    for (const event of events) {
      const { id, seq, at, by, kind } = event
      if ("name" in event && typeof event.name === "string") met.set(by, event.name)
      if (by === this.#me) this.#accepted({ type: "accepted", room: room.ref, id, seq, at })
      if (kind === "message.posted") this.#signals.said(room.ref, by)
      if (kind === "self.activity" && seq > room.newsAfter) this.#activity(event)
    }
    this.#met([...met].map(([id, name]) => ({ id, name })))
  }

  #activity(event: Event): void {
    const { reason, room, seq } = event.body as {
      readonly reason: string
      readonly room?: Uuid
      readonly seq?: number
    }
    if (reason === "mention" && room !== undefined && seq !== undefined) this.#rooms.get(room)?.called(seq)
    this.#words.tell("activity", event)
  }

  #met(people: readonly { readonly id: Uuid; readonly name: string }[]): void {
    const fresh = people.filter(({ id, name }) => this.#names.get(id) !== name)
    if (fresh.length === 0) return
    for (const { id, name } of fresh) this.#names.set(id, name)
    this.#words.tell(
      "names",
      fresh.map(({ id }) => id),
    )
  }

  #signal(signal: SignalDown): void {
    switch (signal.kind) {
      case "typing":
      case "presence":
        this.#signals.heard(signal)
        return
      case "register":
        if (signal.key.startsWith(MARK))
          this.#rooms.get(signal.key.slice(MARK.length))?.marked(Number(signal.value))
        this.#words.tell("register", signal)
        return
      case "membership":
        // By another of our devices, or somebody has opened a direct room with us. Who is put out hears it in the log.
        if (signal.member && !this.#rooms.has(signal.room)) void this.#learn(signal.room)
        return
      default:
        signal satisfies never
    }
  }

  /** We are in a room of which nothing but the id is known; unless we are out of it again by the time of the answer. */
  async #learn(id: Uuid): Promise<void> {
    const told = await this.#requests.ask<RoomTold>("rooms.get", { room: id }).catch(() => undefined)
    if (told === undefined || isRefusal(told) || told.standing !== "member") return
    this.#rooms.joined(told.name, id, told.joined)
    this.#rooms.told(told)
  }

  #refused({ of, id, room, code, message, waitMs, retry }: Refused): void {
    const refusal: Refusal = { code, message, ...(waitMs !== undefined && { waitMs }) }
    if (id !== undefined) this.#outbox.refused(id, refusal, retry)
    // What may succeed later is asked again after the next pong, as what was not answered is.
    else if (of === "follow" && room !== undefined && !retry) this.#rooms.refused(room)
  }

  #ponged(ping: number, heads: Pong["heads"]): void {
    this.#outbox.ponged(ping)
    this.#requests.ponged(ping)
    this.#rooms.ponged(ping, heads)
  }
}

/** The registers that hold how far one has read. */
const MARK = "mark:"
