import { isUuid, type Uuid } from "../protocol/ids.ts"
import type { Shown } from "../protocol/timeline.ts"
import type { ThreadTold } from "./calls.ts"
import type { Card } from "./card.ts"

/** Things of one room that are kept over a restart: a few screens full. */
const ITEMS_KEPT_MAX = 100

/** How far a log has arrived: up to a seq, in an epoch, with the chain there. */
export interface Place {
  readonly cursor: number
  readonly epoch: Uuid
  readonly check: string
}

/** A room as the cache keeps it: where the log has arrived, and the newest of what is shown. */
export interface KeptRoom {
  readonly card: Card
  readonly place: Place
  readonly newsAfter: number
  /** Everything shown from here up to the cursor is in `items`. */
  readonly from: number
  readonly items: readonly Shown[]
  /** The threads that grow from them. */
  readonly threads: readonly (readonly [root: number, thread: ThreadTold])[]
}

export function keptText(room: KeptRoom): string {
  const items = room.items.slice(-ITEMS_KEPT_MAX)
  const from = items.length < room.items.length ? (items[0]?.seq ?? room.from) : room.from
  const kept = new Set(items.map(({ seq }) => seq))
  const threads = room.threads.filter(([root]) => kept.has(root))
  return JSON.stringify({ ...room, from, items, threads } satisfies KeptRoom)
}

/** Undefined for what is no room: a cache may have been damaged, or written by another version. */
export function readKept(text: string): KeptRoom | undefined {
  try {
    const { card, place, newsAfter, from, items, threads } = JSON.parse(text)
    const isWhole =
      typeof card.name === "string" &&
      isUuid(place.epoch) &&
      typeof place.check === "string" &&
      [place.cursor, newsAfter, from].every(Number.isSafeInteger) &&
      items.every((item: Partial<Shown>) => Number.isSafeInteger(item.seq)) &&
      Array.isArray(threads)
    return isWhole ? { card, place, newsAfter, from, items, threads } : undefined
  } catch {
    return undefined
  }
}

/** Whose words a cache holds. */
interface KnownAccount {
  readonly id: Uuid
  readonly name: string
}

export function keptAccount(account: KnownAccount): string {
  return JSON.stringify(account)
}

/** Undefined for what is none; throws for what is no JSON. */
export function readAccount(text: string | undefined): KnownAccount | undefined {
  if (text === undefined) return undefined
  const { id, name } = JSON.parse(text)
  return isUuid(id) && typeof name === "string" ? { id, name } : undefined
}

export function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
