import type { Uuid } from "../../protocol/ids.ts"
import type {
  Append,
  Claim,
  Entry,
  Feed,
  Log,
  LogHead,
  Outcome,
  PageQuery,
  Pages,
  RoomCard,
  Stored,
  World,
} from "../core/ports.ts"
import { chainInput, checkOf, type Link, noChain, SALT_BYTES, sealInput } from "./chain.ts"
import { unfit } from "./fitness.ts"

export interface MemoryOptions {
  readonly epoch: Uuid
  readonly world: Pick<World, "digest" | "random">
  /** Hears of every append that changes rows beside the log, once it is in. */
  readonly sink?: (rows: Pick<Append, "room" | "claims" | "members" | "card">) => void
  /** The seqs above `after` of what mentions an account or the whole room; each once, in any order. */
  readonly mentions?: (room: Uuid, account: Uuid, after: number) => Iterable<number>
}

type Held = Stored & { readonly room: Uuid }

interface RoomLog {
  readonly events: Held[]
  readonly seqById: Map<Uuid, number>
  /** Seqs by what they change, and by the thread they belong to. */
  readonly byTarget: Map<number, number[]>
  readonly byRoot: Map<number, number[]>
  chain: Uint8Array
  snapshot?: { readonly seq: number; readonly head: string }
  readonly members: Set<Uuid>
  card?: RoomCard
}

/**
 * The whole store's log in plain TypeScript: for the simulation, for tests and for `--store memory`. No timers, no
 * runtime: every call is decided before it returns, so nothing is ever unknown.
 */
export function memoryLog(options: MemoryOptions): Log & Pages & Feed {
  const rooms = new Map<Uuid, RoomLog>()
  const take = claimBook()
  const order: { readonly log: RoomLog; readonly seq: number }[] = []

  function appendOne(append: Append): Outcome {
    const log = rooms.get(append.room)
    if (append.epoch !== options.epoch || (log?.events.length ?? 0) !== append.after) return { is: "moved" }
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

  const eventsOf = (room: Uuid): readonly Held[] => rooms.get(room)?.events ?? []
  const at = (room: Uuid, seqs: Iterable<number>): Held[] => {
    const events = eventsOf(room)
    return [...seqs].flatMap((seq) => events[seq - 1] ?? [])
  }

  return {
    append: async (appends) => appends.map(appendOne),
    read: async (room, after, limit) =>
      eventsOf(room)
        .slice(after, after + limit)
        .map(bare),
    find: async (room, id) => at(room, [rooms.get(room)?.seqById.get(id) ?? 0]).map(bare)[0],
    head: async (room) => headOf(rooms.get(room), options.epoch),
    changes: async (room, from, to, after, limit) => {
      const seqs: number[] = []
      const byTarget = rooms.get(room)?.byTarget ?? new Map<number, number[]>()
      for (const [target, changes] of byTarget) if (target >= from && target <= to) seqs.push(...changes)
      const sorted = seqs.filter((seq) => seq > after).sort((a, b) => a - b)
      return at(room, sorted.slice(0, limit)).map(bare)
    },
    shown: async (room, query) => {
      const { root } = query
      const all =
        root === undefined
          ? eventsOf(room).filter((event) => event.target === undefined && event.root === undefined)
          : at(room, rooms.get(room)?.byRoot.get(root) ?? [])
      return pageOf(all, query).map(bare)
    },
    unread: async (room, account, after, max) =>
      counted(
        eventsOf(room).slice(after),
        max,
        (event) => event.root === undefined && isOpen(event, account),
      ),
    mentioned: async (room, account, after, max) => {
      const seqs = new Set(options.mentions?.(room, account, after) ?? [])
      return counted(at(room, seqs), max, (event) => event.seq > after && isOpen(event, account))
    },
    threads: async (room, roots) =>
      roots.map((root) => {
        const open = at(room, rooms.get(room)?.byRoot.get(root) ?? []).filter((event) => isOpen(event))
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
    roomsOf: async (account) => {
      const own = [...rooms].filter(([, log]) => log.members.has(account))
      return own
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([room, { card, events }]) =>
          card
            ? {
                room,
                type: card.type,
                name: card.name,
                visibility: card.visibility,
                epoch: options.epoch,
                seq: events.length,
              }
            : [],
        )
    },
    next: async (after, limit) => {
      const from = Number(after)
      const events = order.slice(from, from + limit).flatMap(({ log, seq }) => log.events[seq - 1] ?? [])
      return { events, to: String(from + events.length) }
    },
  }
}

function emptyLog(): RoomLog {
  return {
    events: [],
    seqById: new Map(),
    byTarget: new Map(),
    byRoot: new Map(),
    chain: noChain,
    members: new Set(),
  }
}

function knownId(log: RoomLog | undefined, entries: readonly Entry[]): Uuid | undefined {
  const fresh = new Set<Uuid>()
  for (const { id } of entries) {
    if (log?.seqById.has(id) || fresh.has(id)) return id
    fresh.add(id)
  }
  return undefined
}

function put(log: RoomLog, room: Uuid, entry: Entry, { epoch, world }: MemoryOptions): Held {
  const { erases, ...rest } = entry
  const seq = log.events.length + 1
  const link: Link = { ...entry, room, epoch, seq }
  const seal = world.digest(sealInput(world.random(SALT_BYTES), entry.body))
  log.chain = world.digest(chainInput(log.chain, link, seal))
  const event: Held = { ...rest, room, seq, check: checkOf(log.chain) }
  log.events.push(event)
  log.seqById.set(event.id, seq)
  if (event.target !== undefined) listed(log.byTarget, event.target, seq)
  else if (event.root !== undefined) listed(log.byRoot, event.root, seq)
  if (erases !== undefined) erase(log, erases)
  return event
}

function listed(lists: Map<number, number[]>, key: number, seq: number): void {
  const list = lists.get(key)
  if (list) list.push(seq)
  else lists.set(key, [seq])
}

/** The event and every edit of it: an older wording is not to outlive the message. */
function erase(log: RoomLog, seq: number): void {
  for (const one of [seq, ...(log.byTarget.get(seq) ?? [])]) {
    const event = log.events[one - 1]
    if (event && (one === seq || event.kind === "message.edited"))
      log.events[one - 1] = { ...event, body: null }
  }
}

function headOf(log: RoomLog | undefined, epoch: Uuid): LogHead | undefined {
  const last = log?.events.at(-1)
  if (!log || !last) return undefined
  return {
    epoch,
    seq: last.seq,
    at: last.at,
    check: last.check,
    ...(log.snapshot && { snapshot: log.snapshot }),
  }
}

function keepBeside(log: RoomLog, { members, card }: Append): void {
  for (const { account, role } of members ?? []) {
    if (role === null) log.members.delete(account)
    else log.members.add(account)
  }
  if (card) log.card = card
}

function bare({ room: _, ...event }: Held): Stored {
  return event
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
