import type { Event } from "../protocol/event.ts"
import { type Shown, show } from "../protocol/timeline.ts"

/** Consecutive seqs of a room, both ends included, whose every shown thing is here. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** Part of a timeline as the server folded it: all that is shown from..to, with every change up to `asOf` applied. */
export interface Page extends Stretch {
  readonly items: readonly Shown[]
  readonly asOf: number
}

/**
 * What is shown of one timeline, in stretches: the newest grows with the log, others were asked for as pages and join
 * it when they touch. Bounded by `evict`, never by history.
 */
export class Scroll {
  /** Nothing before this seq is shown: known once a page has reached it. */
  first = 1
  readonly #belongs: (shown: Shown) => boolean
  readonly #items = new Map<number, Shown>()
  /** The keys of `#items`, ascending. */
  #seqs: number[] = []
  /** Ascending, apart from each other. */
  #stretches: readonly Stretch[] = []
  /** Things whose fold is ahead of the log as it has arrived here: up to which seq changes are in them already. */
  readonly #ahead = new Map<number, number>()
  /** The end of the log as it has arrived here. */
  #cursor = 0
  #list: { readonly stretch: Stretch; readonly shown: readonly Shown[] } | undefined

  /** `belongs` says what this timeline shows: a room without its threads, or one thread. */
  constructor(belongs: (shown: Shown) => boolean) {
    this.#belongs = belongs
  }

  /** How many things it holds. */
  get size(): number {
    return this.#items.size
  }

  get(seq: number): Shown | undefined {
    return this.#items.get(seq)
  }

  /** The stretch that holds a seq; without one, the stretch that grows with the log. */
  stretch(seq?: number): Stretch | undefined {
    if (seq !== undefined) return this.#stretches.find(({ from, to }) => from <= seq && seq <= to)
    const last = this.#stretches.at(-1)
    return last?.to === this.#cursor ? last : undefined
  }

  /** What is shown in the stretch that holds a seq, ascending; without one, in the growing one. The same array until it changes. */
  list(seq?: number): readonly Shown[] {
    const stretch = this.stretch(seq)
    if (!stretch) return []
    if (this.#list?.stretch === stretch) return this.#list.shown
    const shown = this.#within(stretch)
    this.#list = { stretch, shown }
    return shown
  }

  /** Takes up what was kept: the growing stretch as it stood, up to the cursor. */
  restore({ from, to }: Stretch, items: readonly Shown[]): void {
    this.#cursor = to
    this.#stretches = [{ from, to }]
    for (const item of items) this.#items.set(item.seq, item)
    this.#seqs = items.map(({ seq }) => seq)
  }

  /** The log is taken up after `cursor`, with nothing of it here yet; what was here before stands apart from it. */
  begin(cursor: number): void {
    this.#cursor = cursor
    this.#stretches = [...this.#stretches, { from: cursor + 1, to: cursor }]
  }

  /** Applies the next events of the log, which reach up to `to`. Returns the seqs of what was made or changed. */
  grow(events: readonly Event[], to: number): number[] {
    const changed: number[] = []
    for (const event of events) {
      const seq = event.target === undefined ? this.#add(event) : this.#change(event, event.target)
      if (seq !== undefined) changed.push(seq)
    }
    const growing = this.stretch()
    const others = growing ? this.#stretches.slice(0, -1) : this.#stretches
    this.#stretches = [...others, { from: growing?.from ?? this.#cursor + 1, to }]
    this.#cursor = to
    for (const [seq, asOf] of this.#ahead) if (asOf <= to) this.#ahead.delete(seq)
    this.#list = undefined
    return changed
  }

  /**
   * Takes in a page whose `asOf` is not older than what this scroll knew when it was asked for. `since` are the changes
   * that have arrived meanwhile; things that are here already have them. Returns the seqs that are new here.
   */
  merge(page: Page, since: readonly Event[]): number[] {
    const fresh: number[] = []
    for (const item of page.items) {
      const known = this.#items.has(item.seq) && page.asOf <= (this.#ahead.get(item.seq) ?? this.#cursor)
      if (known || !this.#belongs(item)) continue
      let shown: Shown | undefined = item
      for (const event of since)
        if (event.target === item.seq && event.seq > page.asOf) shown = show(shown, event)
      if (!shown) continue
      this.#items.set(item.seq, shown)
      if (page.asOf > this.#cursor) this.#ahead.set(item.seq, page.asOf)
      fresh.push(item.seq)
    }
    this.#seqs = [...this.#items.keys()].sort((a, b) => a - b)
    // What lies ahead of the log joins when the log has come there.
    if (page.from <= this.#cursor) this.#cover({ from: page.from, to: Math.min(page.to, this.#cursor) })
    return fresh
  }

  /** Forgets what is farthest from `focus` until at most `max` things are left. */
  evict(max: number, focus: number): void {
    let [first, last] = [0, this.#seqs.length]
    while (last - first > max) {
      const [low, high] = [this.#seqs[first] ?? 0, this.#seqs[last - 1] ?? 0]
      if (focus - low >= high - focus) first++
      else last--
    }
    if (last - first === this.#seqs.length) return
    for (const [index, seq] of this.#seqs.entries())
      if (index < first || index >= last) {
        this.#items.delete(seq)
        this.#ahead.delete(seq)
      }
    // Of a stretch that lost things, what is left reaches as far as they were not.
    const low = first === 0 ? 0 : (this.#seqs[first - 1] ?? 0) + 1
    const high = last === this.#seqs.length ? Number.POSITIVE_INFINITY : (this.#seqs[last] ?? 0) - 1
    this.#seqs = this.#seqs.slice(first, last)
    this.#stretches = this.#stretches
      .map(({ from, to }) => ({ from: Math.max(from, low), to: Math.min(to, high) }))
      .filter(({ from, to }) => from <= to)
    this.#list = undefined
  }

  // ------------------------------------------------------------

  #within({ from, to }: Stretch): Shown[] {
    const shown: Shown[] = []
    for (let at = lowerBound(this.#seqs, from); at < this.#seqs.length; at++) {
      const seq = this.#seqs[at] ?? 0
      if (seq > to) break
      const item = this.#items.get(seq)
      if (item) shown.push(item)
    }
    return shown
  }

  #add(event: Event): number | undefined {
    const shown = show(undefined, event)
    if (!shown || !this.#belongs(shown) || this.#items.has(event.seq)) return undefined
    this.#items.set(event.seq, shown)
    // A page may already hold things from further on.
    this.#seqs.splice(lowerBound(this.#seqs, event.seq), 0, event.seq)
    return event.seq
  }

  #change(event: Event, target: number): number | undefined {
    const before = this.#items.get(target)
    if (!before || event.seq <= (this.#ahead.get(target) ?? 0)) return undefined
    const after = show(before, event)
    if (!after || after === before) return undefined
    this.#items.set(target, after)
    return target
  }

  /** Joins a stretch with those it touches. */
  #cover(stretch: Stretch): void {
    let { from, to } = stretch
    const apart: Stretch[] = []
    for (const one of this.#stretches) {
      if (one.to < from - 1 || one.from > to + 1) apart.push(one)
      else {
        from = Math.min(from, one.from)
        to = Math.max(to, one.to)
      }
    }
    this.#stretches = [...apart, { from, to }].sort((a, b) => a.from - b.from)
    this.#list = undefined
  }
}

/** The first index whose number is not below `wanted`. */
function lowerBound(numbers: readonly number[], wanted: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((numbers[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
