import type { Uuid } from "../../protocol/ids.ts"
import type { Feed } from "../core/ports.ts"
import { type Change, type Changed, changeOf, type Source, type Unread } from "./search-source.ts"

const EVENTS_MAX = 500
const BEGINNING = "0"

interface FeedSource extends Source {
  /** What there is after the last event read. */
  unread(): Promise<Unread>
}

/** A log that is only known by its feed, for stores in memory; it can be read once, from the beginning. */
export function feedSource(feed: Feed): FeedSource {
  const keys = new Map<Uuid, number>()
  const rooms: Uuid[] = []
  const messages: Map<number, Changed>[] = []
  let position = BEGINNING
  let arrived = 0
  /** How far the feed was counted, which may be further than it was read. */
  let counted = { position: BEGINNING, events: 0 }

  function keyOf(room: Uuid): number {
    const key = keys.get(room) ?? rooms.push(room) - 1
    keys.set(room, key)
    messages[key] ??= new Map()
    return key
  }

  return {
    keyOf: (room) => keys.get(room),
    roomOf: (key) => rooms[key] ?? "",
    placeOf: (key, seq) => messages[key]?.get(seq),
    async read(n) {
      if (n !== arrived) throw new Error("A feed is read once, from the beginning.")
      const { events, to } = await feed.next(position, EVENTS_MAX)
      const changes: Change[] = []
      for (const { room, target, by, ...event } of events) {
        const key = keyOf(room)
        const author = by.replaceAll("-", "")
        arrived++
        const { seq, at } = event
        messages[key]?.set(seq, { seq, at, n: arrived, by: author })
        const change = changeOf({ ...event, n: arrived, room: key, by: author }, () =>
          target === undefined ? undefined : messages[key]?.get(target),
        )
        if (change) changes.push(change)
      }
      position = to
      const last = events.at(-1)
      return last && { changes, to: { n: arrived, id: last.id }, more: events.length === EVENTS_MAX }
    },
    knows: ({ n }) => n === 0,
    async unread() {
      for (;;) {
        if (counted.events < arrived) counted = { position, events: arrived }
        const { events, to } = await feed.next(counted.position, EVENTS_MAX)
        counted = { position: to, events: counted.events + events.length }
        if (events.length < EVENTS_MAX) break
      }
      const [first] = (await feed.next(position, 1)).events
      return { events: Math.max(0, counted.events - arrived), at: first?.at ?? 0 }
    },
  }
}
