import type { Event } from "../protocol/event.ts"
import type { RoomRole, RoomType, Visibility } from "../protocol/head.ts"
import type { Uuid } from "../protocol/ids.ts"
import type { Refusal } from "../protocol/refusals.ts"
import type { Shown } from "../protocol/timeline.ts"

// The answers of those requests that the sdk itself makes, as far as it uses them; the server's OpenAPI document has all.

/** Asks one of the server's requests; see `Requests.ask`. */
export type Ask = <Body>(name: string, input: unknown) => Promise<Body | Refusal>

/** `rooms.list`, `rooms.get`: a room one is in. */
export interface RoomTold {
  readonly standing: "member"
  readonly id: Uuid
  readonly type: RoomType
  readonly name: string
  readonly topic: string
  readonly visibility: Visibility
  readonly archived: boolean
  /** The place of its newest event when this was told. */
  readonly seq: number
  /** The place of the event that made one a member. */
  readonly joined: number
  /** How far one has read. */
  readonly mark: number
  /** 100 means 100 or more. */
  readonly unread: number
  readonly mentions: number
  /** Who is in it, where it is a direct room. */
  readonly accounts?: readonly Uuid[]
}

export interface RoomsTold {
  readonly rooms: readonly RoomTold[]
  readonly next?: string
}

/** How many undeleted messages a thread holds, and the place of its newest. */
export interface ThreadTold {
  readonly count: number
  readonly last: number
}

/** `messages.list`: all that is shown from..to, with the changes up to `asOf`. */
export interface PageTold {
  readonly messages: readonly (Shown & { readonly name?: string; readonly thread?: ThreadTold })[]
  readonly from: number
  readonly to: number
  readonly asOf: number
  /** Absent where there is nothing further in this direction. */
  readonly next?: string
}

/** `messages.changes`: what changed the messages of a kept page. */
export interface ChangesTold {
  readonly events: readonly Event[]
  readonly asOf: number
  readonly more: boolean
}

/** `members.list` */
export interface MembersTold {
  readonly members: readonly MemberTold[]
  readonly next?: string
}

export interface MemberTold {
  readonly account: Uuid
  readonly name: string
  readonly display: string
  readonly role: RoomRole
}

/** `people.known` */
export interface PeopleTold {
  readonly people: readonly { readonly id: Uuid; readonly name: string; readonly display: string }[]
}
