import type { Uuid } from "../protocol/ids.ts"
import { uuid7 } from "../protocol/ids.ts"

/** How many of a crowd read every word, to measure how long words take; the others only count frames. */
const LISTENERS_MAX = 40

/** One connected and signed-in follower of one room. */
interface Member {
  readonly socket: WebSocket
  readonly room: Uuid
  /** Submitted and not yet accepted, by the time they left. */
  readonly sent: Map<string, number>
  /** Reads every word. */
  readonly listens: boolean
}

export interface Measured {
  readonly deliveries: number
  readonly frames: number
  readonly accepted: number
  readonly refused: number
  /** From the submit to the event at another member, in ms; a sample of all. */
  readonly deliveryMs: readonly number[]
  /** From the submit to `accepted`, in ms. */
  readonly acceptedMs: readonly number[]
}

const TEXT_BYTES = 100

/** People connected to a server, each following one room, who talk at a steady rate. */
export class Crowd {
  readonly members: Member[] = []
  #deliveryMs: number[] = []
  #acceptedMs: number[] = []
  #accepted = 0
  #refused = 0
  #deliveries = 0
  #frames = 0

  get accepted(): number {
    return this.#accepted
  }

  /** Connects to Parley: hello by token, follow from the end. */
  async join(url: string, seats: readonly { readonly token: string; readonly room: Uuid }[]): Promise<void> {
    await this.#inTurn(seats, async ({ token, room }) => {
      const socket = await opened(new WebSocket(url, ["parley.1"]))
      const member = this.#seat(socket, room)
      const following = new Promise<void>((done) => {
        socket.onmessage = ({ data }) => {
          const text = String(data)
          if (text.startsWith('{"type":"welcome"'))
            socket.send(JSON.stringify({ type: "follow", rooms: [{ room, last: 0 }] }))
          else if (text.startsWith('{"type":"events"')) done()
          else throw new Error(text.slice(0, 200))
        }
      })
      socket.send(JSON.stringify({ type: "hello", version: 1, token, rooms: false }))
      await following
      socket.onmessage = ({ data }) => this.#heard(member, String(data))
    })
  }

  /** Connects to the bare server: the path is the topic. */
  async joinBare(url: string, rooms: readonly Uuid[]): Promise<void> {
    await this.#inTurn(rooms, async (room) => {
      const socket = await opened(new WebSocket(`${url}/${room}`))
      const member = this.#seat(socket, room)
      socket.onmessage = ({ data }) => this.#heard(member, String(data))
    })
  }

  async #inTurn<Seat>(seats: readonly Seat[], join: (seat: Seat) => Promise<void>): Promise<void> {
    for (let from = 0; from < seats.length; from += 50)
      await Promise.all(seats.slice(from, from + 50).map(join))
  }

  #seat(socket: WebSocket, room: Uuid): Member {
    const member: Member = { socket, room, sent: new Map(), listens: this.members.length < LISTENERS_MAX }
    this.members.push(member)
    return member
  }

  #heard(member: Member, data: string): void {
    this.#frames++
    if (data.startsWith('{"type":"events"')) {
      const now = performance.now()
      // Each event carries the time it was said as the first word of its text.
      for (let at = data.indexOf('"text":"'); at !== -1; at = data.indexOf('"text":"', at + 8)) {
        this.#deliveries++
        if (member.listens) this.#deliveryMs.push(now - Number.parseFloat(data.slice(at + 8, at + 24)))
      }
      return
    }
    if (data.startsWith('{"type":"accepted"')) {
      this.#accepted++
      const id = data.slice(data.indexOf('"id":"') + 6, data.indexOf('"id":"') + 42)
      const sentAt = member.sent.get(id)
      if (sentAt !== undefined) this.#acceptedMs.push(performance.now() - sentAt)
      member.sent.delete(id)
      return
    }
    if (data.startsWith('{"type":"refused"')) {
      this.#refused++
      if (this.#refused < 3) console.error(data)
    }
  }

  /** One submit of Parley's. */
  say(member: Member): void {
    const now = performance.now()
    const id = uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)))
    member.sent.set(id, now)
    const text = words(now)
    member.socket.send(
      `{"type":"submit","room":"${member.room}","id":"${id}","kind":"message.posted","body":{"text":"${text}"}}`,
    )
  }

  /** The same bytes that Parley sends for one event, to a server that only publishes them. */
  sayBare(member: Member): void {
    const id = uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)))
    const event = `{"seq":1234,"id":"${id}","at":${Date.now()},"by":"${member.room}","kind":"message.posted","body":{"text":"${words(performance.now())}"}}`
    member.socket.send(
      `{"type":"events","room":"${member.room}","epoch":"${member.room}","after":1233,"to":1234,"check":"0123456789abcdef","events":[${event}]}`,
    )
  }

  /** Talks at `perSecond` for so long, everyone in turn; `until` is told between ticks and may stop it early. */
  async talk(perSecond: number, seconds: number, say: (member: Member) => void): Promise<void> {
    const started = performance.now()
    let said = 0
    // A stride that is coprime to the crowd spreads the words over all rooms.
    for (let turn = 0; ; ) {
      const due = Math.floor(((performance.now() - started) / 1_000) * perSecond)
      for (; said < due; said++) {
        const member = this.members[turn % this.members.length]
        turn += 7_919
        if (member) say(member)
      }
      if (performance.now() - started > seconds * 1_000) return
      await Bun.sleep(1)
    }
  }

  /** What was measured since the last call. */
  measured(): Measured {
    const measured = {
      deliveries: this.#deliveries,
      frames: this.#frames,
      accepted: this.#accepted,
      refused: this.#refused,
      deliveryMs: this.#deliveryMs,
      acceptedMs: this.#acceptedMs,
    }
    this.#deliveries = this.#frames = this.#accepted = this.#refused = 0
    this.#deliveryMs = []
    this.#acceptedMs = []
    return measured
  }

  leave(): void {
    for (const { socket } of this.members) {
      socket.onmessage = null
      socket.close()
    }
  }
}

function words(now: number): string {
  return `${now.toFixed(3).padStart(15, "0")} `.padEnd(TEXT_BYTES, "x")
}

function opened(socket: WebSocket): Promise<WebSocket> {
  return new Promise((done, failed) => {
    socket.onopen = () => done(socket)
    socket.onerror = () => failed(new Error(`cannot connect to ${socket.url}`))
  })
}
