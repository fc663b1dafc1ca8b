import type { Uuid } from "../../protocol/ids.ts"
import type { Parcel, Stored } from "./ports.ts"

/** What a frame, and an event in it, take beside the bodies. */
const PARCEL_CHARS = 200
const EVENT_CHARS = 170

/** A parcel that knows how far back its events point, so that one look tells whether everyone may have it as it is. */
export interface RoomParcel extends Parcel {
  /** The lowest seq that any event in it is, or points at. */
  readonly lowest: number
  /** About how many characters it is on the wire. */
  readonly weight: number
  /** The same stretch for someone who sees only from a later seq on, by that seq. */
  readonly narrowed: Map<number, RoomParcel>
}

export function makeParcel(
  at: {
    readonly room: Uuid
    readonly epoch: Uuid
    readonly after: number
    readonly to: number
    readonly check: string
  },
  events: readonly Stored[],
): RoomParcel {
  let lowest = Number.POSITIVE_INFINITY
  let weight = PARCEL_CHARS
  for (const event of events) {
    lowest = Math.min(lowest, event.seq, event.cites ?? event.seq)
    weight += EVENT_CHARS + (event.body?.length ?? 0)
  }
  return { type: "events", ...at, events, lowest, weight, forms: new Map(), narrowed: new Map() }
}

/** What of a parcel someone may have who sees from `from` on; the same object again for everyone like them. */
export function narrow(parcel: RoomParcel, from: number): RoomParcel {
  if (parcel.lowest >= from) return parcel
  const known = parcel.narrowed.get(from)
  if (known) return known
  const visible = parcel.events.filter((event) => event.seq >= from && (event.cites ?? event.seq) >= from)
  const narrowed = makeParcel(parcel, visible)
  parcel.narrowed.set(from, narrowed)
  return narrowed
}
