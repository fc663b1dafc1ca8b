import type { Uuid } from "../protocol/ids.ts"
import { uuid7 } from "../protocol/ids.ts"
import { observe, type Spread } from "./spread.ts"
import { connectWire, type Wire } from "./wires.ts"

/** One place in a room: whose it is, and which. */
export interface Seat {
  readonly token: string
  readonly room: Uuid
}

/** What a crowd has heard and how long it took. */
export interface Heard {
  /** Events that came to members, each counted at each. */
  readonly deliveries: number
  readonly frames: number
  readonly accepted: number
  readonly refused: number
  /** Frames of events that did not join on to the ones before. */
  readonly holes: number
  /** From the submit, wherever it was, to the event at a member who listens. */
  readonly delivery: Spread
  /** From the submit to `accepted`. */
  readonly acceptance: Spread
  /** By how much this process itself was late: what it adds to both of them. */
  readonly lag: Spread
  /** Submits without an answer at the end of each second of talk. */
  readonly unanswered: readonly number[]
}

/** One connected follower of one room. */
interface Member {
  readonly wire: Wire
  readonly room: Uuid
  /** Reads the time out of every word; the others only count. */
  readonly listens: boolean
  /** Undefined at the bare server, which has none. */
  cursor: number | undefined
}

export interface Talk {
  readonly perSecond: number
  readonly seconds: number
}

const TEXT_CHARS = 100
const TIME_CHARS = 18
const CONNECTING_AT_ONCE = 50
/** A stride that is coprime to any crowd spreads the words over all rooms. */
const STRIDE = 7_919
/** Submits whose `accepted` stays away are looked for no longer. */
const UNANSWERED_KEPT_MAX = 200_000

/** People connected to a server, each following one room, who talk at a steady rate. */
export class Crowd {
  readonly #members: Member[] = []
  /** When each submit left, until it is accepted. */
  readonly #sent = new Map<string, number>()
  #heard = nothing()
  #turn = 0

  /** Connects to Parley: hello by token, follow from the end. */
  async join(address: string, seats: readonly Seat[], listens: boolean): Promise<void> {
    await inTurn(seats, async ({ token, room }) => {
      const wire = await connectWire(address)
      const member: Member = { wire, room, listens, cursor: 0 }
      await new Promise<void>((done) => {
        wire.hear = (text) => {
          if (text.startsWith('{"type":"welcome"'))
            wire.send(JSON.stringify({ type: "follow", rooms: [{ room, last: 0 }] }))
          else if (text.startsWith('{"type":"events"')) {
            member.cursor = reach(text).to
            done()
          } else throw new Error(text.slice(0, 200))
        }
        wire.send(JSON.stringify({ type: "hello", version: 1, token, rooms: false }))
      })
      wire.hear = (text) => this.#hear(member, text)
      this.#members.push(member)
    })
  }

  /** Connects to the bare server: the path is the topic. */
  async joinBare(address: string, rooms: readonly Uuid[], listens: boolean): Promise<void> {
    await inTurn(rooms, async (room) => {
      const wire = await connectWire(`${address}/${room}`)
      const member: Member = { wire, room, listens, cursor: undefined }
      wire.hear = (text) => this.#hear(member, text)
      this.#members.push(member)
    })
  }

  #hear(member: Member, text: string): void {
    const heard = this.#heard
    heard.frames++
    if (text.startsWith('{"type":"events"')) {
      const { after, to } = reach(text)
      heard.deliveries += to - after
      if (member.cursor !== undefined) {
        if (member.cursor !== after) heard.holes++
        member.cursor = to
      }
      if (member.listens) this.#listen(text)
    } else if (text.startsWith('{"type":"accepted"')) {
      heard.accepted++
      const id = text.slice(text.indexOf('"id":"') + 6, text.indexOf('"id":"') + 42)
      const sentMs = this.#sent.get(id)
      if (sentMs !== undefined) observe(heard.acceptance, now() - sentMs)
      this.#sent.delete(id)
    } else if (text.startsWith('{"type":"refused"')) {
      heard.refused++
      if (heard.refused < 3) console.error(text)
    }
  }

  /** Each event carries the time it was said as the first word of its text. */
  #listen(text: string): void {
    const heardMs = now()
    for (let at = text.indexOf('"text":"'); at !== -1; at = text.indexOf('"text":"', at + 8))
      observe(this.#heard.delivery, heardMs - Number.parseFloat(text.slice(at + 8, at + 8 + TIME_CHARS)))
  }

  #say({ wire, room }: Member): void {
    const [id, sentMs] = [newId(), now()]
    if (this.#sent.size < UNANSWERED_KEPT_MAX) this.#sent.set(id, sentMs)
    wire.send(
      `{"type":"submit","room":"${room}","id":"${id}","kind":"message.posted","body":{"text":"${words(sentMs)}"}}`,
    )
  }

  /** The same bytes that Parley sends for one event, to a server that only publishes them. */
  #sayBare({ wire, room }: Member): void {
    const event = `{"seq":1234,"id":"${newId()}","at":${Date.now()},"by":"${room}","kind":"message.posted","body":{"text":"${words(now())}"}}`
    wire.send(
      `{"type":"events","room":"${room}","epoch":"${room}","after":1233,"to":1234,"check":"0123456789abcdef","events":[${event}]}`,
    )
  }

  /** Talks at a steady rate for so long, everyone in turn. */
  async talk({ perSecond, seconds }: Talk): Promise<void> {
    const startedMs = performance.now()
    const { unanswered, lag } = this.#heard
    for (let said = 0; ; ) {
      const elapsedMs = performance.now() - startedMs
      const due = Math.floor((Math.min(elapsedMs, seconds * 1_000) / 1_000) * perSecond)
      for (; said < due; said++) this.#sayNext()
      if (elapsedMs >= unanswered.length * 1_000 + 1_000) unanswered.push(this.#sent.size)
      if (elapsedMs >= seconds * 1_000) return
      const restedMs = performance.now()
      await Bun.sleep(1)
      observe(lag, performance.now() - restedMs - 1)
    }
  }

  #sayNext(): void {
    const member = this.#members[this.#turn % this.#members.length]
    this.#turn += STRIDE
    if (member?.cursor === undefined) {
      if (member) this.#sayBare(member)
    } else this.#say(member)
  }

  /** What was heard since the last call. */
  heard(): Heard {
    const heard = this.#heard
    this.#heard = nothing()
    return heard
  }

  leave(): void {
    for (const { wire } of this.#members.splice(0)) {
      wire.hear = () => {}
      wire.close()
    }
    this.#sent.clear()
    this.#heard = nothing()
  }
}

function nothing() {
  return {
    deliveries: 0,
    frames: 0,
    accepted: 0,
    refused: 0,
    holes: 0,
    delivery: new Map<number, number>(),
    acceptance: new Map<number, number>(),
    lag: new Map<number, number>(),
    unanswered: [] as number[],
  }
}

async function inTurn<One>(all: readonly One[], run: (one: One) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += CONNECTING_AT_ONCE)
    await Promise.all(all.slice(from, from + CONNECTING_AT_ONCE).map(run))
}

/** The stretch that a frame of events covers. */
function reach(text: string): { readonly after: number; readonly to: number } {
  const at = text.indexOf('"after":')
  const behind = text.indexOf('"to":', at)
  return {
    after: Number.parseInt(text.slice(at + 8, at + 24), 10),
    to: Number.parseInt(text.slice(behind + 5, behind + 21), 10),
  }
}

/** Milliseconds that mean the same in every process of this machine. */
function now(): number {
  return performance.timeOrigin + performance.now()
}

function words(nowMs: number): string {
  return `${nowMs.toFixed(3).padStart(TIME_CHARS, "0")} `.padEnd(TEXT_CHARS, "x")
}

function newId(): Uuid {
  return uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)))
}
