import type { Head, HouseRole, RoomRole } from "./head.ts"
import { houseRoles, roomRoles } from "./head.ts"
import type { Uuid } from "./ids.ts"
import type { RefusalCode } from "./refusals.ts"

/** Who acts. `system` is the server itself: projections, imports and the house's own events. */
export interface Actor {
  readonly account: Uuid
  readonly role: HouseRole
  readonly system?: true
}

/** Where an actor stands in one room, as far as the table below asks. */
interface Standing {
  readonly house: number
  /** The rank of their role in the room; -1: not a member. */
  readonly own: number
  /** The rank with which they act there. */
  readonly room: number
  readonly head: Head
}

export function houseRank(role: HouseRole): number {
  return houseRoles.indexOf(role)
}

export function roomRank(role: RoomRole): number {
  return roomRoles.indexOf(role)
}

const GUEST = houseRank("guest")
const HOUSE_MODERATOR = houseRank("moderator")
const HOUSE_ADMIN = houseRank("admin")
const MODERATOR = roomRank("moderator")
const OWNER = roomRank("owner")

/**
 * The rank with which an account acts in a room, -1 outside. Moderators of the house moderate its public rooms and its
 * admins own them, once they have joined; in private and direct rooms a role in the house gives nothing.
 */
export function rankIn(head: Head, actor: Actor): number {
  const member = head.members.get(actor.account)
  if (!member) return -1
  const own = roomRank(member.role)
  if (!isPublic(head)) return own
  if (houseRank(actor.role) >= HOUSE_ADMIN) return OWNER
  if (houseRank(actor.role) >= HOUSE_MODERATOR) return Math.max(own, MODERATOR)
  return own
}

function isPublic(head: Head): boolean {
  return head.type === "room" && head.visibility === "public"
}

type Rule = (standing: Standing) => boolean

const member: Rule = ({ room }) => room >= 0
const moderator: Rule = ({ room }) => room >= MODERATOR
const owner: Rule = ({ room }) => room >= OWNER
const set =
  (key: "posting" | "topic" | "invite" | "pin"): Rule =>
  ({ room, head }) =>
    room >= roomRank(head.settings[key])

/** Who may do what in a room, judged nowhere else. What depends on whose message it is stands in the matter's `decide`. */
export const policy = {
  "message.posted": set("posting"),
  "message.edited": member,
  "message.deleted": member,
  "message.deleted of others": moderator,
  "reaction.added": member,
  "reaction.removed": member,
  "pin.added": set("pin"),
  "pin.removed": set("pin"),
  "member.left": member,
  "member.invited": (standing) => set("invite")(standing) && standing.house > GUEST,
  "member.removed": moderator,
  "member.banned": moderator,
  "member.unbanned": moderator,
  "member.role": moderator,
  // Downwards.
  "member.role of oneself": member,
  "room.renamed": owner,
  "room.topic": set("topic"),
  "room.setting": owner,
  "room.visibility": owner,
  "room.history": owner,
  // Not for those who own the room by their role in the house: they would open to themselves what was said in private.
  "room.history of the past": ({ own }) => own >= OWNER,
  "room.archived": owner,
} as const satisfies Record<string, Rule>

export type Right = keyof typeof policy

/** Undefined when the actor may, else why not. Someone outside a room they may not see learns only that it is not there. */
export function forbids(head: Head, actor: Actor, right: Right): RefusalCode | undefined {
  if (head.type === null) return "no-such-room"
  if (actor.system) return undefined
  const known = head.members.get(actor.account)
  if (!known) return outside(head, actor.account)
  // What happened to an account and to the house is written by the server alone.
  if (head.type === "self" || head.type === "house") return "forbidden"
  const standing = {
    house: houseRank(actor.role),
    own: roomRank(known.role),
    room: rankIn(head, actor),
    head,
  }
  return policy[right](standing) ? undefined : "forbidden"
}

/** What someone who is not a member is told. */
export function outside(head: Head, account: Uuid): RefusalCode {
  const knows =
    isPublic(head) || (head.type === "room" && (head.invited.has(account) || head.gone.has(account)))
  if (!knows) return "no-such-room"
  return head.banned.has(account) ? "banned" : "not-a-member"
}

/**
 * Undefined when someone may come in, else why not. Guests of the house need an invitation everywhere; nothing keeps
 * its moderators out of a public room, which somebody must be able to put right.
 */
export function forbidsEntry(head: Head, actor: Actor): RefusalCode | undefined {
  if (head.members.has(actor.account)) return "already-member"
  if (head.type !== "room") return "no-such-room"
  const house = houseRank(actor.role)
  if (isPublic(head) && house >= HOUSE_MODERATOR) return undefined
  const told = outside(head, actor.account)
  if (head.banned.has(actor.account)) return actor.system ? "banned" : told
  const open = isPublic(head) && house > GUEST
  if (!open && !head.invited.has(actor.account) && !actor.system) {
    return told === "no-such-room" ? told : "invitation-needed"
  }
  if (head.archived) return "archived"
  return head.members.size >= head.settings.limit ? "room-full" : undefined
}

/** What may be asked of the whole house, by the weakest role that may. */
export const houseRights = {
  "room.create": "member",
  "direct.open": "member",
  "invitation.create": "member",
  "people.see": "guest",
  "account.reset": "admin",
  "house.role": "admin",
  "house.ban": "moderator",
  "house.setting": "admin",
  "house.revocation": "admin",
  "house.read": "admin",
} as const satisfies Record<string, HouseRole>

export type HouseRight = keyof typeof houseRights

/** Whether a role in the house is enough for something. */
export function mayInHouse(role: HouseRole, right: HouseRight): boolean {
  return houseRank(role) >= houseRank(houseRights[right])
}
