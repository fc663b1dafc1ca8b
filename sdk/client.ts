import type { Event } from "../protocol/event.ts"
import type { Accepted, Down, Events, Pong, Refused, Reset, Welcome } from "../protocol/frames.ts"
import { isUuid, type Uuid } from "../protocol/ids.ts"
import type { Refusal } from "../protocol/refusals.ts"
import { memoryCache } from "./caches/memory.ts"
import { Connection, type Credentials, type State } from "./connection.ts"
import { Emitter } from "./emitter.ts"
import { Keeper } from "./keeper.ts"
import { Outbox } from "./outbox.ts"
import type { Cache, Link, Stop, World } from "./ports.ts"
import { type Begin, Replica } from "./replica.ts"
import { Room } from "./room.ts"
import { realWorld } from "./world.ts"

/** Rooms named in one `follow`, so that it fits a frame: each takes up to 150 bytes. */
const ROOMS_PER_FOLLOW = 250

export interface ConnectOptions extends Credentials {
  readonly link: Link
  /** Where the outbox and what was seen are kept over a restart; in memory unless told. For this client alone. */
  readonly cache?: Cache
  /** Where a room is taken up that has not been seen before: 50 events before its end unless told. */
  readonly begin?: Begin
  readonly world?: World
}

export interface ClientWords {
  state: State
  /** Something about a room in the list changed. */
  room: Room
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
  readonly #world: World
  readonly #cache: Cache
  readonly #begin: Begin
  readonly #words = new Emitter<ClientWords>()
  readonly #keeper: Keeper
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #rooms = new Map<string, Room>()
  readonly #names = new Map<Uuid, string>()
  readonly #name: string | undefined
  #me: Uuid | undefined

  constructor({ link, cache, begin, world, ...credentials }: ConnectOptions) {
    this.#world = world ?? realWorld
    this.#cache = cache ?? memoryCache()
    this.#begin = begin ?? { last: 50 }
    this.#name = credentials.name
    this.#keeper = new Keeper(this.#cache, (error) => this.#words.tell("trouble", error))
    this.#connection = new Connection(link, { names: true, ...credentials }, this.#world, {
      changed: (state) => this.#changed(state),
      heard: (frame) => this.#heard(frame),
      ponged: (ping, heads) => this.#ponged(ping, heads),
      isWaiting: () => this.#outbox.waiting > 0,
    })
    this.#outbox = new Outbox(this.#world, this.#keeper, {
      isOnline: () => this.#connection.state.is === "online",
      send: (frame) => {
        this.#connection.send(frame)
        this.#connection.hurry()
      },
      pings: () => this.#connection.pings,
      changed: (ref) => {
        const room = this.#rooms.get(ref)
        if (room) room.tell("pending", room.pending)
      },
    })
  }

  /** Takes up what the cache holds, then opens the link. */
  async start(): Promise<void> {
    try {
      const account = readAccount(await this.#cache.get("account"))
      // Whoever signs in by a name of their own is not who was here before; by token it is the same person.
      if (account && (this.#name === undefined || sameName(this.#name, account.name)))
        await this.#become(account.id)
    } catch (error) {
      this.#words.tell("trouble", error)
    }
    if (this.state.is !== "ended") this.#connection.start()
  }

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

  /** The rooms we are in. */
  get rooms(): readonly Room[] {
    return [...new Set(this.#rooms.values())].filter((room) => room.isMember)
  }

  /** A room by its id or its name, with or without `#`, whether we are in it or not. */
  room(ref: string): Room {
    const name = ref.startsWith("#") ? ref.slice(1) : ref
    const known = this.#rooms.get(name) ?? this.rooms.find((room) => room.name === name)
    if (known) return known
    const room = new Room(name, {
      say: (at, saying) => this.#outbox.say(at, saying),
      pending: (at) => this.#outbox.pending(at),
      discard: (id) => this.#outbox.discard(id),
      me: () => this.#me,
    })
    this.#rooms.set(name, room)
    return room
  }

  /** The name of an account, as far as it has been told. */
  nameOf(account: Uuid): string | undefined {
    return this.#names.get(account)
  }

  /** Sends a failed command once more. */
  retry(id: Uuid) {
    return this.#outbox.retry(id)
  }

  /** Forgets a failed command. */
  discard(id: Uuid): void {
    this.#outbox.discard(id)
  }

  /** Ends the connection for good; resolves when everything is kept. */
  async close(): Promise<void> {
    this.#connection.close()
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
      case "ended":
        this.#outbox.cut()
        for (const room of this.#rooms.values()) room.replica?.cut()
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
    const { account } = welcome
    if (account.id !== this.#me) {
      await this.#become(account.id)
      void this.#keeper.put("account", JSON.stringify({ id: account.id, name: account.name }))
    }
    const { state } = this
    if (state.is !== "online" || state.welcome !== welcome) return
    this.#names.set(account.id, account.name)
    const listed = new Set(welcome.rooms.map(({ room }) => room))
    for (const room of this.rooms) if (!listed.has(room.ref)) room.outside()
    this.#follow(
      welcome.rooms.map((head) => {
        const room = this.#named(head.name, head.room)
        const replica = this.#replica(room, head.room, head.seq)
        room.entered(head)
        return replica
      }),
    )
    this.#outbox.resume()
    this.#connection.ping()
  }

  /** Takes up what an account has left in the cache; what was another's is forgotten here, and stays there. */
  async #become(account: Uuid): Promise<void> {
    const isOther = this.#me !== undefined
    this.#me = account
    if (isOther) this.#rooms.clear()
    await this.#outbox.load(account, this.#cache)
  }

  // ------------------------------------------------------------ rooms

  /** The room of an id, which may have been known by its name only. */
  #named(name: string, id: Uuid): Room {
    const byName = isUuid(name) ? undefined : this.#rooms.get(name)
    if (byName?.ref === name) {
      this.#rooms.delete(name)
      const known = this.#rooms.get(id)
      if (!known) {
        byName.known(id)
        this.#rooms.set(id, byName)
      }
      this.#outbox.named(name, id)
    }
    return this.room(id)
  }

  /** The replica of a room; a new one counts as news what comes behind `seq`. */
  #replica(room: Room, id: Uuid, seq: number): Replica {
    if (room.replica) return room.replica
    room.newsAfter = "after" in this.#begin ? this.#begin.after : seq
    room.replica = new Replica(id, this.#begin)
    return room.replica
  }

  #follow(replicas: readonly Replica[]): void {
    for (let from = 0; from < replicas.length; from += ROOMS_PER_FOLLOW) {
      const some = replicas.slice(from, from + ROOMS_PER_FOLLOW)
      this.#connection.send({
        type: "follow",
        rooms: some.map((one) => one.follow(this.#connection.pings)),
      })
    }
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
        this.#events(frame)
        return
      case "reset":
        this.#reset(frame)
        return
      case "signals":
      case "response":
        return
      default:
        frame satisfies never
    }
  }

  #accepted(accepted: Accepted): void {
    const said = this.#outbox.accepted(accepted)
    if (said?.saying.kind === "member.joined") this.#joined(said.room, accepted)
  }

  /** We have gone into a room: follow it from here. */
  #joined(ref: string, { room: id, seq }: Accepted): void {
    const room = this.#named(ref, id)
    const isNew = !room.isMember
    room.isMember = true
    const replica = this.#replica(room, id, seq)
    if (isNew) this.#follow([replica])
    room.tell("about", room)
  }

  #refused({ of, id, room: ref, code, message, waitMs, retry }: Refused): void {
    const refusal: Refusal = { code, message, ...(waitMs !== undefined && { waitMs }) }
    if (id !== undefined) this.#outbox.refused(id, refusal, retry)
    // One that may be tried again is: with the next pong, as unanswered.
    else if (of === "follow" && ref !== undefined && !retry) this.#rooms.get(ref)?.outside()
  }

  #events(frame: Events): void {
    const room = this.#rooms.get(frame.room)
    if (!room?.replica) return
    const taken = room.replica.take(frame)
    if (taken.is === "gap") this.#follow([room.replica])
    if (taken.is !== "applied") return
    for (const event of taken.events) this.#logged(frame.room, event)
    room.applied(taken.events, taken.changed)
    if (taken.events.length > 0) this.#words.tell("room", room)
  }

  #logged(room: Uuid, event: Event): void {
    const { id, seq, at, by } = event
    if ("name" in event && typeof event.name === "string") this.#names.set(by, event.name)
    if (by === this.#me) this.#accepted({ type: "accepted", room, id, seq, at })
  }

  #reset(frame: Reset): void {
    const room = this.#rooms.get(frame.room)
    if (!room?.replica) return
    room.replica.reset(frame)
    room.newsAfter = frame.seq
    this.#follow([room.replica])
    room.tell("change", {})
  }

  #ponged(ping: number, heads: Pong["heads"]): void {
    this.#outbox.ponged(ping)
    const lacking = new Set<Replica>()
    for (const { room, seq } of heads) {
      const replica = this.#rooms.get(room)?.replica
      if (replica?.lacks(seq)) lacking.add(replica)
    }
    for (const { replica } of this.rooms) if (replica?.isUnanswered(ping)) lacking.add(replica)
    this.#follow([...lacking])
  }
}

interface KnownAccount {
  readonly id: Uuid
  readonly name: string
}

function readAccount(text: string | undefined): KnownAccount | undefined {
  if (text === undefined) return undefined
  const { id, name } = JSON.parse(text)
  return isUuid(id) && typeof name === "string" ? { id, name } : undefined
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
