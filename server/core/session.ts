// Long because it is one conversation from hello to close: each frame's case stands beside the others it must agree with.

import { refuseBody } from "../../protocol/check.ts"
import { isClientKind } from "../../protocol/events/index.ts"
import type {
  Follow,
  Following,
  Hello,
  RoomHead,
  Signal,
  SignalDown,
  Submit,
  Unfollow,
  Up,
  Welcome,
} from "../../protocol/frames.ts"
import { isUuid, type Uuid, uuid7, uuidVersion } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { outside } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refusals, refuse } from "../../protocol/refusals.ts"
import { PROTOCOL_VERSION } from "../../protocol/version.ts"
import { Follower, type Sink } from "./follower.ts"
import { makeParcel, type RoomParcel } from "./parcel.ts"
import type {
  Accounts,
  Counters,
  Entered,
  Inbox,
  Origin,
  Outgoing,
  Peer,
  Requests,
  Who,
  World,
} from "./ports.ts"
import type { Room } from "./room.ts"
import type { OpenRooms } from "./rooms.ts"
import type { Presences } from "./signals.ts"
import type { Writes } from "./writes.ts"

/** Unreadable frames before the server gives up on a peer. */
const GARBLED_MAX = 20
/** Requests and submits one session may have unanswered before its next frame waits. */
const OUTSTANDING_MAX = 512
/** Events that wait for the next write; followers with more to say go on after it. */
const WAITING_CHARS_MAX = 262_144
/** Heads in a pong that must fit a datagram. */
const LOSSY_HEADS_MAX = 12

/** What a session works with; all sessions of a node share it. */
export interface SessionParts {
  readonly world: World
  readonly rooms: OpenRooms
  readonly accounts: Accounts
  readonly requests: Requests
  readonly presences: Presences
  readonly writes: Writes
  readonly counters: Counters
  readonly server: () => Welcome["server"]
  /** The session of this connection lives. */
  readonly seen: (who: Who) => void
  readonly roomsOf: (account: Uuid) => Promise<readonly RoomHead[]>
  /** Told of a bug that was contained. */
  readonly broke: (error: unknown) => void
  joined(session: Session, who: Who): void
  left(session: Session, who: Who | undefined): void
}

type State =
  | { readonly is: "new" }
  | { readonly is: "entering" }
  | { readonly is: "open"; readonly who: Who }
  | { readonly is: "closed" }

type Of = "hello" | "submit" | "follow" | "frame" | "session"

/** What the transport heard: a frame, or why there was none in what came. */
type Heard = Up | { readonly type: "garbled"; readonly why: Refusal }

/** One connected peer: frames in, frames out. Knows rooms; rooms know only that someone follows. */
export class Session implements Inbox, Sink {
  /** When the wire stopped taking what it was given; undefined while it does. */
  stalledMs: number | undefined
  readonly #parts: SessionParts
  readonly #peer: Peer
  readonly #from: Origin
  readonly #followers = new Map<Uuid, Follower>()
  #state: State = { is: "new" }
  #out: Outgoing[] = []
  #signals: SignalDown[] = []
  /** About how many characters of events wait in `#out`. */
  #weight = 0
  /** A follower was told to wait for the next write. */
  #held = false
  /** Frames that wait behind one that takes its time, so that order is kept. */
  #waiting: Heard[] = []
  #busy = false
  #outstanding = new Set<Promise<void>>()
  #garbled = 0
  /** Whose turn it is to be told in a pong on a lossy wire. */
  #turn = 0

  constructor(parts: SessionParts, peer: Peer, from: Origin) {
    this.#parts = parts
    this.#peer = peer
    this.#from = from
  }

  get who(): Who | undefined {
    return this.#state.is === "open" ? this.#state.who : undefined
  }

  get account(): Uuid | undefined {
    return this.who?.id
  }

  // ------------------------------------------------------------ in

  receive(frame: Up): void {
    this.#hear(frame)
  }

  garbled(why: Refusal): void {
    this.#hear({ type: "garbled", why })
  }

  /** Everything is answered in the order in which it came. */
  #hear(heard: Heard): void {
    if (this.#state.is === "closed") return
    if (this.#busy || this.#waiting.length > 0 || this.#outstanding.size >= OUTSTANDING_MAX) {
      if (this.#waiting.length >= limits.inboundFramesQueuedMax) this.close(refuse("too-fast"))
      else this.#waiting.push(heard)
      return
    }
    this.#handle(heard)
  }

  /** Something the session can make nothing of. */
  #reject(why: Refusal): void {
    this.#refused("frame", why)
    this.#garbled++
    if (this.#garbled >= GARBLED_MAX) this.close(refuse("bad-frame", "Too many frames could not be read."))
  }

  drained(): void {
    this.stalledMs = undefined
    for (const follower of this.#followers.values()) follower.pump()
    this.#parts.writes.soon()
  }

  closed(): void {
    const who = this.who
    this.#state = { is: "closed" }
    for (const follower of this.#followers.values()) follower.close()
    this.#followers.clear()
    this.#waiting = []
    this.#out = []
    this.#parts.left(this, who)
  }

  /** Ends the session from this side. */
  close(why: Refusal): void {
    if (this.#state.is === "closed") return
    this.write()
    this.closed()
    this.#peer.close(why)
  }

  #handle(heard: Heard): void {
    const working = this.#work(heard)
    if (!working) return
    this.#busy = true
    working
      .catch((error: unknown) => {
        this.#parts.broke(error)
        this.close(refuse("broken"))
      })
      .finally(() => {
        this.#busy = false
        this.#resume()
      })
  }

  #resume(): void {
    while (!this.#busy && this.#outstanding.size < OUTSTANDING_MAX && this.#state.is !== "closed") {
      const next = this.#waiting.shift()
      if (!next) return
      this.#handle(next)
    }
  }

  /** A promise: later frames must wait for it. */
  #work(frame: Heard): Promise<void> | undefined {
    if (frame.type === "garbled") {
      this.#reject(frame.why)
      return undefined
    }
    if (frame.type === "hello") return this.#hello(frame)
    const who = this.who
    if (!who) {
      this.#reject(refuse("sign-in-first"))
      return undefined
    }
    switch (frame.type) {
      case "submit":
        return this.#submit(frame, who)
      case "follow":
        return this.#follow(frame, who)
      case "unfollow":
        return this.#unfollow(frame)
      case "signal":
        return this.#signal(frame, who)
      case "request":
        this.#settles(
          this.#parts.requests
            .answer(who, { id: frame.id, name: frame.name, input: frame.input ?? {} }, this.#from)
            .then(({ status, body }) => this.#say({ type: "response", id: frame.id, status, body })),
        )
        return undefined
      case "ping":
        this.#ping(frame.id)
        return undefined
      default:
        return frame satisfies never
    }
  }

  /** Work that later frames need not wait for, but a pong must. */
  #settles(work: Promise<void>): void {
    const settled = work
      .catch((error: unknown) => {
        this.#parts.broke(error)
        this.close(refuse("broken"))
      })
      .finally(() => {
        this.#outstanding.delete(settled)
        if (this.#waiting.length > 0) this.#resume()
      })
    this.#outstanding.add(settled)
  }

  // ------------------------------------------------------------ hello

  #hello(frame: Hello): Promise<void> | undefined {
    if (this.#state.is !== "new") {
      this.#refused("hello", refuse("bad-frame", "This session has said hello already."))
      return undefined
    }
    if (frame.version !== PROTOCOL_VERSION) {
      this.#refused(
        "hello",
        refuse("bad-version", `The server speaks version ${PROTOCOL_VERSION}; update the older of the two.`),
      )
      return undefined
    }
    const token = frame.token ?? (frame.name === undefined ? this.#from.token : undefined)
    if (frame.names === true) this.#peer.names?.()
    if (token === undefined) return this.#enter(frame)
    const who = this.#parts.accounts.resume(token)
    if (!who) {
      this.close(refuse("session-ended"))
      return undefined
    }
    return this.#welcome({ who }, frame.rooms !== false)
  }

  async #enter(frame: Hello): Promise<void> {
    this.#state = { is: "entering" }
    const { type: _, version: __, ...claim } = frame
    const entered = await this.#parts.accounts.enter(claim, this.#from)
    if (this.#isClosed()) return
    // Between the answer and this line the session may have been revoked, and nobody knew of this connection yet.
    if (!isRefusal(entered) && entered.token !== undefined && !this.#parts.accounts.resume(entered.token)) {
      this.close(refuse("session-ended"))
      return
    }
    if (isRefusal(entered)) {
      this.#state = { is: "new" }
      this.#refused("hello", entered)
      this.#garbled++
      if (this.#garbled >= GARBLED_MAX) this.close(refuse("too-fast"))
      return
    }
    await this.#welcome(entered, frame.rooms !== false)
  }

  async #welcome({ who, token }: Entered, withRooms: boolean): Promise<void> {
    this.#state = { is: "open", who }
    this.#parts.joined(this, who)
    const rooms = withRooms ? await this.#parts.roomsOf(who.id) : []
    if (this.#isClosed()) return
    const welcome: Welcome = {
      type: "welcome",
      version: PROTOCOL_VERSION,
      server: this.#parts.server(),
      account: { id: who.id, name: who.name, display: who.display, role: who.role },
      session: token === undefined ? { id: who.session } : { id: who.session, token },
      self: who.self,
      rooms,
      limits,
    }
    this.#say(welcome)
  }

  /** Asked again after an await, where the compiler cannot know that it may have changed. */
  #isClosed(): boolean {
    return this.#state.is === "closed"
  }

  // ------------------------------------------------------------ submit

  #submit(frame: Submit, who: Who): Promise<void> | undefined {
    if (isUuid(frame.room)) {
      this.#submitTo(frame.room, frame, who)
      return undefined
    }
    return this.#parts.rooms.resolve(frame.room).then((room) => {
      if (room === undefined) this.#refused("submit", refuse("no-such-room"), frame)
      else this.#submitTo(room, frame, who)
    })
  }

  #submitTo(room: Uuid, frame: Submit, who: Who): void {
    const { kind, body, target, prev } = frame
    const id = frame.id ?? uuid7(this.#parts.world.now(), this.#parts.world.random(10))
    const problem = isClientKind(kind)
      ? refuseBody(kind, body)
      : refuse("bad-input", `Clients send no events of kind ${kind}.`)
    const wrong =
      uuidVersion(id) === 7 ? problem : refuse("bad-input", "The id of a command is a UUID of version 7.")
    if (wrong) {
      this.#refused("submit", wrong, { room: frame.room, id })
      return
    }
    const command = {
      id,
      kind,
      body,
      ...(target !== undefined && { target }),
      ...(prev !== undefined && { prev }),
    }
    this.#settles(
      this.#parts.rooms.submit(room, this.#parts.accounts.actor(who.id), command).then((answer) => {
        if (isRefusal(answer)) this.#refused("submit", answer, { room: frame.room, id })
        else {
          // The event itself goes out in the same write where it can.
          this.#followers.get(room)?.pump()
          this.#say(answer)
        }
      }),
    )
  }

  // ------------------------------------------------------------ follow

  async #follow(frame: Follow, who: Who): Promise<void> {
    // Whoever joins and follows in one breath is a member by then.
    await Promise.all(this.#outstanding)
    const rooms = await Promise.all(frame.rooms.map((one) => this.#roomToFollow(one)))
    for (const [index, one] of frame.rooms.entries()) {
      if (this.#isClosed()) return
      const room = rooms[index]
      if (room === "damaged") this.#refused("follow", refuse("store-damaged"), one)
      else if (!room) this.#refused("follow", refuse("no-such-room"), one)
      else await this.#followRoom(room, one, who)
    }
  }

  async #roomToFollow(one: Following): Promise<Room | "damaged" | undefined> {
    try {
      const id = await this.#parts.rooms.resolve(one.room)
      if (id === undefined) return undefined
      const room = this.#parts.rooms.of(id)
      await room.ready()
      return room
    } catch {
      return "damaged"
    }
  }

  async #followRoom(room: Room, one: Following, who: Who): Promise<void> {
    const known =
      one.after !== undefined && one.check !== undefined ? await room.checkAt(one.after) : undefined
    if (this.#isClosed()) return
    const member = room.head.members.get(who.id)
    if (!member) {
      this.#refused("follow", refuse(outside(room.head, who.id)), one)
      return
    }
    if (this.#followers.size >= limits.followsPerSessionMax) {
      this.#refused(
        "follow",
        refuse("too-many", `One session follows at most ${limits.followsPerSessionMax} rooms.`),
        one,
      )
      return
    }
    const { seq } = room.head
    const strange = one.after !== undefined && one.check !== undefined && known !== one.check
    if ((one.epoch !== undefined && one.epoch !== room.epoch) || (one.after ?? 0) > seq || strange) {
      this.#followers.get(room.id)?.close()
      this.#followers.delete(room.id)
      this.#say({ type: "reset", room: room.id, epoch: room.epoch, seq })
      return
    }
    this.#followers.get(room.id)?.close()
    const start = one.after ?? Math.max(seq - (one.last ?? 0), Math.min(member.from - 1, seq))
    const follower = new Follower(room, who.id, this, start, one.level ?? "events")
    this.#followers.set(room.id, follower)
    if (start >= seq) {
      this.push(
        makeParcel({ room: room.id, epoch: room.epoch, after: start, to: start, check: room.check }, []),
      )
    }
    follower.pump()
    this.#parts.writes.soon()
  }

  async #unfollow(frame: Unfollow): Promise<void> {
    for (const ref of frame.rooms) {
      const room = await this.#parts.rooms.resolve(ref)
      if (room === undefined) continue
      this.#followers.get(room)?.close()
      this.#followers.delete(room)
    }
  }

  ended(follower: Follower, why: Refusal): void {
    if (this.#followers.get(follower.room.id) === follower) this.#followers.delete(follower.room.id)
    this.#refused("follow", why, { room: follower.room.id })
  }

  // ------------------------------------------------------------ signals and pings

  #signal(frame: Signal, who: Who): Promise<void> | undefined {
    switch (frame.kind) {
      case "presence":
        this.#parts.presences.set(this, who.id, frame.state)
        return undefined
      case "watch":
        this.#parts.presences.watch(this, frame.accounts)
        return undefined
      case "typing":
        return this.#parts.rooms.resolve(frame.room).then((id) => {
          const room = id === undefined ? undefined : this.#parts.rooms.of(id)
          if (!room?.isReady || !room.head.members.has(who.id)) return
          const signal = { kind: "typing", room: room.id, account: who.id, on: frame.on !== false } as const
          for (const follower of room.followers) if (follower.account !== who.id) follower.hear(signal)
          this.#parts.writes.soon()
        })
      default:
        return frame satisfies never
    }
  }

  /** The pong leaves after all that was sent before it is settled and all that this caused is written. */
  #ping(id: string | undefined): void {
    const earlier = [...this.#outstanding]
    const pong = Promise.all(earlier)
      .then(() => this.#settleFollowers())
      .then(() => {
        const heads = this.#heads()
        this.#say({ type: "pong", ...(id !== undefined && { id }), heads })
      })
    pong.catch((error: unknown) => this.#parts.broke(error))
  }

  /** Where the log has come since the last pong. On a wire that loses pongs too, some of all, in turn. */
  #heads(): { readonly room: Uuid; readonly seq: number }[] {
    const followers = [...this.#followers.values()]
    const lossy = this.#from.transport === "udp"
    const turn = followers
      .map((_, index) => followers[(this.#turn + index) % followers.length])
      .slice(0, LOSSY_HEADS_MAX)
    if (lossy) this.#turn += LOSSY_HEADS_MAX
    const told = lossy ? turn : followers.filter((one) => one.told !== one.room.head.seq)
    return told.flatMap((one) => {
      if (!one) return []
      one.told = one.room.head.seq
      return [{ room: one.room.id, seq: one.told }]
    })
  }

  async #settleFollowers(): Promise<void> {
    for (const follower of [...this.#followers.values()]) {
      for (let before = -1; before < follower.cursor && follower.cursor < follower.room.head.seq; ) {
        before = follower.cursor
        await follower.settle()
        this.write()
      }
    }
  }

  // ------------------------------------------------------------ out

  ready(): boolean {
    if (this.#weight >= WAITING_CHARS_MAX) this.#held = true
    return !this.#held && this.#state.is === "open" && this.#peer.ready()
  }

  push(parcel: RoomParcel): void {
    this.#parts.counters.eventsDeliveredTotal += parcel.events.length
    this.#weight += parcel.weight
    this.#add(parcel)
    this.#parts.writes.soon()
  }

  signal(signal: SignalDown): void {
    if (!this.ready()) return
    if (this.#signals.length === 0) this.#add({ type: "signals", signals: this.#signals })
    this.#signals.push(signal)
    this.#parts.writes.soon()
  }

  #say(frame: Outgoing): void {
    this.#add(frame)
    this.#parts.writes.soon()
  }

  #refused(
    of: Of,
    refusal: Refusal,
    about?: { readonly room?: string; readonly id?: Uuid | undefined },
  ): void {
    this.#parts.counters.refused(refusal.code)
    this.#say({
      type: "refused",
      of,
      ...refusal,
      retry: refusals[refusal.code].retry,
      ...(about?.id !== undefined && { id: about.id }),
      ...(about?.room !== undefined && { room: about.room }),
    })
  }

  #add(out: Outgoing): void {
    if (this.#state.is === "closed") return
    this.#out.push(out)
    if (this.#out.length === 1) this.#parts.writes.later(this)
  }

  /** Everything at once. */
  write(): void {
    if (this.#out.length === 0) return
    const out = this.#out
    this.#out = []
    this.#signals = []
    this.#weight = 0
    if (this.#state.is === "closed") return
    this.#peer.send(out)
    if (this.stalledMs === undefined && !this.#peer.ready()) this.stalledMs = this.#parts.world.now()
    if (!this.#held) return
    this.#held = false
    for (const follower of this.#followers.values()) follower.pump()
  }
}
