import type { Event } from "./event.ts"
import type { Uuid } from "./ids.ts"

/** Roles in the house, weakest first. */
export const houseRoles = ["guest", "member", "moderator", "admin", "owner"] as const
export type HouseRole = (typeof houseRoles)[number]

/** Roles in a room, weakest first. */
export const roomRoles = ["member", "voice", "moderator", "owner"] as const
export type RoomRole = (typeof roomRoles)[number]

export type RoomType = "room" | "direct" | "self" | "house"
export type Visibility = "public" | "private"
/** `shared`: members see the past from before they joined. `joined`: only what came after. */
export type History = "shared" | "joined"

export interface Member {
  readonly role: RoomRole
  /** The seq of the event that made them a member. */
  readonly joined: number
  /** They see events from this seq on. */
  readonly from: number
}

/**
 * The fold for judging: all that `decide` needs of a room, bounded by people and settings, never by history.
 * Immutable; a change of members copies the map of members, any other change only the object.
 */
export interface Head {
  readonly seq: number
  readonly at: number
  /** Null until `room.created`. */
  readonly type: RoomType | null
  readonly name: string
  readonly topic: string
  readonly visibility: Visibility
  readonly history: History
  /** Someone who joins now sees events from this seq on, where history is shared. */
  readonly sharedFrom: number
  readonly archived: boolean
  readonly members: ReadonlyMap<Uuid, Member>
  /** Those who left or were put out, and the seq of the event that did it: the last one they may see. */
  readonly gone: ReadonlyMap<Uuid, number>
  readonly banned: ReadonlySet<Uuid>
  readonly invited: ReadonlySet<Uuid>
  readonly settings: Readonly<RoomSettings>
  readonly pins: ReadonlySet<number>
}

export interface RoomSettings {
  /** Who may post: an announcement room takes `voice`. */
  readonly posting: RoomRole
  readonly topic: RoomRole
  readonly invite: RoomRole
  readonly pin: RoomRole
  /** The most members it takes. */
  readonly limit: number
}

export const emptyHead: Head = {
  seq: 0,
  at: 0,
  type: null,
  name: "",
  topic: "",
  visibility: "private",
  history: "shared",
  sharedFrom: 1,
  archived: false,
  members: new Map(),
  gone: new Map(),
  banned: new Set(),
  invited: new Set(),
  settings: { posting: "member", topic: "member", invite: "member", pin: "member", limit: 20_000 },
  pins: new Set(),
}

/** From which seq on an account sees this room, and up to which; undefined: nothing at all. */
export function sight(head: Head, account: Uuid): { readonly from: number; readonly to: number } | undefined {
  const member = head.members.get(account)
  return member ? { from: member.from, to: Number.POSITIVE_INFINITY } : undefined
}

/** Whether someone who sees from `from` on may see an event: itself and all it points at must lie within. */
export function isVisible(
  event: { readonly seq: number; readonly cites?: number | undefined },
  from: number,
): boolean {
  return event.seq >= from && (event.cites ?? event.seq) >= from
}

/** A head as JSON, for the snapshots a large room is loaded from. */
export function packHead(head: Head): string {
  return JSON.stringify({
    ...head,
    members: [...head.members],
    gone: [...head.gone],
    banned: [...head.banned],
    invited: [...head.invited],
    pins: [...head.pins],
  })
}

/** The reverse of `packHead`; it reads only what this server wrote and the chain vouches for. */
export function unpackHead(text: string): Head {
  const plain = JSON.parse(text)
  return {
    ...emptyHead,
    ...plain,
    members: new Map(plain.members),
    gone: new Map(plain.gone),
    banned: new Set(plain.banned),
    invited: new Set(plain.invited),
    pins: new Set(plain.pins),
  }
}

export type HeadEvent = Pick<Event, "seq" | "at" | "by" | "kind" | "target" | "body">
