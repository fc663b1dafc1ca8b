import type { Uuid } from "../../protocol/ids.ts"
import type { PageQuery, Pages, Stored } from "../core/ports.ts"
import { bare, type Held, type RoomLog } from "./memory-room.ts"

interface PageSources {
  readonly epoch: Uuid
  readonly rooms: ReadonlyMap<Uuid, RoomLog>
  readonly mentions: (room: Uuid, account: Uuid, after: number) => Iterable<number>
}

/** Pages and counts by looking at every event: rooms in memory are small. */
export function memoryPages({ epoch, rooms, mentions }: PageSources): Pages {
  const eventsOf = (room: Uuid): readonly Held[] => rooms.get(room)?.events ?? []
  const at = (room: Uuid, seqs: Iterable<number>) => eventsAt(rooms.get(room), seqs)
  const thread = (room: Uuid, root: number) => at(room, rooms.get(room)?.byRoot.get(root) ?? [])
  return {
    shown: async (room, query) => {
      const { root } = query
      const all = root === undefined ? eventsOf(room).filter(isOutsideThreads) : thread(room, root)
      return pageOf(all, query).map(bare)
    },
    unread: async (room, account, after, max) =>
      counted(
        eventsOf(room).slice(after),
        max,
        (event) => event.root === undefined && isOpen(event, account),
      ),
    mentioned: async (room, account, after, max) =>
      counted(
        at(room, new Set(mentions(room, account, after))),
        max,
        (event) => event.seq > after && isOpen(event, account),
      ),
    threads: async (room, roots) =>
      roots.map((root) => {
        const open = thread(room, root).filter((event) => isOpen(event))
        return { root, count: open.length, last: open.at(-1)?.seq ?? 0 }
      }),
    seqAt: async (room, atMs) => {
      const events = eventsOf(room)
      let [low, high] = [0, events.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((events[middle]?.at ?? 0) < atMs) low = middle + 1
        else high = middle
      }
      return low + 1
    },
    roomsOf: async (account) =>
      [...rooms]
        .filter(([, log]) => log.members.has(account))
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([room, { card, events }]) => {
          if (!card) return []
          const { type, name, visibility } = card
          return { room, type, name, visibility, epoch, seq: events.length }
        }),
  }
}

/** The events of a room at some seqs. */
export function eventsAt(log: RoomLog | undefined, seqs: Iterable<number>): readonly Held[] {
  return [...seqs].flatMap((seq) => log?.events[seq - 1] ?? [])
}

function isOutsideThreads({ target, root }: Stored): boolean {
  return target === undefined && root === undefined
}

/** An undeleted message, by someone else than `account`. */
function isOpen(event: Stored, account?: Uuid): boolean {
  return event.kind === "message.posted" && event.body !== null && event.by !== account
}

function counted(events: Iterable<Held>, max: number, counts: (event: Held) => boolean): number {
  let count = 0
  for (const event of events) {
    if (count >= max) break
    if (counts(event)) count++
  }
  return count
}

/** A page out of the shown things of a room or thread, ascending; see `Pages.shown`. */
function pageOf(events: readonly Held[], { before, after, from, limit }: PageQuery): readonly Held[] {
  const visible = events.filter(
    ({ seq, cites }) =>
      (cites ?? seq) >= from && seq >= from && seq < (before ?? Infinity) && seq > (after ?? 0),
  )
  return after === undefined ? visible.slice(-limit).reverse() : visible.slice(0, limit)
}
