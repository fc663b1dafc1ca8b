// Long because it is the place of order: all that may happen to one room's log, in one file to be read at once.
import type { Command } from "../../protocol/event.ts"
import { changesHead, evolve } from "../../protocol/events/index.ts"
import type { Accepted, SignalDown } from "../../protocol/frames.ts"
import { emptyHead, type Head, packHead, unpackHead } from "../../protocol/head.ts"
import { HOUSE_ACCOUNT, type Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import type { Actor } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { type Findings, fromLog, fromMemory } from "./citing.ts"
import { Batch, isTwin } from "./judging.ts"
import type { RoomParcel } from "./parcel.ts"
import type { Append, Imported, Log, Outcome, RoomToMake, Stored } from "./ports.ts"
import type { RecentBudget } from "./recent.ts"
import { NO_CHECK, READ_MAX, Replay } from "./replay.ts"
import { cardOf, claimsOf, membershipRows } from "./rows.ts"

/** Events judged into one append. */
const BATCH_MAX = 256
/** How often a command is judged anew when others keep moving the head, before it is told `busy`. */
const ATTEMPTS_MAX = 40
/** A head is kept with the log after so many events, so that loading a room folds no more than these. */
const SNAPSHOT_EVERY_EVENTS = 1_000

/** Someone at a cursor in the room, as far as the room cares. */
export interface Following {
  readonly account: Uuid
  /** There may be news after the cursor. */
  pump(): void
  /** Something that is not in the log: typing. */
  hear(signal: SignalDown): void
}

/** What a room asks of the node it lives on. */
export interface Node {
  readonly log: Log
  readonly budget: RecentBudget
  readonly storeEpoch: Uuid
  now(): number
  /** A bug that was contained. */
  broke(error: unknown): void
  /** The room has commands to judge: call `take` at the end of this turn. */
  waits(room: Room): void
  /** The room has news for its followers. */
  wake(room: Room): void
  /** On disk, by this node. */
  appended(room: Room, events: readonly Stored[]): void
}

interface Waiting {
  readonly actor: Actor
  readonly command: Command
  readonly answer: (answer: Accepted | Refusal) => void
  attempts: number
  /** How much news from elsewhere the room had heard when this was judged. */
  news: number
  /** What the log said of it, and the head at which it was asked. */
  found?: Findings & { readonly at: number }
}

interface No {
  readonly waiting: Waiting
  readonly refusal: Refusal
}

interface Loading {
  readonly messages: readonly Imported[]
  readonly make: RoomToMake | undefined
  readonly answer: (answer: readonly number[] | Refusal) => void
}

/** One batch between judging and outcome. */
interface Flight {
  readonly batch: Batch
  readonly waiting: readonly Waiting[]
  readonly refused: readonly No[]
}

/** One room on one node: a mailbox in front of its log, a short memory behind it. */
export class Room {
  readonly id: Uuid
  readonly followers = new Set<Following>()
  /** The committed head. */
  head: Head = emptyHead
  /** The chain at the head. */
  check = NO_CHECK
  epoch: Uuid
  /** True while the node has it in its list of rooms with news. */
  woken = false
  isReady = false
  readonly #node: Node
  readonly #replay: Replay
  /** Newest message of each member outside threads. */
  readonly #posts = new Map<Uuid, number>()
  #queue: Waiting[] = []
  #loads: Loading[] = []
  #flight: Flight | undefined
  /** True while the log is asked on behalf of the first in the queue, who holds up the others. */
  #asking = false
  #ready: Promise<void> | undefined
  #catching: Promise<void> | undefined
  #snapshotSeq = 0
  /** Events heard from elsewhere: a refusal judged before the latest of them may be stale. */
  #news = 0

  constructor(id: Uuid, node: Node) {
    this.id = id
    this.#node = node
    this.epoch = node.storeEpoch
    this.#replay = new Replay(id, node.log, node.budget)
  }

  /** Resolves when the head has been folded from the log; rejects when the log cannot be read. */
  ready(): Promise<void> {
    this.#ready ??= this.#open().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  async #open(): Promise<void> {
    const kept = await this.#node.log.head(this.id)
    if (kept?.snapshot) {
      const { head, posts }: { head: string; posts: [Uuid, number][] } = JSON.parse(kept.snapshot.head)
      this.head = unpackHead(head)
      this.#snapshotSeq = kept.snapshot.seq
      for (const [account, seq] of posts) this.#posts.set(account, seq)
    }
    if (kept) {
      this.epoch = kept.epoch
      await this.#readOn()
    }
    this.isReady = true
    this.#nudge()
  }

  /** True when nothing is going on here and the node may forget the room. */
  get isIdle(): boolean {
    const works = this.#queue.length > 0 || this.#loads.length > 0 || this.#flight || this.#asking
    return !works && this.followers.size === 0 && this.#catching === undefined
  }

  forget(): void {
    this.#replay.forget()
  }

  lastPost(account: Uuid): number {
    return this.#posts.get(account) ?? 0
  }

  // ------------------------------------------------------------ commands

  /** Queues a command whose body has passed its schema. Answers once it is on disk, or refused. */
  submit(actor: Actor, command: Command): Promise<Accepted | Refusal> {
    if (this.#queue.length >= limits.commandsQueuedPerRoomMax)
      return Promise.resolve(refuse("busy", undefined, 100))
    return new Promise((answer) => {
      this.#queue.push({ actor, command, answer, attempts: 0, news: 0 })
      this.#nudge()
    })
  }

  /** Queues messages from elsewhere; see the port `Rooms.load`. */
  load(messages: readonly Imported[], make: RoomToMake | undefined): Promise<readonly number[] | Refusal> {
    return new Promise((answer) => {
      this.#loads.push({ messages, make, answer })
      this.#nudge()
    })
  }

  #nudge(): void {
    if (this.#queue.length === 0 && this.#loads.length === 0) return
    if (this.isReady) this.#node.waits(this)
    else this.ready().catch(() => this.#refuseAll(refuse("store-damaged")))
  }

  #refuseAll(refusal: Refusal): void {
    for (const { answer } of this.#queue.splice(0)) answer(refusal)
    for (const { answer } of this.#loads.splice(0)) answer(refusal)
  }

  /** Judges what waits and gives the append to commit; undefined when there is nothing to commit now. */
  take(): Append | undefined {
    if (!this.isReady || this.#flight || this.#asking) return undefined
    if (this.#queue.length === 0) return this.#takeLoad()
    const batch = new Batch(this.head)
    const waiting: Waiting[] = []
    const refused: No[] = []
    let taken = 0
    for (const next of this.#queue) {
      if (batch.entries.length >= BATCH_MAX) break
      // The second of two with one id is answered by the log, once the first is there.
      const twin = batch.get(next.command.id) !== undefined
      const found = twin ? undefined : this.#findings(next, batch)
      if (!found && !twin) break
      taken++
      next.news = this.#news
      const refusal = found ? this.#judge(batch, next, found) : refuse("id-taken")
      if (refusal) refused.push({ waiting: next, refusal })
      else waiting.push(next)
    }
    const first = this.#queue[taken]
    this.#queue.splice(0, taken)
    if (batch.entries.length === 0) {
      for (const no of refused) this.#sayNo(no)
      // What it cites is out of memory. Nothing is in flight, so the answer cannot go stale before it is judged.
      if (first) this.#ask(first)
      return undefined
    }
    this.#flight = { batch, waiting, refused }
    return this.#appendOf(batch)
  }

  /** A command that makes the judge throw is a bug; it is refused and the others go on. */
  #judge(batch: Batch, { actor, command }: Waiting, { cited, prev }: Findings): Refusal | undefined {
    if (!prev) return refuse("not-yet")
    try {
      return batch.judge(actor, command, cited, this.#node.now())
    } catch (error) {
      this.#node.broke(error)
      // Final, whatever the bug: a command that can be sent for ever would hold up its author's outbox for ever.
      return refuse("bad-input", "The server cannot judge this command; why is in its log.")
    }
  }

  #findings({ command, actor, found }: Waiting, batch: Batch): Findings | undefined {
    if (found && found.at === batch.head.seq) return found
    return fromMemory(command, actor, batch, this.#replay)
  }

  #ask(waiting: Waiting): void {
    this.#asking = true
    const at = this.head.seq
    fromLog(waiting.command, waiting.actor, this.id, this.#node.log)
      .then(
        (found) => {
          waiting.found = { ...found, at }
        },
        () => {
          this.#queue = this.#queue.filter((one) => one !== waiting)
          waiting.answer(refuse("store-damaged"))
        },
      )
      .finally(() => {
        this.#asking = false
        this.#node.waits(this)
      })
  }

  #appendOf(batch: Batch): Append {
    const members = membershipRows(this.head, batch.head)
    const claims = claimsOf(this.head, batch.head, this.id)
    const card = cardOf(this.head, batch.head)
    const keeps = this.head.seq - this.#snapshotSeq >= SNAPSHOT_EVERY_EVENTS
    return {
      room: this.id,
      epoch: this.epoch,
      after: batch.after,
      entries: batch.entries,
      ...(members.length > 0 && { members }),
      ...(claims.length > 0 && { claims }),
      ...(card && { card }),
      ...(keeps && { snapshot: this.#snapshot() }),
    }
  }

  #snapshot(): { seq: number; head: string } {
    this.#snapshotSeq = this.head.seq
    const posts = [...this.#posts].filter(([account]) => this.head.members.has(account))
    return { seq: this.head.seq, head: JSON.stringify({ head: packHead(this.head), posts }) }
  }

  // ------------------------------------------------------------ outcomes

  /** Takes the outcome of what `take` gave. */
  settle(outcome: Outcome): void {
    const flight = this.#flight
    if (!flight) return
    this.#flight = undefined
    switch (outcome.is) {
      case "appended":
        this.#committed(flight, outcome.checks)
        break
      case "moved":
        this.#again(flight)
        this.#catchUp()
        break
      case "known":
        this.#againWithout(flight, ({ command }) => command.id === outcome.id, refuse("id-taken"))
        break
      case "taken":
        // Whoever asked for the name is told; the others are judged again.
        this.#againWithout(flight, asksForName, refuse("name-taken"))
        break
      case "failed":
        this.#refuseFlight(flight, refuse(outcome.code))
        break
      case "unknown":
        // Only the log can say what became of it; what is not there may be sent again.
        this.#refuseFlight(flight, refuse("store-failed"))
        this.#catchUp()
        break
      default:
        outcome satisfies never
    }
    this.#nudge()
  }

  #committed({ batch, waiting, refused }: Flight, checks: readonly string[]): void {
    const events = batch.stored(checks)
    if (this.head.seq === batch.after) {
      for (const [index, event] of events.entries()) this.#remember(event, batch.entries[index]?.erases)
      this.head = batch.head
      this.check = checks.at(-1) ?? this.check
      this.#node.wake(this)
    } else {
      // A doorbell was faster than the answer, and the log was read meanwhile, perhaps not to its end.
      this.#catchUp()
    }
    for (const one of waiting) {
      const event = events[(batch.get(one.command.id)?.seq ?? 0) - batch.after - 1]
      if (event) one.answer(this.#accepted(event))
    }
    for (const no of refused) this.#sayNo(no)
    this.#node.appended(this, events)
  }

  #accepted(event: Stored): Accepted {
    return { type: "accepted", room: this.id, id: event.id, seq: event.seq, at: event.at }
  }

  #refuseFlight({ waiting, refused }: Flight, refusal: Refusal): void {
    for (const one of waiting) this.#sayNo({ waiting: one, refusal })
    for (const no of refused) this.#sayNo({ ...no, refusal })
  }

  #againWithout(flight: Flight, is: (waiting: Waiting) => boolean, refusal: Refusal): void {
    const one = flight.waiting.find(is)
    this.#again({ ...flight, waiting: flight.waiting.filter((other) => other !== one) })
    if (one) this.#sayNo({ waiting: one, refusal })
  }

  /** Back to the front of the queue. The refused too: they were judged on a head that never came to be. */
  #again({ waiting, refused }: Flight): void {
    const all = [...waiting, ...refused.map((no) => no.waiting)]
    for (const one of all) one.attempts++
    const tired = all.filter((one) => one.attempts > ATTEMPTS_MAX)
    for (const one of tired) this.#sayNo({ waiting: one, refusal: refuse("busy", undefined, 200) })
    this.#queue = [...all.filter((one) => one.attempts <= ATTEMPTS_MAX), ...this.#queue]
  }

  #sayNo({ waiting, refusal }: No): void {
    this.#lookBeforeRefusing(waiting, refusal).then(waiting.answer, () =>
      waiting.answer(refuse("store-damaged")),
    )
  }

  /** The log outranks the answer: the event may be there already. And a refusal may rest on stale news. */
  async #lookBeforeRefusing(waiting: Waiting, refusal: Refusal): Promise<Accepted | Refusal> {
    const { command, actor } = waiting
    await this.catchUp()
    const twin = await this.#node.log.find(this.id, command.id)
    if (twin) return isTwin(twin, actor, command) ? this.#accepted(twin) : refuse("id-taken")
    const stale = this.#news !== waiting.news && refusal.code !== "busy"
    if (!stale || waiting.attempts >= ATTEMPTS_MAX) return refusal
    return new Promise((answer) => {
      this.#queue.push({ actor, command, answer, attempts: waiting.attempts + 1, news: 0 })
      this.#nudge()
    })
  }

  // ------------------------------------------------------------ imports

  #takeLoad(): undefined {
    const load = this.#loads.shift()
    if (!load) return
    this.#asking = true
    this.#place(load, new Map())
      .then(load.answer, (error: unknown) => {
        this.#node.broke(error)
        load.answer(refuse("store-failed"))
      })
      .finally(() => {
        this.#asking = false
        this.#nudge()
      })
  }

  async #place(load: Loading, known: ReadonlyMap<Uuid, number>): Promise<readonly number[] | Refusal> {
    const { messages, make } = load
    const fresh = messages.filter(({ id }) => !known.has(id))
    const seqs = (batch?: Batch) => messages.map(({ id }) => known.get(id) ?? batch?.get(id)?.seq ?? 0)
    if (fresh.length === 0) return seqs()
    const makes = this.head.type === null ? make : undefined
    if (this.head.type !== "room" && !makes) return refuse("no-such-room")
    if ((fresh[0]?.at ?? 0) < this.head.at && known.size === 0) {
      // Older than the head: perhaps an import that is made again.
      const there = await this.#alreadyThere(messages)
      if (there.size > 0) return this.#place(load, there)
    }
    if ((fresh[0]?.at ?? 0) < this.head.at) {
      return refuse(
        "bad-input",
        "The room holds newer messages than these; import them into a room of their own.",
      )
    }
    const batch = new Batch(this.head)
    const refused = makes && batch.judge(SERVER, creating(makes), {}, fresh[0]?.at ?? 0)
    if (refused) return refused
    for (const message of fresh) batch.add(message, known)
    const [outcome] = await this.#node.log.append([this.#appendOf(batch)])
    switch (outcome?.is) {
      case "appended":
        this.#committed({ batch, waiting: [], refused: [] }, outcome.checks)
        return seqs(batch)
      case "known":
        return known.size > 0 ? refuse("id-taken") : this.#place(load, await this.#alreadyThere(messages))
      case "taken":
        return refuse("name-taken")
      case "failed":
        return refuse(outcome.code)
      default:
        await this.catchUp()
        return refuse("busy")
    }
  }

  async #alreadyThere(messages: readonly Imported[]): Promise<ReadonlyMap<Uuid, number>> {
    const found = await Promise.all(messages.map(({ id }) => this.#node.log.find(this.id, id)))
    return new Map(found.flatMap((event) => (event ? [[event.id, event.seq] as const] : [])))
  }

  // ------------------------------------------------------------ news

  /** Hears the doorbell. The letter is used when it joins on; else the log is read. */
  rung(letter: { readonly after: number; readonly events: readonly Stored[] } | undefined): void {
    if (!this.isReady) return
    const last = letter?.events.at(-1)
    if (last && last.seq <= this.head.seq) return
    const joins =
      letter?.after === this.head.seq && !this.#flight && !this.#asking && this.#catching === undefined
    if (!letter || !joins) {
      this.#catchUp()
      return
    }
    for (const event of letter.events) this.#fold(event)
    this.#node.wake(this)
  }

  /** Reads the log from the head on, to its end. */
  async catchUp(): Promise<void> {
    await this.ready()
    this.#catching ??= this.#readOn().finally(() => {
      this.#catching = undefined
    })
    return this.#catching
  }

  #catchUp(): void {
    this.catchUp().catch((error: unknown) => this.#node.broke(error))
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const events = await this.#node.log.read(this.id, this.head.seq, READ_MAX)
      const before = this.head.seq
      for (const event of events) if (event.seq === this.head.seq + 1) this.#fold(event)
      if (this.head.seq > before) this.#node.wake(this)
      if (events.length < READ_MAX) return
    }
  }

  #fold(event: Stored): void {
    const body: unknown = changesHead(event.kind) && event.body !== null ? JSON.parse(event.body) : null
    this.#news++
    this.head = evolve(this.head, { ...event, body })
    this.check = event.check
    this.#remember(event, event.kind === "message.deleted" ? event.target : undefined)
  }

  #remember(event: Stored, erases: number | undefined): void {
    this.#replay.remember(event, erases)
    const posted = event.kind === "message.posted" && event.root === undefined
    if (posted && this.head.members.has(event.by)) this.#posts.set(event.by, event.seq)
  }

  // ------------------------------------------------------------ replay

  /** The stretch after a cursor, from memory; undefined when it must be read. The same object for all at that cursor. */
  parcel(after: number): RoomParcel | undefined {
    return this.#replay.parcel(after, this.#end)
  }

  /** The stretch after a cursor, from the log. */
  read(after: number): Promise<RoomParcel> {
    return this.#replay.read(after, this.#end)
  }

  /** The chain at a seq, for a follower who resumes; undefined when there is no such seq. */
  checkAt(seq: number): Promise<string | undefined> {
    return this.#replay.checkAt(seq, this.#end)
  }

  get #end(): { epoch: Uuid; seq: number; check: string } {
    return { epoch: this.epoch, seq: this.head.seq, check: this.check }
  }
}

function asksForName({ command }: Waiting): boolean {
  return command.kind === "room.created" || command.kind === "room.renamed"
}

const SERVER: Actor = { account: HOUSE_ACCOUNT, role: "owner", system: true }

/** Nobody is a member of a room that fills, and nobody can join it. */
function creating({ id, name }: RoomToMake): Command {
  const body = { type: "room", name, visibility: "private", history: "shared", members: [] }
  return { id, kind: "room.created", body }
}
