import type { Event } from "../protocol/event.ts"
import type { Events, Following, Reset } from "../protocol/frames.ts"
import type { Uuid } from "../protocol/ids.ts"
import type { Shown } from "../protocol/timeline.ts"
import type { KeptRoom, Place } from "./kept.ts"
import { type Page, Scroll } from "./scroll.ts"
import { ThreadCounts } from "./threads.ts"

/** Things shown of one timeline that are held at once; beyond it, what is far from where one looks is forgotten. */
const SHOWN_MAX = 2_000
const SHOWN_KEPT = 1_500

/** What became of an `events` frame. */
type Taken =
  /** These events, which reach up to `to`, are new, and so is what they made or changed of what is shown. */
  | {
      readonly is: "applied"
      readonly events: readonly Event[]
      readonly to: number
      readonly changed: readonly number[]
    }
  /** There is nothing new in it. */
  | { readonly is: "old" }
  /** Something is missing before it: follow again from the cursor. */
  | { readonly is: "gap" }

/** Where a log is taken up that has not been seen yet: after a seq, or so many events before its end. */
export type Begin = { readonly after: number } | { readonly last: number }

/** The changes that arrive from now on, until `stop`: for a page that is on its way meanwhile. */
interface Recording {
  readonly changes: readonly Event[]
  stop(): void
}

/**
 * One room's log as far as it has arrived: a cursor and a fold. Events are taken only where they continue the cursor,
 * so none is skipped and none applied twice, whatever the wire loses, repeats or delays.
 */
export class Replica {
  readonly room: Uuid
  readonly #begin: Begin
  /** Undefined: nothing has arrived. */
  place: Place | undefined
  /** What is shown of the room outside its threads. */
  scroll = new Scroll(isOutsideThreads)
  /** Threads that are looked at, by the seq of the message they grow from. */
  readonly threads = new Map<number, Scroll>()
  readonly counts = new ThreadCounts()
  /** Where somebody looks; undefined: at the end. What is near it is forgotten last. */
  focus: number | undefined
  /** The epoch that a reset told, until its first events are here. */
  #epoch: Uuid | undefined
  /** The number of pings sent before it was last asked to go on; undefined once something has come. */
  #askedAt: number | undefined
  readonly #recordings = new Set<Event[]>()

  constructor(room: Uuid, begin: Begin) {
    this.room = room
    this.#begin = begin
  }

  /** Takes up what was kept. */
  restore({ place, from, items, threads }: Pick<KeptRoom, "place" | "from" | "items" | "threads">): void {
    this.place = place
    this.scroll.restore({ from, to: place.cursor }, items)
    this.counts.tell(threads, place.cursor)
  }

  /** How to follow the room from here. `pings`: the number of pings sent before. */
  follow(pings: number): Following {
    const { room, place } = this
    this.#askedAt = pings
    if (!place) return { room, ...this.#begin }
    return { room, after: place.cursor, epoch: place.epoch, check: place.check }
  }

  /** Takes what continues the cursor; of a frame that overlaps it, the part behind. */
  take(frame: Events): Taken {
    if (this.#epoch !== undefined && frame.epoch !== this.#epoch) return { is: "old" }
    const { place } = this
    const cursor = place?.cursor ?? ("after" in this.#begin ? this.#begin.after : frame.after)
    if (place && frame.epoch !== place.epoch) return this.#gap()
    if (frame.after > cursor) return this.#gap()
    if (frame.to < cursor) return { is: "old" }
    if (!place) this.#beginAt(cursor)
    const events = frame.after < cursor ? frame.events.filter(({ seq }) => seq > cursor) : frame.events
    this.place = { cursor: frame.to, epoch: frame.epoch, check: frame.check }
    this.#epoch = undefined
    this.#askedAt = undefined
    return { is: "applied", events, to: frame.to, changed: this.#grow(events, frame.to) }
  }

  /** The cursor does not belong to this log: only what is of its new epoch counts. */
  reset({ epoch }: Reset): void {
    this.#epoch = epoch
  }

  /** Forgets what has arrived, to begin again; the threads that are looked at begin again too. */
  skip(): void {
    this.place = undefined
    this.scroll = new Scroll(isOutsideThreads)
    for (const root of this.threads.keys()) this.thread(root)
    this.counts.clear()
  }

  /** As `skip`; what had grown is handed out, to be brought up to date and merged again. */
  leap(): Page | undefined {
    const { place, scroll } = this
    const stretch = scroll.stretch()
    const items = scroll.list()
    this.skip()
    return place && stretch && items.length > 0 ? { ...stretch, items, asOf: place.cursor } : undefined
  }

  /** Begins to look at a thread, or begins again. What is said in it from here on is shown; the rest comes as pages. */
  thread(root: number): Scroll {
    const scroll = new Scroll((shown) => shown.type === "message" && shown.root === root)
    if (this.place) scroll.begin(this.place.cursor)
    this.threads.set(root, scroll)
    return scroll
  }

  record(): Recording {
    const changes: Event[] = []
    this.#recordings.add(changes)
    return { changes, stop: () => this.#recordings.delete(changes) }
  }

  /** Whether the log, which is known to reach up to `seq`, has not arrived here up to there. */
  lacks(seq: number): boolean {
    return this.place === undefined || seq > this.place.cursor
  }

  /** Whether it asked to follow before the ping that is answered now, and heard nothing: that was lost. */
  isUnanswered(ping: number): boolean {
    return this.#askedAt !== undefined && this.#askedAt < ping
  }

  /** Nothing is followed any more, so nothing is owed. */
  cut(): void {
    this.#askedAt = undefined
  }

  #beginAt(cursor: number): void {
    this.scroll.begin(cursor)
    for (const thread of this.threads.values()) thread.begin(cursor)
  }

  #grow(events: readonly Event[], to: number): number[] {
    const changed = this.scroll.grow(events, to)
    for (const thread of this.threads.values()) changed.push(...thread.grow(events, to))
    for (const event of events) {
      const root = this.counts.arrived(event)
      if (root !== undefined) changed.push(root)
      if (event.target !== undefined) for (const recording of this.#recordings) recording.push(event)
    }
    if (this.scroll.size > SHOWN_MAX) this.scroll.evict(SHOWN_KEPT, this.focus ?? Number.POSITIVE_INFINITY)
    return changed
  }

  /** Asking again for every frame behind a gap would not mend it sooner: once is enough until something comes. */
  #gap(): Taken {
    return this.#askedAt === undefined ? { is: "gap" } : { is: "old" }
  }
}

function isOutsideThreads(shown: Shown): boolean {
  return shown.type !== "message" || shown.root === undefined
}
