import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { makeParcel, type RoomParcel } from "./parcel.ts"
import type { Log, Stored } from "./ports.ts"
import { Recent, type RecentBudget } from "./recent.ts"

/** Events read from the log, and put in one frame, at once. */
export const READ_MAX = limits.eventsPerFrameMax
/** Stretches kept put together for followers at the same cursor. */
const PARCELS_MAX = 16

/** The chain before the first event. */
export const NO_CHECK = "0000000000000000"

/** How far a room has come: what a stretch without an event ends with. */
interface End {
  readonly epoch: Uuid
  readonly seq: number
  readonly check: string
}

/** The short memory behind a room, and the log behind that: every stretch is put together once for all who want it. */
export class Replay {
  readonly #room: Uuid
  readonly #log: Log
  readonly #recent: Recent
  readonly #parcels = new Map<number, RoomParcel>()
  readonly #reads = new Map<number, Promise<RoomParcel>>()

  constructor(room: Uuid, log: Log, budget: RecentBudget) {
    this.#room = room
    this.#log = log
    this.#recent = new Recent(budget)
  }

  /** Takes the newest event; what it `erases`, with every edit of that, is blanked here as it was in the log. */
  remember(event: Stored, erases: number | undefined): void {
    this.#recent.push(event)
    if (erases === undefined) return
    const edits = this.changesOf(erases).filter((one) => one.kind === "message.edited")
    for (const seq of [erases, ...edits.map((one) => one.seq)]) this.#recent.erase(seq)
    this.#parcels.clear()
  }

  /** An event in memory, by seq or id. */
  event(reference: number | Uuid): Stored | undefined {
    return typeof reference === "string" ? this.#recent.byId(reference) : this.#recent.get(reference)
  }

  /** The events in memory that change `seq`; where that one is in memory too, these are all of them. */
  changesOf(seq: number): readonly Stored[] {
    return this.#recent.all().filter((one) => one.target === seq)
  }

  /** The stretch after a cursor, from memory; undefined when memory does not reach that far back. */
  parcel(after: number, end: End): RoomParcel | undefined {
    const known = this.#parcels.get(after)
    if (known && (known.to === end.seq || known.events.length === READ_MAX)) return known
    const events = this.#recent.after(after, READ_MAX)
    const last = events?.at(-1)
    if (!events || !last) return undefined
    const { epoch } = end
    const parcel = makeParcel({ room: this.#room, epoch, after, to: last.seq, check: last.check }, events)
    if (this.#parcels.size >= PARCELS_MAX) this.#parcels.clear()
    this.#parcels.set(after, parcel)
    return parcel
  }

  /** The stretch after a cursor, from the log; those who ask for the same at once share one read. */
  read(after: number, end: End): Promise<RoomParcel> {
    const known = this.#reads.get(after)
    if (known !== undefined) return known
    const reading = this.#log
      .read(this.#room, after, READ_MAX)
      .then((events) => {
        const last = events.at(-1) ?? { seq: after, check: end.check }
        return makeParcel(
          { room: this.#room, epoch: end.epoch, after, to: last.seq, check: last.check },
          events,
        )
      })
      .finally(() => this.#reads.delete(after))
    this.#reads.set(after, reading)
    return reading
  }

  /** The chain at a seq; undefined when there is no such seq. */
  async checkAt(seq: number, end: End): Promise<string | undefined> {
    if (seq === end.seq) return end.check
    if (seq === 0) return NO_CHECK
    const near = this.#recent.get(seq)
    if (near) return near.check
    const [event] = await this.#log.read(this.#room, seq - 1, 1)
    return event?.seq === seq ? event.check : undefined
  }

  /** Gives back the memory that the node's budget counts. */
  forget(): void {
    this.#recent.clear()
    this.#parcels.clear()
  }
}
