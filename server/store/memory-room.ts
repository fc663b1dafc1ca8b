import type { Uuid } from "../../protocol/ids.ts"
import type { Append, Entry, LogHead, RoomCard, Stored, World } from "../core/ports.ts"
import { chainInput, checkOf, type Link, noChain, SALT_BYTES, sealInput } from "./chain.ts"

/** A stored event that knows its room. */
export type Held = Stored & { readonly room: Uuid }

/** One room in memory. */
export interface RoomLog {
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

export function emptyLog(): RoomLog {
  return {
    events: [],
    seqById: new Map(),
    byTarget: new Map(),
    byRoot: new Map(),
    chain: noChain,
    members: new Set(),
  }
}

/** The first id that is in the log already, or twice among the entries. */
export function knownId(log: RoomLog | undefined, entries: readonly Entry[]): Uuid | undefined {
  const fresh = new Set<Uuid>()
  for (const { id } of entries) {
    if (log?.seqById.has(id) || fresh.has(id)) return id
    fresh.add(id)
  }
  return undefined
}

interface Binding {
  readonly epoch: Uuid
  readonly world: Pick<World, "digest" | "random">
}

export function put(log: RoomLog, room: Uuid, entry: Entry, { epoch, world }: Binding): Held {
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

export function headOf(log: RoomLog | undefined, epoch: Uuid): LogHead | undefined {
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

/** Who is in, and what lists show of the room. */
export function keepBeside(log: RoomLog, { members, card }: Append): void {
  for (const { account, role } of members ?? []) {
    if (role === null) log.members.delete(account)
    else log.members.add(account)
  }
  if (card) log.card = card
}

/** Without its room. */
export function bare({ room: _, ...event }: Held): Stored {
  return event
}
