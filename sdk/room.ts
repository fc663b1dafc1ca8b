import type { Event } from "../protocol/event.ts"
import type { RoomHead } from "../protocol/frames.ts"
import type { Uuid } from "../protocol/ids.ts"
import { type Message, type Shown, show } from "../protocol/timeline.ts"
import { type Card, cardOf, dealt, membersOf } from "./card.ts"
import { Emitter } from "./emitter.ts"
import type { Pending, Said, Saying } from "./outbox.ts"
import type { Stop } from "./ports.ts"
import type { Replica } from "./replica.ts"

/** What can be heard of a room. */
export interface RoomWords {
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
  /** The name, the topic, who is in it, or whether we are. */
  about: Room
}

/** What a room asks of the client it belongs to. */
export interface RoomHost {
  say(room: string, saying: Saying): Said
  pending(room: string): readonly Pending[]
  discard(id: Uuid): void
  type(room: Uuid, on: boolean): void
  typists(room: Uuid): readonly Uuid[]
  me(): Uuid | undefined
}

export interface SayOptions {
  /** `action` is `/me`; `notice` asks for no automatic answer. */
  readonly style?: "action" | "notice"
  /** The message it answers: its seq, or the id of a pending one. */
  readonly replyTo?: number | Uuid
  /** The message its thread grows from. */
  readonly root?: number | Uuid
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

  get name(): string {
    return this.card?.name ?? this.#name
  }

  /** What is shown, ascending: everything that is loaded up to now. The same array until it changes. */
  get messages(): readonly Shown[] {
    return this.replica?.scroll.list() ?? []
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

  say(text: string, options: SayOptions = {}): Said {
    return this.submit({ kind: "message.posted", body: { text, ...options } })
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

  /** What follows from events that have been taken in, for those who listen. */
  applied(events: readonly Event[], changed: readonly number[]): void {
    let isAbout = false
    for (const event of events) {
      const card = this.card && dealt(this.card, event)
      const members = membersOf(event)
      if (card !== this.card || members.length > 0) isAbout = true
      this.card = card
      for (const [account, role] of members) if (account === this.#host.me()) this.isMember = role !== null
      this.tell("event", event)
      const shown = event.kind === "message.posted" && event.seq > this.newsAfter && show(undefined, event)
      if (shown && shown.type === "message" && !shown.deleted) this.tell("message", shown)
    }
    if (changed.length > 0) this.tell("change", { seqs: changed })
    if (isAbout) this.tell("about", this)
  }

  tell<Word extends keyof RoomWords>(word: Word, value: RoomWords[Word]): void {
    this.#words.tell(word, value)
  }
}
