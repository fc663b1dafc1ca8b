import type { Command } from "../../protocol/event.ts"
import type { Accepted } from "../../protocol/frames.ts"
import type { Head } from "../../protocol/head.ts"
import { isUuid, type Uuid } from "../../protocol/ids.ts"
import { foldName } from "../../protocol/names.ts"
import type { Actor } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type {
  Append,
  Bus,
  Counters,
  Imported,
  Log,
  Outcome,
  Rooms,
  RoomToMake,
  Stop,
  Stored,
  World,
} from "./ports.ts"
import type { Rates } from "./rates.ts"
import { RecentBudget } from "./recent.ts"
import { type Node, Room } from "./room.ts"
import type { Writes } from "./writes.ts"

/** Commits under way at once: one on its way to the disk while the next is judged and handed over. */
const COMMITS_AT_ONCE = 2
/** Events in one commit; more only makes the first of them wait. */
const COMMIT_EVENTS_MAX = 1_024
/** While the process is busy, followers are woken this often. The first event after quiet goes out at once. */
const COALESCE_MS = 10
/** Rooms kept in memory; idle ones beyond that are forgotten. */
const ROOMS_KEPT_MAX = 4_096
const ROOM_IDLE_MS = 60_000

interface RoomsParts {
  readonly log: Log
  readonly bus: Bus
  readonly world: World
  readonly writes: Writes
  readonly rates: Rates
  readonly counters: Counters
  readonly epoch: Uuid
  /** Who holds a room name, by its folded form. */
  readonly named: (fold: string) => Promise<Uuid | undefined>
  /** Whether there is an account of this id. */
  readonly knows: (account: Uuid) => boolean
  /** True when other nodes write to the same log, so that a head in memory may be behind. */
  readonly shared: boolean
  /** Told of a bug that was contained: a room that threw. */
  readonly broke: (error: unknown) => void
}

interface Kept {
  readonly room: Room
  readonly stop: Stop
  touchedMs: number
}

/** The rooms of this node: loads them, commits for all that wait together, wakes their followers. */
export class OpenRooms implements Rooms, Node {
  readonly log: Log
  readonly budget = new RecentBudget()
  readonly storeEpoch: Uuid
  readonly #parts: RoomsParts
  readonly #rooms = new Map<Uuid, Kept>()
  readonly #ids = new Map<string, Uuid>()
  readonly #hearers = new Set<(room: Uuid, events: readonly Stored[]) => void>()
  readonly #waiting = new Set<Room>()
  #news: Room[] = []
  #turning = false
  #commits = 0
  #flushing = false
  #flushedMs = 0
  #draining = false
  #whenQuiet: (() => void) | undefined

  constructor(parts: RoomsParts) {
    this.#parts = parts
    this.log = parts.log
    this.storeEpoch = parts.epoch
  }

  get size(): number {
    return this.#rooms.size
  }

  now(): number {
    return this.#parts.world.now()
  }

  broke(error: unknown): void {
    this.#parts.broke(error)
  }

  // ------------------------------------------------------------ finding rooms

  /** The room of an id, loaded or about to be; also for an id that has no log yet. */
  of(id: Uuid): Room {
    const kept = this.#rooms.get(id)
    if (kept) {
      kept.touchedMs = this.now()
      return kept.room
    }
    if (this.#rooms.size >= ROOMS_KEPT_MAX) this.#forgetIdle()
    const room = new Room(id, this)
    const stop = this.#parts.bus.on(`room:${id}`, (letter) =>
      room.rung(letter as Parameters<Room["rung"]>[0]),
    )
    this.#rooms.set(id, { room, stop, touchedMs: this.now() })
    return room
  }

  #forgetIdle(): void {
    for (const [id, kept] of this.#rooms) {
      if (kept.room.isIdle && this.now() - kept.touchedMs > ROOM_IDLE_MS) {
        kept.stop()
        kept.room.forget()
        this.#rooms.delete(id)
      }
    }
  }

  async resolve(ref: string): Promise<Uuid | undefined> {
    if (isUuid(ref)) return ref
    const fold = foldName(ref.startsWith("#") ? ref.slice(1) : ref)
    const known = this.#ids.get(fold)
    // A name may have moved on; what the room itself says decides.
    if (known && foldName(this.#rooms.get(known)?.room.head.name ?? "") === fold) return known
    const id = await this.#parts.named(fold)
    if (id === undefined) this.#ids.delete(fold)
    else this.#ids.set(fold, id)
    if (this.#ids.size > ROOMS_KEPT_MAX) this.#ids.clear()
    return id
  }

  async #current(id: Uuid): Promise<Room> {
    const room = this.of(id)
    if (!room.isReady) await room.ready()
    else if (this.#parts.shared) await room.catchUp()
    return room
  }

  async head(id: Uuid): Promise<Head | undefined> {
    const { head } = await this.#current(id)
    return head.type === null ? undefined : head
  }

  async lastPost(id: Uuid, account: Uuid): Promise<number> {
    return (await this.#current(id)).lastPost(account)
  }

  async epoch(id: Uuid): Promise<Uuid | undefined> {
    const room = await this.#current(id)
    return room.head.type === null ? undefined : room.epoch
  }

  // ------------------------------------------------------------ appending

  submit(id: Uuid, actor: Actor, command: Command): Promise<Accepted | Refusal> {
    if (this.#draining) return Promise.resolve(refuse("restarting"))
    const stranger = this.#stranger(command)
    if (stranger) return Promise.resolve(stranger)
    const slow = actor.system ? undefined : this.#parts.rates.command(actor.account)
    return slow ? Promise.resolve(slow) : this.of(id).submit(actor, command)
  }

  /** The judge sees one room; that an account exists at all only the house knows. */
  #stranger({ kind, body }: Command): Refusal | undefined {
    if (kind !== "member.invited" && kind !== "member.banned") return undefined
    const { account } = body as { readonly account: Uuid }
    return this.#parts.knows(account) ? undefined : refuse("no-such-account")
  }

  load(id: Uuid, messages: readonly Imported[], make?: RoomToMake): Promise<readonly number[] | Refusal> {
    return this.of(id).load(messages, make)
  }

  waits(room: Room): void {
    this.#waiting.add(room)
    if (this.#turning) return
    this.#turning = true
    this.#parts.world.turn(() => {
      this.#turning = false
      this.#commit()
    })
  }

  #commit(): void {
    if (this.#commits >= COMMITS_AT_ONCE) return
    const rooms: Room[] = []
    const appends: Append[] = []
    let events = 0
    for (const room of this.#waiting) {
      if (events >= COMMIT_EVENTS_MAX) break
      this.#waiting.delete(room)
      const append = this.#take(room)
      if (!append) continue
      rooms.push(room)
      appends.push(append)
      events += append.entries.length
    }
    if (appends.length > 0) this.#append(rooms, appends)
    else if (this.#commits === 0 && this.#waiting.size === 0) this.#whenQuiet?.()
  }

  #take(room: Room): Append | undefined {
    try {
      return room.take()
    } catch (error) {
      this.#parts.broke(error)
      return undefined
    }
  }

  #append(rooms: readonly Room[], appends: readonly Append[]): void {
    const startedMs = performance.now()
    this.#commits++
    const settle = (outcomes: readonly Outcome[]) => {
      this.#commits--
      this.#parts.counters.commit.observe((performance.now() - startedMs) / 1_000)
      for (const [index, room] of rooms.entries()) this.#settle(room, outcomes[index] ?? { is: "unknown" })
      this.#commit()
    }
    this.log.append(appends).then(settle, (error: unknown) => {
      this.#parts.broke(error)
      settle([])
    })
  }

  #settle(room: Room, outcome: Outcome): void {
    try {
      room.settle(outcome)
    } catch (error) {
      this.#parts.broke(error)
    }
  }

  appended(room: Room, events: readonly Stored[]): void {
    this.#parts.counters.eventsAppendedTotal += events.length
    const first = events[0]
    if (!first) return
    this.#parts.bus.ring(`room:${room.id}`, { after: first.seq - 1, events })
    for (const hear of this.#hearers) hear(room.id, events)
  }

  /** Hears everything this node appends, once it is on disk: projections use it as their doorbell. */
  onAppended(hear: (room: Uuid, events: readonly Stored[]) => void): Stop {
    this.#hearers.add(hear)
    return () => this.#hearers.delete(hear)
  }

  // ------------------------------------------------------------ waking

  wake(room: Room): void {
    if (room.woken || room.followers.size === 0) return
    room.woken = true
    this.#news.push(room)
    if (this.#flushing) return
    this.#flushing = true
    const sinceMs = this.now() - this.#flushedMs
    const flush = () => {
      this.#flushing = false
      this.#flush()
    }
    if (sinceMs < 0 || sinceMs >= COALESCE_MS) this.#parts.world.turn(flush)
    else this.#parts.world.after(COALESCE_MS - sinceMs, flush)
  }

  #flush(): void {
    this.#flushedMs = this.now()
    const rooms = this.#news
    this.#news = []
    for (const room of rooms) {
      room.woken = false
      for (const follower of room.followers) follower.pump()
    }
    this.#parts.writes.flush()
  }

  /** Reads on in every room that is followed here: what a lost doorbell did not tell. */
  async sweep(): Promise<void> {
    for (const { room } of [...this.#rooms.values()]) {
      if (room.followers.size > 0 && room.isReady) await room.catchUp()
    }
  }

  /** Takes no more commands, finishes those it has, and resolves when all is on disk and written. */
  async drain(): Promise<void> {
    this.#draining = true
    if (this.#commits > 0 || this.#waiting.size > 0) {
      await new Promise<void>((quiet) => {
        this.#whenQuiet = quiet
      })
    }
    this.#flush()
  }
}
