import type { Event } from "../protocol/event.ts"
import type { Events, Follow, Pong, Reset, RoomHead } from "../protocol/frames.ts"
import { isUuid, type Uuid } from "../protocol/ids.ts"
import type { RoomTold } from "./calls.ts"
import type { Keeper } from "./keeper.ts"
import { keptText, readKept } from "./kept.ts"
import type { Cache, Stop, World } from "./ports.ts"
import { type Begin, Replica } from "./replica.ts"
import { Room, type RoomHost } from "./room.ts"

/** Rooms named in one `follow`, so that it fits a frame: each takes up to 150 bytes. */
const ROOMS_PER_FOLLOW = 250
/** What has arrived is kept so long after it came: a cache, not the record. */
const SAVE_AFTER_MS = 1_000
/** Who missed more events than this begins again near the end instead of reading them all. */
const MISSED_MAX = 1_000

interface RoomsOwner extends RoomHost {
  send(frame: Follow): void
  /** The number of pings sent so far. */
  pings(): number
  /** A room known by a name has an id now. */
  named(name: string, room: Uuid): void
  /** Nothing but the id is known of a room we are in. */
  unknown(room: Uuid): void
  /** These events are new, before anybody who listens to the room hears of them. */
  arrived(room: Room, events: readonly Event[]): void
  /** Something about the room changed that a list of rooms may show. */
  changed(room: Room): void
}

/** Every room this client knows, each by its id, or by its name as long as the id is not known. */
export class Rooms {
  readonly #world: World
  readonly #keeper: Keeper
  readonly #begin: Begin
  readonly #owner: RoomsOwner
  readonly #rooms = new Map<string, Room>()
  readonly #unsaved = new Set<Room>()
  #saving: Stop | undefined
  /** The prefix of their keys in the cache; undefined until an account is known. */
  #prefix: string | undefined

  constructor(world: World, keeper: Keeper, begin: Begin, owner: RoomsOwner) {
    this.#world = world
    this.#keeper = keeper
    this.#begin = begin
    this.#owner = owner
  }

  /** Takes up the rooms of an account as they were kept; those of another are forgotten here, and stay kept. */
  async load(account: Uuid, cache: Pick<Cache, "list">): Promise<void> {
    this.save()
    const prefix = `room/${account}/`
    const kept = await cache.list(prefix)
    if (this.#prefix !== undefined) this.#rooms.clear()
    this.#prefix = prefix
    for (const [key, text] of kept) {
      const id = key.slice(prefix.length)
      const known = readKept(text)
      if (!known || !isUuid(id)) continue
      const room = this.#named(known.card.name, id)
      room.card = known.card
      room.isMember = true
      room.newsAfter = known.newsAfter
      const replica = new Replica(id, this.#begin)
      replica.restore(known)
      room.opened(replica)
      room.tell("change", {})
      room.tell("about", room)
    }
  }

  /** The logs we are a member of: rooms, direct rooms, our self log. */
  get mine(): readonly Room[] {
    return [...this.#rooms.values()].filter((room) => room.isMember)
  }

  get(ref: string): Room | undefined {
    return this.#rooms.get(ref)
  }

  /** A room by its id or its name, with or without `#`, whether we are in it or not. */
  room(ref: string): Room {
    const name = ref.startsWith("#") ? ref.slice(1) : ref
    const known = this.#rooms.get(name) ?? this.mine.find((room) => room.name === name)
    if (known) return known
    const room = new Room(name, this.#owner)
    this.#rooms.set(name, room)
    return room
  }

  // ------------------------------------------------------------ coming and going

  /** Signed in: these are our rooms, and all are followed from where they stand. */
  welcomed(heads: readonly RoomHead[]): void {
    const listed = new Set(heads.map(({ room }) => room))
    for (const room of this.mine) if (!listed.has(room.ref)) this.#left(room)
    this.#follow(
      heads.map((head) => {
        const room = this.#named(head.name, head.room)
        const replica = this.#replica(room, head.room, head.seq)
        const missed = head.seq - (replica.place?.cursor ?? 0)
        if (replica.place && missed > MISSED_MAX && "last" in this.#begin) room.leapt()
        room.entered(head)
        this.#owner.changed(room)
        return replica
      }),
    )
  }

  /** We are in a room now, which we may have known under a name: it is followed, and what comes behind `seq` is news. */
  joined(ref: string, id: Uuid, seq: number): void {
    const room = this.#named(ref, id)
    if (room.isMember) return
    room.isMember = true
    room.tell("about", room)
    this.#owner.changed(room)
    this.#follow([this.#replica(room, id, seq)])
    if (!room.card) this.#owner.unknown(id)
  }

  /** Whether we are in a room, as far as is known. */
  has(id: Uuid): boolean {
    return this.#rooms.get(id)?.isMember === true
  }

  /** The server's word on one of our rooms. */
  told(told: RoomTold): void {
    const room = this.#named(told.name, told.id)
    room.told(told)
    this.#owner.changed(room)
  }

  /** The server says that a room is none of ours. */
  refused(ref: string): void {
    const room = this.#rooms.get(ref)
    if (room?.isMember) this.#left(room)
  }

  cut(): void {
    for (const room of this.#rooms.values()) room.replica?.cut()
  }

  // ------------------------------------------------------------ the logs

  events(frame: Events): void {
    const room = this.#rooms.get(frame.room)
    if (!room?.replica) return
    const taken = room.replica.take(frame)
    if (taken.is === "gap") this.#follow([room.replica])
    if (taken.is !== "applied") return
    const opened = taken.events.some((event) => event.seq > room.newsAfter && opensThePast(event))
    this.#owner.arrived(room, taken.events)
    const wasMember = room.isMember
    room.applied(taken.events, taken.changed)
    if (wasMember && !room.isMember) this.#left(room)
    else this.#changed(room)
    if (opened) this.#beginAgain(room, room.replica, taken.to)
    if (taken.events.some(({ kind }) => kind === "message.deleted")) this.#keeper.scrub()
    if (taken.events.length > 0) this.#owner.changed(room)
  }

  reset(frame: Reset): void {
    const room = this.#rooms.get(frame.room)
    if (!room?.replica) return
    room.replica.reset(frame)
    this.#beginAgain(room, room.replica, frame.seq)
  }

  #beginAgain(room: Room, replica: Replica, newsAfter: number): void {
    replica.skip()
    room.newsAfter = newsAfter
    this.#follow([replica])
    room.tell("change", {})
  }

  ponged(ping: number, heads: Pong["heads"]): void {
    const lacking = new Set<Replica>()
    for (const { room, seq } of heads) {
      const replica = this.#rooms.get(room)?.replica
      if (replica?.lacks(seq)) lacking.add(replica)
    }
    for (const { replica } of this.mine) if (replica?.isUnanswered(ping)) lacking.add(replica)
    this.#follow([...lacking])
  }

  // ------------------------------------------------------------ keeping

  /** Hands everything unsaved to the cache now. */
  save(): void {
    this.#saving?.()
    this.#saving = undefined
    for (const room of this.#unsaved) this.#save(room)
    this.#unsaved.clear()
  }

  #changed(room: Room): void {
    this.#unsaved.add(room)
    this.#saving ??= this.#world.after(SAVE_AFTER_MS, () => this.save())
  }

  #save({ ref, card, replica, newsAfter }: Room): void {
    if (this.#prefix === undefined || !replica?.place || !card) return
    const { place, scroll } = replica
    const stretch = scroll.stretch()
    const kept = {
      card,
      place,
      newsAfter: Math.max(newsAfter, place.cursor),
      from: stretch?.from ?? place.cursor + 1,
      items: stretch ? scroll.list() : [],
      threads: replica.counts.entries(),
    }
    void this.#keeper.put(this.#prefix + ref, keptText(kept))
  }

  /** What was seen of a room stays on the screen, but not in the cache. */
  #left(room: Room): void {
    room.outside()
    this.#unsaved.delete(room)
    this.#owner.changed(room)
    if (this.#prefix === undefined) return
    void this.#keeper.put(this.#prefix + room.ref, undefined)
    this.#keeper.scrub()
  }

  // ------------------------------------------------------------

  /** The room of an id, which may have been known by its name only. */
  #named(name: string, id: Uuid): Room {
    const byName = name === id ? undefined : this.#rooms.get(name)
    if (byName?.ref === name) {
      this.#rooms.delete(name)
      if (!this.#rooms.has(id)) {
        byName.known(id)
        this.#rooms.set(id, byName)
      }
      this.#owner.named(name, id)
    }
    return this.room(id)
  }

  /** The replica of a room; to a new one, what comes behind `seq` is news. */
  #replica(room: Room, id: Uuid, seq: number): Replica {
    if (room.replica) return room.replica
    room.newsAfter = "after" in this.#begin ? this.#begin.after : seq
    const replica = new Replica(id, this.#begin)
    room.opened(replica)
    return replica
  }

  #follow(replicas: readonly Replica[]): void {
    for (let from = 0; from < replicas.length; from += ROOMS_PER_FOLLOW) {
      const some = replicas.slice(from, from + ROOMS_PER_FOLLOW)
      this.#owner.send({ type: "follow", rooms: some.map((one) => one.follow(this.#owner.pings())) })
    }
  }
}

/** What was hidden from us is open now: a stretch that seemed whole is not. */
function opensThePast({ kind, body }: Event): boolean {
  return kind === "room.history" && typeof body === "object" && body !== null && "past" in body
}
