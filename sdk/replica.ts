import type { Event } from "../protocol/event.ts"
import type { Events, Following, Reset } from "../protocol/frames.ts"
import type { Uuid } from "../protocol/ids.ts"
import type { Shown } from "../protocol/timeline.ts"
import { Scroll } from "./scroll.ts"

/** What became of an `events` frame. */
export type Taken =
  /** These events are new; their effects are in. */
  | { readonly is: "applied"; readonly events: readonly Event[]; readonly changed: readonly number[] }
  /** Nothing new in it. */
  | { readonly is: "old" }
  /** Something is missing before it: follow again from the cursor. */
  | { readonly is: "gap" }

/** Where a log is taken up that has not been seen yet: from its very start, or so many events before its end. */
export type Begin = { readonly after: number } | { readonly last: number }

/**
 * One room as far as it has arrived: a cursor and a fold. Events are taken only where they continue the cursor, so none
 * is skipped and none applied twice, whatever the wire loses, repeats or delays.
 */
export class Replica {
  readonly room: Uuid
  readonly #begin: Begin
  /** The last seq that has arrived, with the log's epoch and its chain there. Undefined: nothing has. */
  at: { readonly cursor: number; readonly epoch: Uuid; readonly check: string } | undefined
  /** What is shown of the room outside its threads. */
  scroll = new Scroll(isOutsideThreads)
  /** Threads that are looked at, by the seq they grow from. */
  readonly threads = new Map<number, Scroll>()
  /** The epoch that a reset told, until its first events are here. */
  #epoch: Uuid | undefined
  /** The cursor from which it was last asked to go on, until an answer has come. */
  #asked: number | undefined

  constructor(room: Uuid, begin: Begin) {
    this.room = room
    this.#begin = begin
  }

  /** How to follow the room from where this replica is. */
  following(): Following {
    const { room, at } = this
    this.#asked = at?.cursor ?? 0
    if (at && at.check !== "") return { room, after: at.cursor, epoch: at.epoch, check: at.check }
    if (at) return { room, after: at.cursor, epoch: at.epoch }
    return { room, ...this.#begin }
  }

  /** Takes what continues the cursor. Of a frame that overlaps it, the part behind the cursor. */
  take(frame: Events): Taken {
    if (this.#epoch !== undefined && frame.epoch !== this.#epoch) return { is: "old" }
    const { at } = this
    if (at) {
      if (frame.epoch === at.epoch && frame.to <= at.cursor) return { is: "old" }
      if (frame.epoch !== at.epoch || frame.after > at.cursor) return this.#gap(at.cursor)
    } else {
      this.scroll.begin(frame.after)
      for (const thread of this.threads.values()) thread.begin(frame.after)
    }
    const events = at ? frame.events.filter(({ seq }) => seq > at.cursor) : frame.events
    const changed = this.scroll.grow(events, frame.to)
    for (const thread of this.threads.values()) changed.push(...thread.grow(events, frame.to))
    this.at = { cursor: frame.to, epoch: frame.epoch, check: frame.check }
    this.#epoch = undefined
    this.#asked = undefined
    return { is: "applied", events, changed }
  }

  /** This cursor does not belong to the log: everything here is void, and begins again. */
  reset(frame: Reset): void {
    this.at = undefined
    this.#epoch = frame.epoch
    this.#asked = undefined
    this.scroll = new Scroll(isOutsideThreads)
    this.threads.clear()
  }

  /** The log is known to reach up to `seq`: true when that is not here and nobody has been asked for it since. */
  lacks(seq: number): boolean {
    return seq > (this.at?.cursor ?? -1)
  }

  /** Whether an answer to the last `following()` has not shown itself: on a lossy wire it may have been lost. */
  get isUnconfirmed(): boolean {
    return this.#asked !== undefined
  }

  /** Asking again for every frame behind a gap would only make the wire worse: once is enough until something arrives. */
  #gap(cursor: number): Taken {
    return this.#asked === cursor ? { is: "old" } : { is: "gap" }
  }
}

function isOutsideThreads(shown: Shown): boolean {
  return shown.type !== "message" || shown.root === undefined
}
