import type { Uuid } from "./ids.ts"

/** One entry of a room's log, as clients see it. */
export interface Event<Kind extends string = string, Body = unknown> {
  /** Dense from 1 in its room; the only order there is. */
  readonly seq: number
  readonly id: Uuid
  /** Milliseconds since 1970; never decreases within a room. */
  readonly at: number
  /** The account that did it. */
  readonly by: Uuid
  readonly kind: Kind
  /** Null once the event was erased. */
  readonly body: Body | null
  /** Only on events that change another one of this room: its seq. */
  readonly target?: number
  /** Only where the body, which tells it otherwise, was erased: the thread the message stood in. */
  readonly root?: number
}

/** What a client asks to append. `target`, and a body's `replyTo` and `root`, may name a pending command by its id. */
export interface Command {
  readonly id: Uuid
  readonly kind: string
  readonly body: unknown
  readonly target?: number | Uuid
  /** The outbox's previous command in this room: while that is not in the log the answer is `not-yet`. */
  readonly prev?: Uuid
}

/** A judged command, ready for the log; references are seqs now. */
export interface Draft {
  readonly kind: string
  readonly body: object
  readonly target?: number
  /** The thread it belongs to: the seq of the message the thread grew from. */
  readonly root?: number
  /** The oldest seq it points at; who may not see that one may not see this. */
  readonly cites?: number
  /** The seq whose body and salt are blanked in the same transaction. */
  readonly erases?: number
}

/** What `decide` needs to know of an event that a command points at; the shell fetches it. */
export interface Cited {
  readonly seq: number
  readonly by: Uuid
  readonly kind: string
  readonly root?: number
  readonly cites?: number
  readonly erased: boolean
  /** For reaction commands: whether the actor has this very reaction on it now. */
  readonly reacted?: boolean
}

/** The cited events of one command by role; a missing one is not in the log. */
export interface Citations {
  readonly target?: Cited
  readonly replyTo?: Cited
  readonly root?: Cited
}
