import type { Event } from "../protocol/event.ts"
import type { Uuid } from "../protocol/ids.ts"
import { limits } from "../protocol/limits.ts"
import { mentions } from "../protocol/text.ts"
import type { Shown } from "../protocol/timeline.ts"
import type { RoomTold } from "./calls.ts"
import type { Stretch } from "./scroll.ts"

type Told = Pick<RoomTold, "seq" | "mark" | "joined" | "unread" | "mentions">

/**
 * What is unread in one room: messages of others, not deleted, outside threads, behind what one has read; and of all,
 * those that call one. Counted in the scroll as far as that reaches back; what lies before it the server has counted.
 * Where the server's count no longer holds, `isStale` asks for its word again.
 */
export class Unread {
  /** What is not behind this seq is read: the mark, one's own coming, one's own newest message. */
  after = 0
  isStale = false
  #told: Told | undefined
  /** What we have said to be read; the server may not have heard it yet. */
  #mark = 0
  /** Messages behind the server's word that call me. */
  readonly #calls = new Set<number>()
  /** Messages behind the server's word that were changed: who hears later that one calls must not take it at that. */
  readonly #changed = new Map<number, "deleted" | "edited">()

  /** The server's word, as of `told.seq`. */
  tell(told: Told): void {
    this.#told = told
    this.isStale = false
    this.#read(Math.max(told.mark, told.joined, this.after), told.seq)
    // It was counted before our newest mark came there.
    if (this.#mark > told.mark && this.#mark === this.after && this.#hasCounted) this.isStale = true
  }

  /** Our mark, set here or on another device: everything up to `seq` is read. */
  mark(seq: number): void {
    this.#mark = Math.max(this.#mark, seq)
    this.#raise(seq)
  }

  #raise(seq: number): void {
    if (seq <= this.after) return
    if (seq < this.#counted && this.#hasCounted) this.isStale = true
    this.#read(seq, this.#counted)
  }

  /** An event of the room has arrived; `me` is the account. */
  arrived({ seq, kind, by, body, target = 0 }: Event, me: Uuid | undefined): void {
    if (seq <= this.#counted) return
    if (kind === "message.posted" && body !== null) {
      const { text, root } = body as { readonly text: string; readonly root?: number }
      if (by === me && root === undefined) this.#raise(seq)
      if (by !== me && mentions(text).room) this.#calls.add(seq)
    }
    if (target > this.after && kind === "message.deleted") this.#change(target, "deleted")
    if (target > this.after && kind === "message.edited") this.#change(target, "edited")
  }

  /** The self log says that a message calls me. */
  called(seq: number): void {
    if (seq <= this.after || this.#changed.get(seq) === "deleted") return
    if (seq <= this.#counted || this.#changed.has(seq)) this.isStale = true
    else this.#calls.add(seq)
  }

  /** At most `unreadCountMax`, which then means that many or more. `items` are those of the growing stretch. */
  count(stretch: Stretch | undefined, items: readonly Shown[], me: Uuid | undefined): number {
    const reachesBack = stretch !== undefined && stretch.from <= this.after + 1
    let count = reachesBack ? 0 : (this.#countedNow?.unread ?? 0)
    const from = reachesBack ? this.after : Math.max(this.after, this.#counted)
    for (let index = items.length - 1; index >= 0 && count < limits.unreadCountMax; index--) {
      const item = items[index]
      if (!item || item.seq <= from) break
      if (item.type !== "message") continue
      // Who speaks has read what stands before it.
      if (item.by === me) break
      if (!item.deleted) count++
    }
    return Math.min(count, limits.unreadCountMax)
  }

  get mentions(): number {
    return Math.min(limits.unreadCountMax, (this.#countedNow?.mentions ?? 0) + this.#calls.size)
  }

  #change(target: number, how: "deleted" | "edited"): void {
    if (target <= this.#counted) {
      if (this.#hasCounted) this.isStale = true
      return
    }
    this.#changed.set(target, how)
    if (how === "deleted") this.#calls.delete(target)
    else if (this.#calls.has(target)) this.isStale = true
  }

  /** How far the server has counted. */
  get #counted(): number {
    return this.#told?.seq ?? 0
  }

  get #hasCounted(): boolean {
    return this.#countedNow !== undefined && this.#countedNow.unread + this.#countedNow.mentions > 0
  }

  /** The server's word, as long as something of what it counted may be unread. */
  get #countedNow(): Told | undefined {
    return this.#told && this.after < this.#told.seq ? this.#told : undefined
  }

  /** Up to `seq` is read, and what is not behind `counted` is the server's to count. */
  #read(seq: number, counted: number): void {
    this.after = seq
    for (const set of [this.#calls, this.#changed])
      for (const one of set.keys()) if (one <= Math.max(seq, counted)) set.delete(one)
  }
}
