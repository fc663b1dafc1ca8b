import { type Uuid, uuidText } from "../../protocol/ids.ts"
import { StoreDamaged, type Stored } from "../core/ports.ts"
import { CHAIN_BYTES, checkOf } from "./chain.ts"
import { chainOf, sealOf, sha256 } from "./digest.ts"

/** A row of `event`. */
export interface EventRow {
  readonly n: number
  readonly room: number
  readonly seq: number
  readonly id: Uint8Array
  readonly at: number
  readonly by: Uint8Array
  readonly kind: string
  readonly target: number | null
  readonly root: number | null
  readonly cites: number | null
  readonly body: string | null
  readonly salt: Uint8Array | null
  readonly seal: Uint8Array | null
  readonly chain: Uint8Array
}

export const EVENT_COLUMNS =
  "e.n, e.room, e.seq, e.id, e.at, e.by, e.kind, e.target, e.root, e.cites, e.body, e.salt, e.seal, e.chain"

export interface Epoch {
  readonly id: Uuid
  /** The first n appended in it. */
  readonly fromN: number
}

/** The epoch in which the event `n` was appended. `epochs`: ascending. */
export function epochOf(epochs: readonly Epoch[], n: number): Uuid {
  let found = epochs[0]?.id ?? ""
  for (const { id, fromN } of epochs) {
    if (fromN > n) break
    found = id
  }
  return found
}

/**
 * What the chain at a row must be, if the row is as it was written; undefined when the row cannot be whole. `before`:
 * the chain at the event before it.
 */
export function expectedChain(
  row: EventRow,
  room: Uuid,
  epoch: Uuid,
  before: Uint8Array,
): Uint8Array | undefined {
  const { seq, at, kind, body, salt, seal } = row
  const sealed = body !== null && salt !== null ? sealOf(salt, body) : seal
  if (!sealed || row.id.length !== 16 || row.by.length !== 16 || before.length !== CHAIN_BYTES)
    return undefined
  const link = {
    room,
    epoch,
    seq,
    id: uuidText(row.id),
    at,
    by: uuidText(row.by),
    kind,
    target: row.target ?? undefined,
  }
  try {
    return chainOf(before, link, sealed)
  } catch {
    return undefined
  }
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}

/** The event of a row whose chain was checked. Throws `StoreDamaged` when it does not match. */
export function checked(
  row: EventRow,
  room: Uuid,
  epochs: readonly Epoch[],
  before: Uint8Array | undefined,
): Stored {
  const expected = before && expectedChain(row, room, epochOf(epochs, row.n), before)
  if (!expected || !sameBytes(expected, row.chain)) throw damagedAt(room, row.seq)
  return storedOf(row)
}

export function damagedAt(room: Uuid, seq: number): StoreDamaged {
  return new StoreDamaged(`The history of room ${room} is damaged at ${seq}; \`parley verify\` says more.`)
}

function storedOf(row: EventRow): Stored {
  const { seq, at, kind, target, root, cites, body } = row
  return {
    seq,
    id: uuidText(row.id),
    at,
    by: uuidText(row.by),
    kind,
    ...(target !== null && { target }),
    body,
    ...(root !== null && { root }),
    ...(cites !== null && { cites }),
    check: checkOf(row.chain),
  }
}

/** What vouches for a snapshot: the chain at its seq and its text. */
export function snapshotSeal(chain: Uint8Array, head: string): Uint8Array {
  const text = new TextEncoder().encode(head)
  const bytes = new Uint8Array(chain.length + text.length)
  bytes.set(chain, 0)
  bytes.set(text, chain.length)
  return sha256(bytes)
}
