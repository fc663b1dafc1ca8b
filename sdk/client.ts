import type { Down, Events, Pong, Welcome } from "../protocol/frames.ts"
import type { Uuid } from "../protocol/ids.ts"
import { limits } from "../protocol/limits.ts"
import { memoryCache } from "./caches/memory.ts"
import { Connection, type Credentials, type State } from "./connection.ts"
import { Emitter } from "./emitter.ts"
import { Keeper } from "./keeper.ts"
import { Outbox, type Said, type Saying } from "./outbox.ts"
import type { Cache, Link, Stop, World } from "./ports.ts"
import { type Begin, Replica } from "./replica.ts"
import { realWorld } from "./world.ts"

/** Rooms named in one `follow`; well below what a frame holds. */
const ROOMS_PER_FOLLOW = Math.min(250, limits.roomsPerFollowMax)

export interface ConnectOptions extends Credentials {
  readonly link: Link
  /** Where the outbox and what was seen are kept over a restart; in memory unless told. */
  readonly cache?: Cache
  /** Where a room is taken up that has not been seen before: 50 events before its end unless told. */
  readonly begin?: Begin
  readonly world?: World
}

export interface ClientWords {
  state: State
  room: Replica
  trouble: unknown
}

/** Begins to connect, and stays connected until `close` or until the server will not have this client. */
export function connect(options: ConnectOptions): Client {
  return new Client(options)
}

export class Client {
  readonly #world: World
  readonly #cache: Cache
  readonly #begin: Begin
  readonly #words = new Emitter<ClientWords>()
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #rooms = new Map<Uuid, Replica>()

  constructor({ link, cache, begin, world, ...credentials }: ConnectOptions) {
    this.#world = world ?? realWorld
    this.#cache = cache ?? memoryCache()
    this.#begin = begin ?? { last: 50 }
    const keeper = new Keeper(this.#cache, (error) => this.#words.tell("trouble", error))
    this.#connection = new Connection(link, credentials, this.#world, {
      changed: (state) => this.#changed(state),
      heard: (frame) => this.#heard(frame),
      ponged: (ping, heads) => this.#ponged(ping, heads),
      isWaiting: () => this.#outbox.waiting > 0,
    })
    this.#outbox = new Outbox(this.#world, keeper, {
      isOnline: () => this.#connection.state.is === "online",
      send: (frame) => {
        this.#connection.send(frame)
        this.#connection.hurry()
      },
      pings: () => this.#connection.pings,
      changed: (room) => this.#tellRoom(room),
    })
    this.#connection.start()
  }

  get state(): State {
    return this.#connection.state
  }

  on<Word extends keyof ClientWords>(word: Word, hear: (value: ClientWords[Word]) => void): Stop {
    return this.#words.on(word, hear)
  }

  get rooms(): ReadonlyMap<Uuid, Replica> {
    return this.#rooms
  }

  submit(room: string, saying: Saying): Said {
    return this.#outbox.say(room, saying)
  }

  pending(room: string) {
    return this.#outbox.pending(room)
  }

  close(): void {
    this.#connection.close()
  }

  #changed(state: State): void {
    if (state.is === "online") void this.#welcomed(state.welcome)
    if (state.is === "offline" || state.is === "ended") this.#outbox.cut()
    this.#words.tell("state", state)
  }

  async #welcomed(welcome: Welcome): Promise<void> {
    await this.#outbox.load(welcome.account.id, this.#cache)
    const rooms = welcome.rooms.map(({ room }) => this.#replica(room))
    this.#follow(rooms)
    this.#outbox.resume()
    this.#connection.ping()
  }

  #replica(room: Uuid): Replica {
    const known = this.#rooms.get(room)
    if (known) return known
    const replica = new Replica(room, this.#begin)
    this.#rooms.set(room, replica)
    return replica
  }

  #follow(replicas: readonly Replica[]): void {
    for (let from = 0; from < replicas.length; from += ROOMS_PER_FOLLOW) {
      const rooms = replicas.slice(from, from + ROOMS_PER_FOLLOW).map((one) => one.following())
      this.#connection.send({ type: "follow", rooms })
    }
  }

  #heard(frame: Exclude<Down, Welcome | Pong>): void {
    if (frame.type === "accepted") this.#outbox.accepted(frame)
    else if (frame.type === "events") this.#events(frame)
  }

  #events(frame: Events): void {
    const replica = this.#rooms.get(frame.room)
    if (!replica) return
    const taken = replica.take(frame)
    if (taken.is === "gap") this.#follow([replica])
    else if (taken.is === "applied") this.#words.tell("room", replica)
  }

  #ponged(ping: number, heads: Pong["heads"]): void {
    this.#outbox.ponged(ping)
    const lacking = heads.flatMap(({ room, seq }) => {
      const replica = this.#rooms.get(room)
      return replica?.lacks(seq) ? [replica] : []
    })
    this.#follow(lacking)
  }

  #tellRoom(room: string): void {
    const replica = this.#rooms.get(room)
    if (replica) this.#words.tell("room", replica)
  }
}
