import type { Accepted, Submit } from "../protocol/frames.ts"
import { type Uuid, uuid7 } from "../protocol/ids.ts"
import { type Refusal, refuse } from "../protocol/refusals.ts"
import { backoffMs } from "./backoff.ts"
import {
  asPending,
  formFault,
  type Item,
  keptCommand,
  type Pending,
  readCommand,
  type Said,
  type Saying,
} from "./commands.ts"
import type { Keeper } from "./keeper.ts"
import type { Cache, Stop, World } from "./ports.ts"

/** Commands of one room that may wait for their answers at once. */
const FLYING_PER_ROOM_MAX = 32
/** Of all rooms; below what a session of the server queues. */
const FLYING_MAX = 256
const AGAIN = { firstMs: 500, longestMs: 30_000 }

/** What the outbox asks of its owner. */
interface Post {
  isOnline(): boolean
  send(frame: Submit): void
  /** The number of pings sent so far. */
  pings(): number
  /** Something changed among the pending commands of a room. */
  changed(room: string): void
}

/** The commands of one room, strictly in order; failed ones stand aside. */
interface Lane {
  queue: Item[]
  /** How many of them are sent and not answered. */
  flying: number
  attempt: number
  pause: Stop | undefined
}

/**
 * Commands wait here until they are in the log: kept before they are sent, per room in order, each naming the one
 * before it, and sent again after every cut. Two outboxes over one cache would send each other's commands; the log
 * would still hold each of them once, but not in the order they were said: one cache, one client at a time.
 */
export class Outbox {
  readonly #world: World
  readonly #keeper: Keeper
  readonly #post: Post
  readonly #lanes = new Map<string, Lane>()
  readonly #items = new Map<Uuid, Item>()
  #account: Uuid | undefined
  #order = 0
  #flying = 0

  constructor(world: World, keeper: Keeper, post: Post) {
    this.#world = world
    this.#keeper = keeper
    this.#post = post
  }

  /** Takes up what an account left unsent; what was said before anybody was known comes after it. */
  async load(account: Uuid, cache: Pick<Cache, "list">): Promise<void> {
    const kept = await cache.list(`outbox/${account}/`)
    const before = [...this.#items.values()]
    for (const lane of this.#lanes.values()) lane.pause?.()
    this.#items.clear()
    this.#lanes.clear()
    this.#account = account
    this.#flying = 0
    for (const [key, text] of kept) {
      const item = readCommand(key, text)
      if (!item) continue
      this.#order = Math.max(this.#order, item.order)
      this.#items.set(item.id, item)
      if (item.phase !== "failed") this.#lane(item.room).queue.push(item)
      this.#post.changed(item.room)
    }
    for (const item of before) {
      // Said under another account: it stays in the cache, for when they come back.
      if (item.order >= 0) item.settle?.(refuse("session-ended"))
      else this.#enqueue(item)
    }
  }

  /** Takes a command; it is sent when it is kept and its turn comes. Throws for a body that is no JSON. */
  say(room: string, saying: Saying): Said {
    const at = this.#world.now()
    const id = uuid7(at, this.#world.random(10))
    const item: Item = {
      id,
      room,
      saying,
      at,
      order: -1,
      phase: "keeping",
      era: 0,
      refusal: formFault(saying),
    }
    const settled = settling(item)
    this.#items.set(id, item)
    if (this.#account !== undefined) this.#enqueue(item)
    this.#post.changed(room)
    return { id, settled }
  }

  /** The commands of a room that are not in its log yet, in the order they go out; failed ones among them. */
  pending(room: string): readonly Pending[] {
    return [...this.#items.values()].filter((item) => item.room === room).map(asPending)
  }

  /** How many commands are on their way; failed ones are not. */
  get waiting(): number {
    let count = 0
    for (const item of this.#items.values()) if (item.phase !== "failed") count++
    return count
  }

  /** Sends a failed command once more, after everything said since; undefined when it has not failed. */
  retry(id: Uuid): Said | undefined {
    const item = this.#items.get(id)
    if (item?.phase !== "failed") return undefined
    this.#drop(item)
    item.phase = "keeping"
    item.refusal = formFault(item.saying)
    const settled = settling(item)
    this.#enqueue(item)
    this.#post.changed(item.room)
    return { id, settled }
  }

  /** Forgets a failed command. */
  discard(id: Uuid): void {
    const item = this.#items.get(id)
    if (item?.phase !== "failed") return
    this.#drop(item)
    this.#post.changed(item.room)
  }

  // ------------------------------------------------------------ what the server says

  /**
   * It is in the log, told by the answer or seen there: whatever else was said of it is void. Returns what was said, and
   * to which room, under the name it had; undefined for what is none of this outbox's commands.
   */
  accepted(accepted: Accepted): { readonly room: string; readonly saying: Saying } | undefined {
    const item = this.#items.get(accepted.id)
    if (!item) return undefined
    const { room, saying } = item
    this.named(room, accepted.room)
    const lane = this.#lane(item.room)
    const wasFull = this.#flying >= FLYING_MAX
    this.#leave(lane, item)
    this.#drop(item)
    lane.attempt = 0
    item.settle?.(accepted)
    this.#post.changed(item.room)
    if (wasFull) this.resume()
    else this.#pump(lane)
    return { room, saying }
  }

  refused(id: Uuid, refusal: Refusal, retry: boolean): void {
    const item = this.#items.get(id)
    if (!item || item.phase === "failed" || item.phase === "keeping") return
    const lane = this.#lane(item.room)
    const wasFull = this.#flying >= FLYING_MAX
    if (item.phase === "sent") this.#landed(lane)
    if (!retry) this.#fail(lane, item, refusal)
    else if (refusal.code === "not-yet" && item.prev !== undefined) this.#hold(lane, item)
    else this.#later(lane, item, refusal)
    this.#post.changed(item.room)
    if (wasFull) this.resume()
    else this.#pump(lane)
  }

  /** The connection is gone: what was on it may or may not have arrived. */
  cut(): void {
    for (const [room, lane] of this.#lanes) {
      lane.pause?.()
      lane.pause = undefined
      lane.flying = 0
      if (lane.queue.length === 0) continue
      for (const item of lane.queue) if (item.phase !== "keeping") item.phase = "waiting"
      this.#post.changed(room)
    }
    this.#flying = 0
  }

  /** Signed in, or there is room again: what waits goes out, in order. */
  resume(): void {
    for (const lane of this.#lanes.values()) this.#pump(lane)
  }

  /** What was sent before a ping and has no answer by its pong was lost on the way. */
  ponged(ping: number): void {
    for (const lane of this.#lanes.values()) {
      if (lane.flying === 0) continue
      for (const item of lane.queue) {
        if (item.phase !== "sent" || item.era >= ping) continue
        item.phase = "waiting"
        this.#landed(lane)
      }
      this.#pump(lane)
    }
  }

  /** A room that was known by name only has an id: its commands wait under the id from now on. */
  named(name: string, room: Uuid): void {
    const lane = this.#lanes.get(name)
    if (!lane || name === room) return
    this.#lanes.delete(name)
    lane.pause?.()
    const known = this.#lane(room)
    known.queue = [...known.queue, ...lane.queue].sort((a, b) => a.order - b.order)
    known.flying += lane.flying
    for (const item of this.#items.values()) {
      if (item.room !== name) continue
      item.room = room
      if (item.order >= 0) void this.#keeper.put(this.#key(item), keptCommand(item))
    }
    this.#post.changed(name)
    this.#post.changed(room)
  }

  // ------------------------------------------------------------ the lanes

  #lane(room: string): Lane {
    const known = this.#lanes.get(room)
    if (known) return known
    const lane: Lane = { queue: [], flying: 0, attempt: 0, pause: undefined }
    this.#lanes.set(room, lane)
    return lane
  }

  #enqueue(item: Item): void {
    item.order = ++this.#order
    this.#items.set(item.id, item)
    const lane = this.#lane(item.room)
    lane.queue.push(item)
    const fault = item.refusal
    if (fault) {
      this.#fail(lane, item, fault)
      return
    }
    void this.#keeper.put(this.#key(item), keptCommand(item)).then(() => {
      if (item.phase !== "keeping" || this.#items.get(item.id) !== item) return
      item.phase = "waiting"
      this.#pump(this.#lane(item.room))
    })
  }

  #pump(lane: Lane): void {
    if (!this.#post.isOnline() || lane.pause) return
    let prev: Uuid | undefined
    for (const item of lane.queue) {
      if (item.phase === "keeping" || item.phase === "held") return
      if (item.phase === "waiting") {
        if (lane.flying >= FLYING_PER_ROOM_MAX || this.#flying >= FLYING_MAX) return
        this.#send(lane, item, prev)
      }
      prev = item.id
    }
  }

  #send(lane: Lane, item: Item, prev: Uuid | undefined): void {
    const { kind, body, target } = item.saying
    item.phase = "sent"
    item.era = this.#post.pings()
    item.prev = prev
    lane.flying++
    this.#flying++
    this.#post.send({
      type: "submit",
      room: item.room,
      id: item.id,
      kind,
      body,
      ...(target !== undefined && { target }),
      ...(prev !== undefined && { prev }),
    })
  }

  #landed(lane: Lane): void {
    lane.flying--
    this.#flying--
  }

  /** Out of the queue; the next one is linked to the one before. */
  #leave(lane: Lane, item: Item): void {
    if (item.phase === "sent") this.#landed(lane)
    const index = lane.queue.indexOf(item)
    if (index < 0) return
    lane.queue.splice(index, 1)
    release(lane.queue[index])
  }

  #fail(lane: Lane, item: Item, refusal: Refusal): void {
    item.phase = "waiting"
    this.#leave(lane, item)
    item.phase = "failed"
    item.refusal = refusal
    void this.#keeper.put(this.#key(item), keptCommand(item))
    item.settle?.(refusal)
    item.settle = undefined
  }

  /** The one before it is not in the log. While that one is on its way there is nothing to do but wait for it. */
  #hold(lane: Lane, item: Item): void {
    const before = lane.queue[lane.queue.indexOf(item) - 1]
    item.phase = before?.phase === "sent" ? "held" : "waiting"
  }

  #later(lane: Lane, item: Item, refusal: Refusal): void {
    item.phase = "waiting"
    item.refusal = refusal
    if (lane.pause) return
    const pauseMs = (refusal.waitMs ?? 0) + backoffMs(lane.attempt, AGAIN, this.#world)
    lane.attempt++
    lane.pause = this.#world.after(pauseMs, () => {
      lane.pause = undefined
      this.#pump(lane)
    })
  }

  #drop(item: Item): void {
    this.#items.delete(item.id)
    if (item.order >= 0) void this.#keeper.put(this.#key(item), undefined)
  }

  #key(item: Item): string {
    return `outbox/${this.#account}/${String(item.order).padStart(ORDER_DIGITS, "0")}`
  }
}

/** Keys are listed by their text, so the numbers in them have one width. */
const ORDER_DIGITS = 12

function settling(item: Item): Promise<Accepted | Refusal> {
  return new Promise((resolve) => {
    item.settle = resolve
  })
}

function release(item: Item | undefined): void {
  if (item?.phase === "held") item.phase = "waiting"
}
