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
  /** -1: not a member. */
  readonly room: number
  readonly head: Head
}

export function houseRank(role: HouseRole): number {
  return houseRoles.indexOf(role)
}

export function roomRank(role: RoomRole): number {
  return roomRoles.indexOf(role)
}

const MODERATOR = roomRank("moderator")
const OWNER = roomRank("owner")

/**
 * The rank with which an account acts in a room. Moderators of the house moderate its public rooms and its admins
 * own them, once they have joined; in private and direct rooms a role in the house gives nothing.
 */
export function rankIn(head: Head, actor: Actor): number {
  const member = head.members.get(actor.account)
  if (!member) return -1
  const own = roomRank(member.role)
  if (head.type !== "room" || head.visibility !== "public") return own
  if (houseRank(actor.role) >= houseRank("admin")) return OWNER
  if (houseRank(actor.role) >= houseRank("moderator")) return Math.max(own, MODERATOR)
  return own
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
  "member.joined": ({ house }) => house >= houseRank("guest"),
  "member.left": member,
  "member.invited": set("invite"),
  "member.removed": moderator,
  "member.banned": moderator,
  "member.unbanned": moderator,
  "member.role": moderator,
  "room.renamed": owner,
  "room.topic": set("topic"),
  "room.setting": owner,
  "room.visibility": owner,
  "room.history": owner,
  "room.archived": owner,
} as const satisfies Record<string, Rule>

export type Right = keyof typeof policy

/** Undefined when the actor may, else why not. Someone outside a room they may not see learns only that it is not there. */
export function forbids(head: Head, actor: Actor, right: Right): RefusalCode | undefined {
  if (actor.system) return undefined
  const standing = { house: houseRank(actor.role), room: rankIn(head, actor), head }
  if (standing.room < 0 && right !== "member.joined") return outside(head, actor.account)
  return policy[right](standing) ? undefined : "forbidden"
}

/** What someone who is not a member is told. */
export function outside(head: Head, account: Uuid): RefusalCode {
  const known =
    head.type === "room" &&
    (head.visibility === "public" || head.invited.has(account) || head.gone.has(account))
  return known ? "not-a-member" : "no-such-room"
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
