import type { Event } from "./event.ts"
import type { Uuid } from "./ids.ts"
import { limits } from "./limits.ts"

/** Roles in the house, weakest first. */
export const houseRoles = ["guest", "member", "moderator", "admin", "owner"] as const
export type HouseRole = (typeof houseRoles)[number]

/** Roles in a room, weakest first. */
export const roomRoles = ["member", "voice", "moderator", "owner"] as const
export type RoomRole = (typeof roomRoles)[number]

/** The sorts of log: rooms, direct rooms, what happened to an account, what happened to the house. */
export const roomTypes = ["room", "direct", "self", "house"] as const
export type RoomType = (typeof roomTypes)[number]

export const visibilities = ["public", "private"] as const
export type Visibility = (typeof visibilities)[number]

/** `shared`: members see the past from before they joined. `joined`: only what came after. */
export const histories = ["shared", "joined"] as const
export type History = (typeof histories)[number]

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
  /** Where history is shared: who joins now sees events from this seq on. */
  readonly sharedFrom: number
  readonly archived: boolean
  readonly members: ReadonlyMap<Uuid, Member>
  /**
   * Those who left or were put out, and the seq of the event that did it: the last one they may see. Oldest first; only
   * the newest `departuresKeptPerRoomMax` are kept.
   */
  readonly gone: ReadonlyMap<Uuid, number>
  readonly banned: ReadonlySet<Uuid>
  readonly invited: ReadonlySet<Uuid>
  readonly settings: Readonly<RoomSettings>
  readonly pins: ReadonlySet<number>
}

interface RoomSettings {
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
  settings: {
    posting: "member",
    topic: "member",
    invite: "member",
    pin: "member",
    limit: limits.membersPerRoomMax,
  },
  pins: new Set(),
}

/** Whether someone who sees from `from` on may see an event: itself and all it points at must lie within. */
export function isVisible(
  event: { readonly seq: number; readonly cites?: number | undefined },
  from: number,
): boolean {
  return event.seq >= from && (event.cites ?? event.seq) >= from
}

/** A set without an item; the same set when it is not in it. */
export function setWithout<Item>(set: ReadonlySet<Item>, item: Item): ReadonlySet<Item> {
  if (!set.has(item)) return set
  const rest = new Set(set)
  rest.delete(item)
  return rest
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
