import type { Stored } from "./ports.ts"

/** Events kept in memory, over all rooms: about 16 MB. The oldest to arrive goes first, whichever room it is in. */
const RECENT_EVENTS_MAX = 32_768
/** Events kept of one room. */
const RECENT_PER_ROOM_MAX = 512

/** What all rooms together may keep: a queue of arrivals, so that a busy house forgets its quietest words first. */
export class RecentBudget {
  readonly #arrivals: Recent[] = []
  #first = 0

  arrived(recent: Recent): void {
    this.#arrivals.push(recent)
    while (this.#arrivals.length - this.#first > RECENT_EVENTS_MAX) {
      this.#arrivals[this.#first]?.forget()
      this.#first++
    }
    if (this.#first > RECENT_EVENTS_MAX) {
      this.#arrivals.splice(0, this.#first)
      this.#first = 0
    }
  }
}

/** The newest events of one room, without a hole; replay from here costs no read of the log. */
export class Recent {
  #events: Stored[] = []
  #first = 0
  /** Events that were dropped before the budget asked for it. */
  #owed = 0

  readonly #budget: RecentBudget

  constructor(budget: RecentBudget) {
    this.#budget = budget
  }

  push(event: Stored): void {
    this.#events.push(event)
    if (this.#events.length - this.#first > RECENT_PER_ROOM_MAX) {
      this.#drop()
      this.#owed++
    }
    this.#budget.arrived(this)
  }

  forget(): void {
    if (this.#owed > 0) this.#owed--
    else this.#drop()
  }

  #drop(): void {
    this.#first++
    if (this.#first > 64 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
  }

  /** The seq of the oldest event here; undefined when empty. */
  get oldest(): number | undefined {
    return this.#events[this.#first]?.seq
  }

  get(seq: number): Stored | undefined {
    const oldest = this.oldest
    return oldest === undefined || seq < oldest ? undefined : this.#events[this.#first + seq - oldest]
  }

  /** Newest first: what is looked for is nearly always near the end. */
  byId(id: string): Stored | undefined {
    for (let index = this.#events.length - 1; index >= this.#first; index--) {
      const event = this.#events[index]
      if (event?.id === id) return event
    }
    return undefined
  }

  /** Up to `limit` events after a cursor; undefined when this memory does not reach back that far. */
  after(cursor: number, limit: number): readonly Stored[] | undefined {
    const oldest = this.oldest
    if (oldest === undefined || cursor + 1 < oldest) return undefined
    const from = this.#first + cursor + 1 - oldest
    return this.#events.slice(from, from + limit)
  }

  all(): readonly Stored[] {
    return this.#events.slice(this.#first)
  }

  /** Blanks an erased event. */
  erase(seq: number): void {
    const oldest = this.oldest
    const event = this.get(seq)
    if (event && oldest !== undefined) this.#events[this.#first + seq - oldest] = { ...event, body: null }
  }

  clear(): void {
    this.#owed += this.#events.length - this.#first
    this.#events = []
    this.#first = 0
  }
}
