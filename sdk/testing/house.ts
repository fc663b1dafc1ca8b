import type { Citations, Cited, Event } from "../../protocol/event.ts"
import { decide, evolve } from "../../protocol/events/index.ts"
import type { Down, Following, Hello, RoomHead, SignalDown, Submit, Up } from "../../protocol/frames.ts"
import { emptyHead, type Head } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { type Refusal, type RefusalCode, refusals, refuse } from "../../protocol/refusals.ts"
import { mentions } from "../../protocol/text.ts"
import type { Link } from "../ports.ts"
import { answerOf } from "./answers.ts"
import { testWire, type Weather } from "./wire.ts"
import type { TestWorld } from "./world.ts"

/** Small, so that a short log already needs many frames. */
const EVENTS_PER_FRAME = 3
/** How long after a message those are told whom it calls. */
const CALLS_AFTER_MS = 30

export interface Person {
  readonly id: Uuid
  readonly name: string
  /** The id of their self log. */
  readonly self: Uuid
}

/** A session as the house sees it. */
interface Guest {
  readonly say: (frame: Down) => void
  readonly end: (why: string) => void
  person: Person | undefined
  /** It asked for a name beside every author. */
  wantsNames: boolean
  readonly cursors: Map<Uuid, number>
}

export interface Log {
  readonly id: Uuid
  readonly name: string
  epoch: Uuid
  head: Head
  readonly events: Event[]
}

/** A server in memory that keeps the protocol's promises, and whose luck tests decide. It judges with the real rules. */
export class House {
  readonly logs = new Map<Uuid, Log>()
  readonly people = new Map<string, Person>()
  readonly guests = new Set<Guest>()
  /** Everything clients have said, in the order it arrived. */
  readonly heard: { readonly by: string; readonly frame: Up }[] = []
  /** Says no before the rules are asked. */
  objects: (frame: Submit, by: Person) => Refusal | undefined = () => undefined
  /** Says no at the door. */
  turnsAway: (hello: Hello) => Refusal | undefined = () => undefined
  /** Answers requests: a status and a body. */
  answers: (name: string, input: unknown, by: Person) => { status: number; body: unknown } = (...asked) =>
    answerOf(this, (signal) => this.#signal(asked[2], signal), ...asked)
  /** How far everyone has read, by room and account. */
  readonly marks = new Map<string, number>()
  /** Called after every append. */
  appended: () => void = () => {}
  weather: Weather = { delayMs: 5, loss: 0 }
  /** What the frame is about to be sent, or undefined to swallow it. */
  filter: (frame: Down) => Down | undefined = (frame) => frame
  readonly #world: TestWorld
  readonly #called = new Set<string>()
  #ids = 0

  constructor(world: TestWorld) {
    this.#world = world
  }

  // ------------------------------------------------------------ what tests set up

  person(name: string): Person {
    const known = this.people.get(name)
    if (known) return known
    const person = { id: this.#uuid("a"), name, self: this.#uuid("d") }
    this.people.set(name, person)
    return person
  }

  room(name: string, ...members: readonly Person[]): Log {
    return this.#log(this.#uuid("b"), "room", name, members)
  }

  #log(id: Uuid, type: "room" | "self", name: string, members: readonly Person[]): Log {
    const log: Log = { id, name, epoch: this.#uuid("e"), head: emptyHead, events: [] }
    this.logs.set(log.id, log)
    const [owner] = members
    const visibility = type === "room" ? "public" : "private"
    const body = { type, name, visibility, history: "shared", members: members.map(({ id }) => id) }
    if (owner) this.append(log, owner, { id: this.#uuid("c"), kind: "room.created", body })
    return log
  }

  /** Something happened to a person: it goes into their self log. */
  tells(person: Person, body: object): void {
    const log = this.logs.get(person.self) ?? this.#log(person.self, "self", "", [person])
    this.append(log, person, { id: this.#uuid("c"), kind: "self.activity", body })
  }

  /** Something said by a person who is not connected. */
  posts(log: Log, by: Person, text: string): Event {
    return this.append(log, by, { id: this.#uuid("c"), kind: "message.posted", body: { text } })
  }

  append(
    log: Log,
    by: Person,
    { id, kind, body, target }: { id: Uuid; kind: string; body: unknown; target?: number },
  ): Event {
    const event: Event = {
      seq: log.events.length + 1,
      id,
      at: this.#world.now(),
      by: by.id,
      kind,
      body,
      ...(target !== undefined && { target }),
    }
    log.events.push(event)
    log.head = evolve(log.head, event)
    for (const guest of this.guests) this.#pump(guest, log)
    this.#world.after(CALLS_AFTER_MS, () => this.#calls(log, event))
    this.appended()
    return event
  }

  /** Tells those whom a message calls by name, once for each message; later, as a follower of the log does. */
  #calls(log: Log, { seq, kind, by, body, target }: Event): void {
    if (!kind.startsWith("message.") || body === null) return
    const { text = "" } = body as { readonly text?: string }
    for (const readings of mentions(text).names) {
      const person = readings.map((name) => this.people.get(name)).find((one) => one !== undefined)
      const call = `${log.id} ${target ?? seq} ${person?.id}`
      if (!person || person.id === by || !log.head.members.has(person.id) || this.#called.has(call)) continue
      this.#called.add(call)
      this.tells(person, { reason: "mention", room: log.id, seq: target ?? seq })
    }
  }

  /** The log is put back to an earlier end, as from a backup, under a new epoch. */
  restore(log: Log, seq: number): void {
    log.events.splice(seq)
    log.epoch = this.#uuid("e")
    log.head = log.events.reduce<Head>(evolve, emptyHead)
    this.cut()
  }

  check(log: Log, seq: number): string {
    return seq === 0 ? "0".repeat(16) : (log.events[seq - 1]?.id.replaceAll("-", "").slice(-16) ?? "")
  }

  /** Ends every connection. */
  cut(why = "The cable was cut."): void {
    for (const guest of [...this.guests]) guest.end(why)
  }

  /** Ends the connections of one person. */
  cutOff(name: string): void {
    for (const guest of [...this.guests]) if (guest.person?.name === name) guest.end("The cable was cut.")
  }

  #signal(person: Person, signal: SignalDown): void {
    for (const guest of this.guests)
      if (guest.person === person) guest.say({ type: "signals", signals: [signal] })
  }

  tell(frame: Down): void {
    for (const guest of this.guests) guest.say(frame)
  }

  // ------------------------------------------------------------ the wire

  /** A way in. */
  link(options: { readonly lossy?: boolean } = {}): Link {
    return {
      ...options,
      open: (hear) => {
        const ends = testWire(this.#world, () => this.weather, hear, {
          hear: (text) => this.#hear(guest, JSON.parse(text)),
          left: () => this.guests.delete(guest),
        })
        const guest: Guest = {
          person: undefined,
          wantsNames: false,
          cursors: new Map(),
          end: ends.end,
          say: (frame) => {
            const kept = this.filter(frame)
            if (kept) ends.say(JSON.stringify(kept))
          },
        }
        this.guests.add(guest)
        return ends.wire
      },
    }
  }

  // ------------------------------------------------------------ the protocol

  #hear(guest: Guest, frame: Up): void {
    if (frame.type === "hello") {
      this.heard.push({ by: frame.name ?? frame.token ?? "", frame })
      this.#hello(guest, frame)
      return
    }
    const { person } = guest
    if (!person) return
    this.heard.push({ by: person.name, frame })
    switch (frame.type) {
      case "submit":
        guest.say(this.#submit(frame, person))
        return
      case "follow":
        for (const one of frame.rooms) this.#follow(guest, one, person)
        return
      case "unfollow":
        for (const room of frame.rooms) guest.cursors.delete(room)
        return
      case "request":
        guest.say({ type: "response", id: frame.id, ...this.answers(frame.name, frame.input, person) })
        return
      case "ping":
        guest.say({
          type: "pong",
          ...(frame.id !== undefined && { id: frame.id }),
          heads: this.#heads(guest),
        })
        return
      case "signal":
        return
      default:
        frame satisfies never
    }
  }

  #hello(guest: Guest, hello: Hello): void {
    const no = this.turnsAway(hello)
    if (no) {
      guest.say({ type: "refused", of: "hello", ...no, retry: refusals[no.code].retry })
      return
    }
    const person = this.person(hello.token?.replace("token of ", "") ?? hello.name ?? "")
    guest.person = person
    guest.wantsNames = hello.names === true
    if (hello.token === undefined) this.tells(person, { reason: "signed-in", session: person.id })
    const rooms: RoomHead[] = [...this.logs.values()]
      .filter(({ head }) => head.members.has(person.id))
      .map(({ id, name, epoch, events, head }) => ({
        room: id,
        type: head.type ?? "room",
        name,
        visibility: head.visibility,
        epoch,
        seq: events.length,
      }))
    guest.say({
      type: "welcome",
      version: 1,
      server: { name: "house", version: "0" },
      account: { id: person.id, name: person.name, display: person.name, role: "member" },
      session: { id: person.id, ...(hello.token === undefined && { token: `token of ${person.name}` }) },
      self: person.self,
      rooms,
      limits,
    })
  }

  #submit(frame: Submit, by: Person): Down {
    const log = this.resolve(frame.room)
    const id = frame.id ?? ""
    const no = (code: RefusalCode, message?: string): Down => ({
      type: "refused",
      of: "submit",
      room: frame.room,
      id,
      ...refuse(code, message),
      retry: refusals[code].retry,
    })
    if (!log) return no("no-such-room")
    const known = log.events.find((event) => event.id === id)
    if (known) {
      if (known.by !== by.id) return no("id-taken")
      return { type: "accepted", room: log.id, id, seq: known.seq, at: known.at }
    }
    const objection = this.objects(frame, by)
    if (objection)
      return { ...no(objection.code), ...objection, retry: refusals[objection.code].retry } as Down
    if (frame.prev !== undefined && !log.events.some((event) => event.id === frame.prev)) return no("not-yet")
    const { kind, body, target } = frame
    const command = { id, kind, body, ...(target !== undefined && { target }) }
    const verdict = decide(log.head, { account: by.id, role: "member" }, command, cited(log, frame))
    if ("refused" in verdict) return no(verdict.refused, verdict.message)
    const event = this.append(log, by, { ...verdict, id })
    return { type: "accepted", room: log.id, id, seq: event.seq, at: event.at }
  }

  #follow(guest: Guest, one: Following, person: Person): void {
    const log = this.resolve(one.room)
    if (!log?.head.members.has(person.id)) {
      const no = refuse(log ? "not-a-member" : "no-such-room")
      guest.say({ type: "refused", of: "follow", room: one.room, ...no, retry: false })
      return
    }
    const end = log.events.length
    const strange = one.check !== undefined && one.check !== this.check(log, one.after ?? 0)
    if ((one.epoch !== undefined && one.epoch !== log.epoch) || (one.after ?? 0) > end || strange) {
      guest.say({ type: "reset", room: log.id, epoch: log.epoch, seq: end })
      return
    }
    const start = one.after ?? Math.max(0, end - (one.last ?? 0))
    guest.cursors.set(log.id, start)
    if (start >= end) this.#events(guest, log, start, start)
    this.#pump(guest, log)
  }

  #pump(guest: Guest, log: Log): void {
    let cursor = guest.cursors.get(log.id)
    while (cursor !== undefined && cursor < log.events.length) {
      const to = Math.min(log.events.length, cursor + EVENTS_PER_FRAME)
      this.#events(guest, log, cursor, to)
      cursor = to
      guest.cursors.set(log.id, to)
    }
  }

  #events(guest: Guest, log: Log, after: number, to: number): void {
    guest.say({
      type: "events",
      room: log.id,
      epoch: log.epoch,
      after,
      to,
      check: this.check(log, to),
      events: log.events.slice(after, to).map((event) => (guest.wantsNames ? this.#named(event) : event)),
    })
  }

  #named(event: Event): Event & { name?: string } {
    const author = [...this.people.values()].find(({ id }) => id === event.by)
    return author ? { ...event, name: author.name } : event
  }

  #heads(guest: Guest): { room: Uuid; seq: number }[] {
    return [...guest.cursors.keys()].map((room) => ({ room, seq: this.logs.get(room)?.events.length ?? 0 }))
  }

  resolve(ref: string): Log | undefined {
    return this.logs.get(ref) ?? [...this.logs.values()].find(({ name }) => name === ref)
  }

  #uuid(letter: string): Uuid {
    this.#ids++
    return `00000000-0000-7000-8000-${letter}${String(this.#ids).padStart(11, "0")}`
  }
}

/** What a command points at, as the real shell fetches it. */
function cited(log: Log, { target, body }: Submit): Citations {
  const { replyTo, root } = body as { replyTo?: number | Uuid; root?: number | Uuid }
  const find = (ref: number | Uuid | undefined): Cited | undefined => {
    const event = log.events.find(({ seq, id }) => seq === ref || id === ref)
    return event && { seq: event.seq, by: event.by, kind: event.kind, erased: event.body === null }
  }
  const found = { target: find(target), replyTo: find(replyTo), root: find(root) }
  return Object.fromEntries(Object.entries(found).filter(([, one]) => one !== undefined))
}
