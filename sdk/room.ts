import type { Event } from "../protocol/event.ts"
import type { RoomHead } from "../protocol/frames.ts"
import type { RoomRole } from "../protocol/head.ts"
import type { Uuid } from "../protocol/ids.ts"
import { refuse } from "../protocol/refusals.ts"
import { type Message, type Shown, show } from "../protocol/timeline.ts"
import type { Ask, MemberTold, PageTold, RoomTold, ThreadTold } from "./calls.ts"
import { type Card, cardOf, dealt, membersOf } from "./card.ts"
import { type Pending, postOf, type Said, type Saying, type SayOptions } from "./commands.ts"
import { Emitter } from "./emitter.ts"
import { Members } from "./members.ts"
import { type Loaded, Pages, threadsOf } from "./pages.ts"
import type { Stop } from "./ports.ts"
import type { Replica } from "./replica.ts"
import type { Page } from "./scroll.ts"
import { openThread, type Thread } from "./thread.ts"
import { Unread } from "./unread.ts"

/** What can be heard of a room. */
interface RoomWords {
  /** These shown things were made or changed; without a list, everything may have. */
  change: { readonly seqs?: readonly number[] }
  /** A message that is news: none of those that were in the log before the room was taken up. */
  message: Message
  /** Every event that arrives, in order. */
  event: Event
  /** What is on its way has changed. */
  pending: readonly Pending[]
  /** Who types, but us. */
  typing: readonly Uuid[]
  /** The name, the topic, who is in it, whether we are, or what is unread. */
  about: Room
}

/** What a room asks of the client it belongs to. */
export interface RoomHost {
  me(): Uuid | undefined
  ask: Ask
  say(room: string, saying: Saying): Said
  pending(room: string): readonly Pending[]
  discard(id: Uuid): void
  type(room: Uuid, on: boolean): void
  typists(room: Uuid): readonly Uuid[]
  /** We have read up to a seq. */
  mark(room: Uuid, seq: number): void
  /** What is known to be unread may be wrong. */
  stale(room: Uuid): void
  /** The names of accounts were told. */
  met(people: readonly { readonly id: Uuid; readonly name: string }[]): void
}

/** One room: what is shown of it, what is on its way into it, and what can be done in it. */
export class Room {
  readonly #host: RoomHost
  readonly #words = new Emitter<RoomWords>()
  /** The name it was asked for by, until the server tells. */
  readonly #name: string
  #ref: string
  /** The log as it has arrived; undefined until the room's id is known and we are in it. */
  replica: Replica | undefined
  card: Card | undefined
  /** Whether we are in it, as far as is known. */
  isMember = false
  /** Messages behind this seq are news. */
  newsAfter = 0
  readonly #unread = new Unread()
  #pages: Pages | undefined
  /** What was shown before so much was missed that the log was begun again. */
  #kept: Page | undefined
  #members: Members | undefined

  constructor(ref: string, host: RoomHost) {
    this.#ref = ref
    this.#name = ref
    this.#host = host
  }

  on<Word extends keyof RoomWords>(word: Word, hear: (value: RoomWords[Word]) => void): Stop {
    return this.#words.on(word, hear)
  }

  /** The room's id; its name as long as the id is not known. */
  get ref(): string {
    return this.#ref
  }

  /** "" for a direct room. */
  get name(): string {
    return this.card?.name ?? this.#name
  }

  // ------------------------------------------------------------ reading

  /** What is shown, ascending: all that is loaded up to now. The same array until it changes. */
  get messages(): readonly Shown[] {
    return this.replica?.scroll.list() ?? []
  }

  /** What is loaded around a seq, without a hole: for who looks at a place that the end has not been joined to. */
  messagesAt(seq: number): readonly Shown[] {
    return this.replica?.scroll.list(seq) ?? []
  }

  /** Loads a page before what `messages` holds, or `messagesAt(at)`. */
  async older(at?: number): Promise<Loaded> {
    return (await this.#pages?.older(at)) ?? { more: true }
  }

  /** Loads a page behind what `messagesAt(at)` holds. */
  async newer(at: number): Promise<Loaded> {
    return (await this.#pages?.newer(at)) ?? { more: false }
  }

  /** Loads a page with `seq` in its middle, for `messagesAt`. */
  async around(seq: number): Promise<Loaded> {
    return (await this.#pages?.around(seq)) ?? refuse("not-a-member")
  }

  /** Says what is on the screen, so that it is the last to be forgotten; without a seq: the end. */
  look(seq?: number): void {
    if (this.replica) this.replica.focus = seq
  }

  /** Begins to look at the thread that grows from a message; undefined before the room is loaded. */
  thread(root: number): Thread | undefined {
    return (
      this.replica &&
      this.#pages &&
      openThread(root, this.replica, this.#pages, (saying) => this.submit(saying))
    )
  }

  /** How large the thread is that grows from a message; undefined where there is none. */
  threadOf(root: number): ThreadTold | undefined {
    return this.replica?.counts.get(root)
  }

  /** Messages of others that were not read; 100 means 100 or more. Right only with the option `counts`. */
  get unread(): number {
    const { scroll } = this.replica ?? {}
    return this.#unread.count(scroll?.stretch(), scroll?.list() ?? [], this.#host.me())
  }

  /** Of all that was not read, what calls us; 100 means 100 or more. Right only with the option `counts`. */
  get mentions(): number {
    return this.#unread.mentions
  }

  /** What is not behind this seq is read. */
  get readUpTo(): number {
    return this.#unread.after
  }

  /** We have read up to `upTo`; without it, all there is. */
  read(upTo = Number.POSITIVE_INFINITY): void {
    const seq = Math.min(upTo, this.replica?.place?.cursor ?? 0)
    if (!this.replica || seq <= this.#unread.after) return
    this.#host.mark(this.replica.room, seq)
    this.marked(seq)
  }

  /** Who is in the room, as far as `loadMembers` has been told. */
  get members(): ReadonlyMap<Uuid, RoomRole> {
    return this.#members?.roles ?? new Map()
  }

  /** Asks for the next few hundred members; from then on they are kept up. */
  async loadMembers(): Promise<Loaded> {
    const loaded = (await this.#members?.load()) ?? refuse("not-a-member")
    this.tell("about", this)
    return loaded
  }

  /** What is on its way into the room, and what failed on its way. */
  get pending(): readonly Pending[] {
    return this.#host.pending(this.#ref)
  }

  /** Who types, but us. */
  get typists(): readonly Uuid[] {
    return this.#host.typists(this.#ref)
  }

  // ------------------------------------------------------------ doing

  /** We type, or with `false` have stopped. Call it with every key. */
  type(on = true): void {
    if (this.replica) this.#host.type(this.replica.room, on)
  }

  /** Goes in. What is said after it waits for it. */
  join(): Said {
    const said = this.submit({ kind: "member.joined", body: {} })
    const settled = said.settled.then((answer) => {
      // Being in already is what was asked for.
      if ("code" in answer && answer.code === "already-member") this.#host.discard(said.id)
      return answer
    })
    return { id: said.id, settled }
  }

  leave(): Said {
    return this.submit({ kind: "member.left", body: {} })
  }

  say(text: string, options?: SayOptions): Said {
    return this.submit(postOf(text, options))
  }

  /** `target` is the message's seq, or its id while it is pending. */
  edit(target: number | Uuid, text: string): Said {
    return this.submit({ kind: "message.edited", body: { text }, target })
  }

  delete(target: number | Uuid): Said {
    return this.submit({ kind: "message.deleted", body: {}, target })
  }

  react(target: number | Uuid, emoji: string): Said {
    return this.submit({ kind: "reaction.added", body: { emoji }, target })
  }

  unreact(target: number | Uuid, emoji: string): Said {
    return this.submit({ kind: "reaction.removed", body: { emoji }, target })
  }

  /** Any other command: pins, members, roles, settings. */
  submit(saying: Saying): Said {
    return this.#host.say(this.#ref, saying)
  }

  // ------------------------------------------------------------ for the client

  /** The room is known by its id now. */
  known(id: Uuid): void {
    this.#ref = id
  }

  /** The room's log is followed from now on. */
  opened(replica: Replica): void {
    const { room } = replica
    this.replica = replica
    this.#pages = new Pages(replica, this.#host.ask, (page, seqs) => this.#took(page, seqs))
    this.#members = new Members(room, this.#host.ask, (people) => this.#met(people))
  }

  entered(head: RoomHead): void {
    this.card = cardOf(head, this.card)
    this.isMember = true
    this.tell("about", this)
  }

  outside(): void {
    if (!this.isMember) return
    this.isMember = false
    this.tell("about", this)
  }

  /** The server's word on what the log does not tell. */
  told(told: RoomTold): void {
    const { type, name, topic, visibility, archived, accounts } = told
    const isNew = told.seq >= (this.replica?.place?.cursor ?? 0) || this.card?.topic === undefined
    if (isNew) this.card = { type, name, visibility, topic, archived, ...(accounts && { accounts }) }
    this.#unread.tell(told)
    this.tell("about", this)
  }

  /** Our mark stands here: told by another of our devices. */
  marked(seq: number): void {
    this.#unread.mark(seq)
    this.#checkUnread()
    this.tell("about", this)
  }

  /** The self log says that a message of this room calls us. */
  called(seq: number): void {
    this.#unread.called(seq)
    this.#checkUnread()
    this.tell("about", this)
  }

  /** So much was missed that the log begins again; what was shown comes back when that has begun. */
  leapt(): void {
    this.#kept = this.replica?.leap()
  }

  /** What follows from events that have been taken in, for those who listen. */
  applied(events: readonly Event[], changed: readonly number[]): void {
    let isAbout = false
    for (const event of events) {
      const card = this.card && dealt(this.card, event)
      if (card !== this.card || this.#members?.arrived(event)) isAbout = true
      this.card = card
      for (const [account, role] of membersOf(event))
        if (account === this.#host.me()) this.isMember = role !== null
      this.#unread.arrived(event, this.#host.me())
      this.tell("event", event)
      const shown = event.kind === "message.posted" && event.seq > this.newsAfter && show(undefined, event)
      if (shown && shown.type === "message" && !shown.deleted) this.tell("message", shown)
    }
    this.#checkUnread()
    if (this.#kept) void this.#pages?.refresh(this.#kept)
    this.#kept = undefined
    if (changed.length > 0) this.tell("change", { seqs: changed })
    if (isAbout) this.tell("about", this)
  }

  /** What is on its way has changed; with much on its way, listing it is worth it only for somebody. */
  said(): void {
    if (this.#words.has("pending")) this.tell("pending", this.pending)
  }

  tell<Word extends keyof RoomWords>(word: Word, value: RoomWords[Word]): void {
    this.#words.tell(word, value)
  }

  // ------------------------------------------------------------

  #checkUnread(): void {
    if (this.#unread.isStale && this.replica) this.#host.stale(this.replica.room)
  }

  #took(page: PageTold | undefined, seqs: readonly number[]): void {
    if (page) {
      this.replica?.counts.tell(threadsOf(page), page.asOf)
      this.#host.met(page.messages.flatMap(({ by, name }) => (name === undefined ? [] : [{ id: by, name }])))
    }
    this.tell("change", { seqs })
  }

  #met(people: readonly MemberTold[]): void {
    this.#host.met(people.map(({ account, name }) => ({ id: account, name })))
  }
}
