import type { Uuid } from "../../protocol/ids.ts"
import type { Append, Claim, Feed, Log, Outcome, Pages, World } from "../core/ports.ts"
import { unfit } from "./fitness.ts"
import { eventsAt, memoryPages } from "./memory-pages.ts"
import { bare, emptyLog, headOf, keepBeside, knownId, put, type RoomLog } from "./memory-room.ts"

interface MemoryOptions {
  readonly epoch: Uuid
  readonly world: Pick<World, "digest" | "random">
  /** Hears of every append that changes rows beside the log, once it is in. */
  readonly sink?: (rows: Pick<Append, "room" | "claims" | "members" | "card">) => void
  /** The seqs above `after` of what mentions an account or the whole room; each once, in any order. */
  readonly mentions?: (room: Uuid, account: Uuid, after: number) => Iterable<number>
}

/**
 * The whole store's log in plain TypeScript: for the simulation, for tests and for `--store memory`. No timers, no
 * runtime: every call is decided before it returns, so nothing is ever unknown.
 */
export function memoryLog(options: MemoryOptions): Log & Pages & Feed {
  const { epoch, mentions = () => [] } = options
  const rooms = new Map<Uuid, RoomLog>()
  const take = claimBook()
  const order: { readonly log: RoomLog; readonly seq: number }[] = []

  function appendOne(append: Append): Outcome {
    const log = rooms.get(append.room)
    if (append.epoch !== epoch || (log?.events.length ?? 0) !== append.after) return { is: "moved" }
    const known = knownId(log, append.entries)
    if (known !== undefined) return { is: "known", id: known }
    if (unfit(append, log?.events.at(-1)?.at ?? 0) !== undefined)
      return { is: "failed", code: "store-failed" }
    const taken = take(append.claims ?? [])
    if (taken) return { is: "taken", claim: taken }
    const room = log ?? emptyLog()
    rooms.set(append.room, room)
    const checks = append.entries.map((entry) => {
      const event = put(room, append.room, entry, options)
      order.push({ log: room, seq: event.seq })
      return event.check
    })
    if (append.snapshot) room.snapshot = append.snapshot
    keepBeside(room, append)
    if (append.claims || append.members || append.card) options.sink?.(append)
    return { is: "appended", checks }
  }

  return {
    append: async (appends) => appends.map(appendOne),
    read: async (room, after, limit) => (rooms.get(room)?.events ?? []).slice(after, after + limit).map(bare),
    find: async (room, id) => {
      const log = rooms.get(room)
      return eventsAt(log, [log?.seqById.get(id) ?? 0]).map(bare)[0]
    },
    head: async (room) => headOf(rooms.get(room), epoch),
    changes: async (room, from, to, after, limit) => {
      const log = rooms.get(room)
      const seqs = [...(log?.byTarget ?? [])].flatMap(([target, changes]) =>
        target >= from && target <= to ? changes.filter((seq) => seq > after) : [],
      )
      return eventsAt(log, seqs.sort((a, b) => a - b).slice(0, limit)).map(bare)
    },
    ...memoryPages({ epoch, rooms, mentions }),
    next: async (after, limit) => {
      const from = Number(after)
      const events = order.slice(from, from + limit).flatMap(({ log, seq }) => log.events[seq - 1] ?? [])
      return { events, to: String(from + events.length) }
    },
  }
}

/** Who holds which name. */
function claimBook(): (claims: readonly Claim[]) => Claim | undefined {
  const held = new Map<string, Claim>()
  const place = ({ space, key }: Claim) => `${space} ${key}`
  /** Takes all of them, or none and answers the one that is another's. */
  return (claims) => {
    if (claims.length === 0) return undefined
    const next = new Map(held)
    for (const claim of claims) {
      const { space, key, skeleton, holder } = claim
      if (holder === null) {
        next.delete(place(claim))
        continue
      }
      for (const other of next.values()) {
        const same = other.space === space && (other.key === key || other.skeleton === skeleton)
        if (same && other.holder !== holder) return claim
        if (same) next.delete(place(other))
      }
      next.set(place(claim), claim)
    }
    held.clear()
    for (const [name, claim] of next) held.set(name, claim)
    return undefined
  }
}
