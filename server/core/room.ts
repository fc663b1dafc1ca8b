// Long because it is the place of order: everything that may happen to one room's log, in one file to be read at once.
import type { Citations, Command } from "../../protocol/event.ts"
import { changesHead, evolve } from "../../protocol/events/index.ts"
import type { Accepted, SignalDown } from "../../protocol/frames.ts"
import { emptyHead, type Head, packHead, unpackHead } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import type { Actor } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { asCited, Batch, hasReacted, type References, references } from "./judging.ts"
import { makeParcel, type RoomParcel } from "./parcel.ts"
import type { Append, Imported, Log, Outcome, Stored } from "./ports.ts"
import { Recent, type RecentBudget } from "./recent.ts"
import { cardOf, claimsOf, membershipRows } from "./rows.ts"

/** Events judged into one append. */
const BATCH_MAX = 256
/** Events read from the log at once. */
const READ_MAX = limits.eventsPerFrameMax
/** How often a command is judged anew when others keep moving the head, before it is told `busy`. */
const ATTEMPTS_MAX = 40
/** A head is kept with the log after so many events, so that loading a room folds no more than these. */
const SNAPSHOT_EVERY_EVENTS = 1_000
/** Stretches kept put together for followers at the same cursor. */
const PARCELS_MAX = 16

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
  /** The epoch of the store. */
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

type Answer = (answer: Accepted | Refusal) => void

interface Waiting {
  readonly actor: Actor
  readonly command: Command
  readonly answer: Answer
  attempts: number
  /** How much news from elsewhere the room had heard when this was judged. */
  news: number
  /** What the log says of the command's references, and the head at which it was asked. */
  looked?: { readonly at: number; readonly cited: Citations; readonly prev: boolean }
}

interface Loading {
  readonly messages: readonly Imported[]
  readonly answer: (answer: readonly number[] | Refusal) => void
}

/** One batch between judging and outcome. */
interface Flight {
  readonly batch: Batch
  readonly waiting: readonly Waiting[]
  readonly refused: readonly { readonly waiting: Waiting; readonly refusal: Refusal }[]
  readonly append: Append
  readonly settled?: (outcome: Outcome) => void
}

/** One room on one node: a mailbox in front of its log, a short memory behind it. */
export class Room {
  readonly id: Uuid
  readonly followers = new Set<Following>()
  /** The committed head. */
  head: Head = emptyHead
  /** The chain at the head. */
  check = "0000000000000000"
  epoch: Uuid
  /** True while the node has it in its list of rooms with news. */
  woken = false
  readonly #node: Node
  readonly #recent: Recent
  /** Newest message of each member outside threads. */
  readonly #posts = new Map<Uuid, number>()
  readonly #parcels = new Map<number, RoomParcel>()
  readonly #reads = new Map<number, Promise<RoomParcel>>()
  #queue: Waiting[] = []
  #loads: Loading[] = []
  #flight: Flight | undefined
  #looking = false
  #ready: Promise<void> | undefined
  #isReady = false
  #catching: Promise<void> | undefined
  #snapshotSeq = 0
  /** Events heard from elsewhere: a refusal judged before the latest of them may be stale. */
  #news = 0

  constructor(id: Uuid, node: Node) {
    this.id = id
    this.#node = node
    this.epoch = node.storeEpoch
    this.#recent = new Recent(node.budget)
  }

  /** Resolves when the head has been folded from the log; rejects when the log cannot be read. */
  ready(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** True when nothing is going on here and the node may forget the room. */
  get isIdle(): boolean {
    return (
      this.followers.size === 0 &&
      this.#queue.length === 0 &&
      this.#loads.length === 0 &&
      !this.#flight &&
      !this.#catching
    )
  }

  /** Gives back the memory that the node's budget counts. */
  forget(): void {
    this.#recent.clear()
    this.#parcels.clear()
  }

  lastPost(account: Uuid): number {
    return this.#posts.get(account) ?? 0
  }

  async #load(): Promise<void> {
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
    this.#isReady = true
    if (this.#queue.length > 0 || this.#loads.length > 0) this.#node.waits(this)
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
  load(messages: readonly Imported[]): Promise<readonly number[] | Refusal> {
    return new Promise((answer) => {
      this.#loads.push({ messages, answer })
      this.#nudge()
    })
  }

  #nudge(): void {
    if (this.#isReady) this.#node.waits(this)
    else this.ready().catch(() => this.#refuseAll(refuse("store-damaged")))
  }

  #refuseAll(refusal: Refusal): void {
    for (const { answer } of this.#queue.splice(0)) answer(refusal)
    for (const { answer } of this.#loads.splice(0)) answer(refusal)
  }

  /** Judges what waits and gives the append to commit; undefined when there is nothing to commit now. */
  take(): Append | undefined {
    if (!this.#isReady || this.#flight || this.#looking) return undefined
    if (this.#queue.length === 0) {
      this.#takeLoad()
      return undefined
    }
    const batch = new Batch(this.head)
    const waiting: Waiting[] = []
    const refused: { waiting: Waiting; refusal: Refusal }[] = []
    const twins: Waiting[] = []
    let taken = 0
    for (const next of this.#queue) {
      if (batch.entries.length >= BATCH_MAX) break
      const twin = batch.get(next.command.id)
      const known = twin ? undefined : this.#lookedUp(next, batch)
      if (known === "ask the log") {
        // What is cited is out of memory: settle what comes before it, so that the answer cannot go stale, then ask.
        if (batch.entries.length === 0) this.#look(next)
        break
      }
      taken++
      next.news = this.#news
      if (known === undefined) {
        twins.push(next)
        continue
      }
      const refusal = known.prev ? this.#judge(batch, next, known.cited) : refuse("not-yet")
      if (refusal) refused.push({ waiting: next, refusal })
      else waiting.push(next)
    }
    this.#queue.splice(0, taken)
    // A twin waits for the outcome of the first and is answered by the log.
    for (const twin of twins) refused.push({ waiting: twin, refusal: refuse("id-taken") })
    if (batch.entries.length === 0) {
      for (const { waiting: one, refusal } of refused) this.#sayNo(one, refusal)
      return undefined
    }
    const append = this.#appendOf(batch)
    this.#flight = { batch, waiting, refused, append }
    return append
  }

  /** A command that makes the judge throw is a bug; it is refused and the others go on. */
  #judge(batch: Batch, { actor, command }: Waiting, cited: Citations): Refusal | undefined {
    try {
      return batch.judge(actor, command, cited, this.#node.now())
    } catch (error) {
      this.#node.broke(error)
      return refuse("broken")
    }
  }

  #appendOf(batch: Batch): Append {
    const rows = membershipRows(this.head, batch.head)
    const claims = claimsOf(this.head, batch.head, this.id)
    const card = cardOf(this.head, batch.head)
    const keeps = this.head.seq - this.#snapshotSeq >= SNAPSHOT_EVERY_EVENTS
    return {
      room: this.id,
      epoch: this.epoch,
      after: batch.after,
      entries: batch.entries,
      ...(rows.length > 0 && { members: rows }),
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

  // ------------------------------------------------------------ what commands cite

  /** What a command cites, from memory; `ask the log` when memory does not reach that far. */
  #lookedUp(waiting: Waiting, batch: Batch): { cited: Citations; prev: boolean } | "ask the log" {
    const { command, actor, looked } = waiting
    if (looked && looked.at === batch.head.seq) return looked
    const prev = command.prev === undefined || this.#event(command.prev, batch) !== undefined
    if (!prev) return "ask the log"
    const wanted = references(command)
    if (!wanted) return { cited: {}, prev }
    const cited: { -readonly [Key in keyof Citations]: Citations[Key] } = {}
    for (const role of ["target", "replyTo", "root"] as const) {
      const reference = wanted[role]
      if (reference === undefined) continue
      const event = this.#event(reference, batch)
      if (!event) return "ask the log"
      cited[role] = asCited(
        event,
        role === "target" ? this.#reacted(event, actor, command, batch) : undefined,
      )
    }
    return { cited, prev }
  }

  #event(reference: number | Uuid, batch: Batch): Stored | undefined {
    const pending = batch.get(reference)
    if (pending) return pending
    const event = typeof reference === "string" ? this.#recent.byId(reference) : this.#recent.get(reference)
    // This batch may have erased what memory still holds.
    const erased = event && batch.entries.some((entry) => entry.erases === event.seq)
    return erased ? { ...event, body: null } : event
  }

  /** Whatever changed an event in memory is in memory too, since it came later. */
  #reacted(event: Stored, actor: Actor, command: Command, batch: Batch): boolean | undefined {
    if (!command.kind.startsWith("reaction.")) return undefined
    const later = this.#recent.after(event.seq, Number.POSITIVE_INFINITY) ?? []
    const changes = [...later.filter((one) => one.target === event.seq), ...batch.changes(event.seq)]
    return hasReacted(changes, actor.account, emojiOf(command))
  }

  /** Asks the log what a command cites, then has the room judged again. */
  #look(waiting: Waiting): void {
    this.#looking = true
    const at = this.head.seq
    this.#ask(waiting).then(
      (found) => {
        waiting.looked = { at, ...found }
        this.#looking = false
        this.#node.waits(this)
      },
      () => {
        this.#looking = false
        this.#queue = this.#queue.filter((one) => one !== waiting)
        waiting.answer(refuse("store-damaged"))
        this.#node.waits(this)
      },
    )
  }

  async #ask({ command, actor }: Waiting): Promise<{ cited: Citations; prev: boolean }> {
    const { log } = this.#node
    const prev = command.prev === undefined || (await log.find(this.id, command.prev)) !== undefined
    const wanted: References = references(command) ?? {}
    const cited: { -readonly [Key in keyof Citations]: Citations[Key] } = {}
    for (const role of ["target", "replyTo", "root"] as const) {
      const reference = wanted[role]
      if (reference === undefined) continue
      const event =
        typeof reference === "string"
          ? await log.find(this.id, reference)
          : (await log.read(this.id, reference - 1, 1)).find((one) => one.seq === reference)
      if (!event) continue
      const reacts = role === "target" && command.kind.startsWith("reaction.")
      cited[role] = asCited(event, reacts ? await this.#askReacted(event, actor.account, command) : undefined)
    }
    return { cited, prev }
  }

  async #askReacted(event: Stored, by: Uuid, command: Command): Promise<boolean> {
    let reacted = false
    for (let after = 0; ; ) {
      const changes = await this.#node.log.changes(this.id, event.seq, event.seq, after, READ_MAX)
      reacted = hasReacted(changes, by, emojiOf(command), reacted)
      if (changes.length < READ_MAX) return reacted
      after = changes.at(-1)?.seq ?? after
    }
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
        this.#catchUpThenWait()
        break
      case "known":
        this.#known(flight, outcome.id)
        break
      case "taken":
        this.#taken(flight)
        break
      case "failed":
        for (const one of flight.waiting) this.#sayNo(one, refuse(outcome.code))
        for (const { waiting } of flight.refused) this.#sayNo(waiting, refuse(outcome.code))
        break
      case "unknown":
        // Only the log can say; what is not in it may be sent again.
        for (const one of flight.waiting) this.#sayNo(one, refuse("store-failed"))
        for (const { waiting } of flight.refused) this.#sayNo(waiting, refuse("store-failed"))
        this.#catchUpThenWait()
        break
      default:
        outcome satisfies never
    }
    flight.settled?.(outcome)
    if (this.#queue.length > 0 || this.#loads.length > 0) this.#node.waits(this)
  }

  #committed(flight: Flight, checks: readonly string[]): void {
    const { batch } = flight
    const events = batch.entries.map((entry, index): Stored => {
      const { erases: _, ...stored } = entry
      return { ...stored, seq: batch.after + 1 + index, check: checks[index] ?? "" }
    })
    if (this.head.seq === batch.after) {
      for (const [index, event] of events.entries()) this.#remember(event, batch.entries[index]?.erases)
      this.head = batch.head
      this.check = checks.at(-1) ?? this.check
      this.#node.wake(this)
    } else {
      // A doorbell was faster than the answer: the log was read meanwhile, perhaps not to its end.
      this.#catchUpThenWait()
    }
    for (const [index, one] of flight.waiting.entries()) {
      const event = events[index]
      if (event) one.answer(this.#accepted(event))
    }
    for (const { waiting, refusal } of flight.refused) this.#sayNo(waiting, refusal)
    this.#node.appended(this, events)
  }

  #accepted(event: Stored): Accepted {
    return { type: "accepted", room: this.id, id: event.id, seq: event.seq, at: event.at }
  }

  /** Back to the front of the queue, in the order in which they came. */
  #again(flight: Flight): void {
    const all = [...flight.waiting, ...flight.refused.map(({ waiting }) => waiting)]
    for (const one of all) one.attempts++
    const [tired, fresh] = [
      all.filter((one) => one.attempts > ATTEMPTS_MAX),
      all.filter((one) => one.attempts <= ATTEMPTS_MAX),
    ]
    for (const one of tired) this.#sayNo(one, refuse("busy", undefined, 200))
    this.#queue = [...fresh, ...this.#queue]
  }

  #known(flight: Flight, id: Uuid): void {
    const twin = flight.waiting.find((one) => one.command.id === id)
    this.#again({ ...flight, waiting: flight.waiting.filter((one) => one !== twin) })
    if (twin) this.#sayNo(twin, refuse("id-taken"))
  }

  /** A name was taken between judging and commit: whoever asked for it is told, the others are judged again. */
  #taken(flight: Flight): void {
    const claiming = flight.waiting.find(
      ({ command }) => command.kind === "room.created" || command.kind === "room.renamed",
    )
    this.#again({ ...flight, waiting: flight.waiting.filter((one) => one !== claiming) })
    if (claiming) this.#sayNo(claiming, refuse("name-taken"))
  }

  /**
   * Refuses, unless the log says otherwise: the event may be there already (the log outranks the answer), or the
   * refusal may rest on stale news, and then the command is judged again.
   */
  #sayNo(waiting: Waiting, refusal: Refusal): void {
    this.#lookBeforeRefusing(waiting, refusal).then(waiting.answer, () =>
      waiting.answer(refuse("store-damaged")),
    )
  }

  async #lookBeforeRefusing(waiting: Waiting, refusal: Refusal): Promise<Accepted | Refusal> {
    const { command, actor } = waiting
    const twin = await this.#node.log.find(this.id, command.id)
    if (twin) return isTwin(twin, actor, command) ? this.#accepted(twin) : refuse("id-taken")
    await this.catchUp()
    const stale = this.#news !== waiting.news && refusal.code !== "busy" && refusal.code !== "id-taken"
    if (stale && waiting.attempts < ATTEMPTS_MAX) {
      return new Promise((answer) => {
        this.#queue.push({ actor, command, answer, attempts: waiting.attempts + 1, news: 0 })
        this.#node.waits(this)
      })
    }
    return refusal
  }

  // ------------------------------------------------------------ imports

  #takeLoad(): void {
    const load = this.#loads.shift()
    if (!load) return
    this.#looking = true
    this.#place(load.messages)
      .then(load.answer, () => load.answer(refuse("store-failed")))
      .finally(() => {
        this.#looking = false
        if (this.#queue.length > 0 || this.#loads.length > 0) this.#node.waits(this)
      })
  }

  async #place(
    messages: readonly Imported[],
    known?: ReadonlyMap<Uuid, number>,
  ): Promise<readonly number[] | Refusal> {
    const fresh = messages.filter(({ id }) => !known?.has(id))
    const seqs = new Map(known)
    if (fresh.length > 0) {
      if (this.head.type !== "room") return refuse("no-such-room")
      if ((fresh[0]?.at ?? 0) < this.head.at) {
        return refuse(
          "bad-input",
          "The room holds newer messages than these; import them into a room of their own.",
        )
      }
      const batch = new Batch(this.head)
      for (const message of fresh) batch.add(...importedEntry(message, batch, seqs, this.head.seq))
      for (const [index, entry] of batch.entries.entries()) seqs.set(entry.id, batch.after + 1 + index)
      const append = this.#appendOf(batch)
      const outcome = await new Promise<Outcome>((settled) => {
        this.#flight = { batch, waiting: [], refused: [], append, settled }
        this.#node.log.append([append]).then(
          ([first]) => this.settle(first ?? { is: "unknown" }),
          () => this.settle({ is: "unknown" }),
        )
      })
      if (outcome.is === "known" && !known) return this.#place(messages, await this.#alreadyThere(messages))
      if (outcome.is === "failed") return refuse(outcome.code)
      if (outcome.is !== "appended") return refuse("busy")
    }
    return messages.map(({ id }) => seqs.get(id) ?? 0)
  }

  async #alreadyThere(messages: readonly Imported[]): Promise<Map<Uuid, number>> {
    const found = await Promise.all(messages.map(({ id }) => this.#node.log.find(this.id, id)))
    return new Map(found.flatMap((event) => (event ? [[event.id, event.seq] as const] : [])))
  }

  // ------------------------------------------------------------ news

  /** Hears the doorbell. The letter is used when it joins on; else the log is read. */
  rung(letter: { readonly after: number; readonly events: readonly Stored[] } | undefined): void {
    if (!this.#isReady) return
    const last = letter?.events.at(-1)
    if (letter && last && last.seq <= this.head.seq) return
    if (letter && last && letter.after === this.head.seq && !this.#flight && !this.#catching) {
      for (const event of letter.events) this.#fold(event)
      this.#node.wake(this)
      return
    }
    this.catchUp().catch(() => undefined)
  }

  #catchUpThenWait(): void {
    this.catchUp().then(
      () => this.#node.waits(this),
      () => this.#node.waits(this),
    )
  }

  /** Reads the log from the head on, to its end. */
  async catchUp(): Promise<void> {
    await this.ready()
    this.#catching ??= this.#readOn().finally(() => {
      this.#catching = undefined
    })
    return this.#catching
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const events = await this.#node.log.read(this.id, this.head.seq, READ_MAX)
      let folded = false
      for (const event of events) {
        if (event.seq !== this.head.seq + 1) continue
        this.#fold(event)
        folded = true
      }
      if (folded) this.#node.wake(this)
      if (events.length < READ_MAX) return
    }
  }

  #fold(event: Stored): void {
    this.#news++
    const body: unknown = changesHead(event.kind) && event.body !== null ? JSON.parse(event.body) : null
    this.head = evolve(this.head, { ...event, body })
    this.check = event.check
    this.#remember(event, event.kind === "message.deleted" ? event.target : undefined)
  }

  #remember(event: Stored, erases: number | undefined): void {
    this.#recent.push(event)
    if (event.kind === "message.posted" && event.root === undefined && this.head.members.has(event.by)) {
      this.#posts.set(event.by, event.seq)
    }
    if (erases !== undefined) {
      this.#recent.erase(erases)
      this.#parcels.clear()
    }
  }

  // ------------------------------------------------------------ replay

  /** The stretch after a cursor, from memory; undefined when it must be read. The same object for all at that cursor. */
  parcel(after: number): RoomParcel | undefined {
    const known = this.#parcels.get(after)
    if (known && (known.to === this.head.seq || known.events.length === READ_MAX)) return known
    const events = this.#recent.after(after, READ_MAX)
    const last = events?.at(-1)
    if (!events || !last) return undefined
    const parcel = makeParcel(
      { room: this.id, epoch: this.epoch, after, to: last.seq, check: last.check },
      events,
    )
    if (this.#parcels.size >= PARCELS_MAX) this.#parcels.clear()
    this.#parcels.set(after, parcel)
    return parcel
  }

  /** The stretch after a cursor, from the log; those who ask for the same at once share one read. */
  read(after: number): Promise<RoomParcel> {
    const known = this.#reads.get(after)
    if (known !== undefined) return known
    const reading = this.#node.log
      .read(this.id, after, READ_MAX)
      .then((events) => {
        const last = events.at(-1)
        const end = last ? { to: last.seq, check: last.check } : { to: after, check: this.check }
        return makeParcel({ room: this.id, epoch: this.epoch, after, ...end }, events)
      })
      .finally(() => this.#reads.delete(after))
    this.#reads.set(after, reading)
    return reading
  }

  /** The chain at a seq, for a follower who resumes; undefined when there is no such seq. */
  async checkAt(seq: number): Promise<string | undefined> {
    if (seq === this.head.seq) return this.check
    if (seq === 0) return "0000000000000000"
    const near = this.#recent.get(seq)
    if (near) return near.check
    return (await this.#node.log.read(this.id, seq - 1, 1)).find((event) => event.seq === seq)?.check
  }
}

function emojiOf(command: Command): unknown {
  return (command.body as { readonly emoji?: unknown }).emoji
}

/** The same author and the same words: what a client sends when it did not hear the first answer. */
function isTwin(event: Stored, actor: Actor, command: Command): boolean {
  if (event.by !== actor.account || event.kind !== command.kind) return false
  if (event.body === null) return true
  const stored: Record<string, unknown> = JSON.parse(event.body)
  const sent = command.body as Record<string, unknown>
  return Object.entries(stored).every(([field, value]) => {
    const reference = field === "replyTo" || field === "root"
    return reference ? sent[field] !== undefined : JSON.stringify(sent[field]) === JSON.stringify(value)
  })
}

function importedEntry(
  message: Imported,
  batch: Batch,
  seqs: ReadonlyMap<Uuid, number>,
  headSeq: number,
): [Append["entries"][number], object] {
  const { id, at, by, text, style, replyTo } = message
  const answered = typeof replyTo === "string" ? (batch.get(replyTo)?.seq ?? seqs.get(replyTo)) : replyTo
  const replies = answered !== undefined && answered > 0 && answered <= headSeq + batch.entries.length
  const body = { text, ...(style && { style }), ...(replies && { replyTo: answered }) }
  return [
    { id, at, by, kind: "message.posted", body: JSON.stringify(body), ...(replies && { cites: answered }) },
    body,
  ]
}
