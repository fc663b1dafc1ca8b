import type { SignalDown } from "../../protocol/frames.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { outside } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { makeParcel, narrow, type RoomParcel } from "./parcel.ts"
import type { Following, Room } from "./room.ts"

/** Where a follower's parcels go: a session, which writes them together with whatever else it has to say. */
export interface Sink {
  ready(): boolean
  push(parcel: RoomParcel): void
  signal(signal: SignalDown): void
  /** The follower has ended by itself. */
  ended(follower: Follower, why: Refusal): void
}

/**
 * A cursor. Replay, live delivery, a slow reader and a reconnect are all this one loop; what a slow reader costs is
 * this integer. Visibility is judged on the committed head, again after every await.
 */
export class Follower implements Following {
  readonly room: Room
  readonly account: Uuid
  readonly level: "events" | "head"
  cursor: number
  /** The cursor when the session last told it in a pong. */
  told: number
  readonly #sink: Sink
  /** The first seq the account may see; kept for the last words to someone who is put out. */
  #from: number
  #reading: Promise<void> | undefined
  #closed = false

  constructor(room: Room, account: Uuid, sink: Sink, cursor: number, level: "events" | "head") {
    this.room = room
    this.account = account
    this.level = level
    this.cursor = cursor
    this.told = cursor
    this.#sink = sink
    this.#from = room.head.members.get(account)?.from ?? Number.POSITIVE_INFINITY
    room.followers.add(this)
  }

  /** Resolves when nothing more can go out now: at the end, waiting for a slow wire, or closed. */
  async settle(): Promise<void> {
    this.pump()
    while (this.#reading !== undefined) await this.#reading
  }

  /** Sends what there is. Synchronous as long as memory reaches back to the cursor. */
  pump(): void {
    if (this.#reading !== undefined) return
    while (!this.#closed && this.cursor < this.room.head.seq && this.#sink.ready()) {
      if (this.#isOut()) return
      const parcel = this.level === "head" ? this.#bare() : this.room.parcel(this.cursor)
      if (!parcel) {
        this.#read()
        return
      }
      this.#send(parcel)
    }
    if (!this.#closed) this.#isOut()
  }

  /** A follower at head level is told how far the log has come, not what it says. */
  #bare(): RoomParcel {
    const { room } = this
    return makeParcel(
      { room: room.id, epoch: room.epoch, after: this.cursor, to: room.head.seq, check: room.check },
      [],
    )
  }

  #read(): void {
    const from = this.cursor
    this.#reading = this.room.read(from).then(
      (parcel) => {
        this.#reading = undefined
        if (this.#closed) return
        if (this.cursor === from && parcel.to > from) this.#send(parcel)
        this.pump()
      },
      () => {
        this.#reading = undefined
        this.#end(refuse("store-damaged"))
      },
    )
  }

  /** True when the account may see nothing after the cursor, and the follower has ended for it. */
  #isOut(): boolean {
    const { head } = this.room
    if (head.members.has(this.account)) return false
    const last = head.gone.get(this.account) ?? 0
    if (this.cursor < last) return false
    this.#end(refuse(outside(head, this.account)))
    return true
  }

  #send(parcel: RoomParcel): void {
    if (this.#isOut()) return
    const { head } = this.room
    const member = head.members.get(this.account)
    // Those who were put out see what put them out, and nothing after it.
    const last = member ? Number.POSITIVE_INFINITY : (head.gone.get(this.account) ?? 0)
    const upTo = parcel.to > last ? cut(parcel, last) : parcel
    if (member) this.#from = member.from
    this.#sink.push(narrow(upTo, this.#from))
    this.cursor = upTo.to
  }

  #end(why: Refusal): void {
    if (this.#closed) return
    this.close()
    this.#sink.ended(this, why)
  }

  hear(signal: SignalDown): void {
    if (this.level === "events" && this.room.head.members.has(this.account)) this.#sink.signal(signal)
  }

  close(): void {
    this.#closed = true
    this.room.followers.delete(this)
  }
}

/** The part of a parcel up to and with a seq. */
function cut(parcel: RoomParcel, last: number): RoomParcel {
  const events = parcel.events.filter((event) => event.seq <= last)
  return makeParcel({ ...parcel, to: last, check: events.at(-1)?.check ?? parcel.check }, events)
}
