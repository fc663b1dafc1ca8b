import Type, { type Static } from "typebox"
import type { Head, HeadEvent, Member, RoomRole } from "../head.ts"
import { setWithout } from "../head.ts"
import type { Uuid } from "../ids.ts"
import { limits } from "../limits.ts"
import { type Actor, forbids, forbidsEntry, rankIn, roomRank } from "../policy.ts"
import { fitsBytes, isCleanLine } from "../text.ts"
import { type Checked, type Matter, RoleInRoom, refused, strict, UuidText, type Verdict } from "./matter.ts"

const MemberSelf = strict({})
const MemberOther = strict({ account: UuidText })
const MemberOut = strict({
  account: UuidText,
  reason: Type.Optional(Type.String({ maxLength: limits.reasonBytesMax })),
})
const MemberRole = strict({ account: UuidText, role: RoleInRoom })

type MemberSelf = Static<typeof MemberSelf>
type MemberOther = Static<typeof MemberOther>
type MemberOut = Static<typeof MemberOut>
type MemberRole = Static<typeof MemberRole>

function decideJoined(head: Head, actor: Actor, _command: Checked<MemberSelf>): Verdict {
  const no = forbidsEntry(head, actor)
  return no ? refused(no) : { kind: "member.joined", body: {} }
}

function decideLeft(head: Head, actor: Actor, _command: Checked<MemberSelf>): Verdict {
  const no = forbids(head, actor, "member.left")
  if (no) return refused(no)
  if (head.type !== "room") return refused("members-fixed")
  if (!head.members.has(actor.account)) return refused("not-a-member")
  return { kind: "member.left", body: {} }
}

function decideInvited(head: Head, actor: Actor, command: Checked<MemberOther>): Verdict {
  const no = forbids(head, actor, "member.invited")
  if (no) return refused(no)
  if (head.type !== "room") return refused("members-fixed")
  if (head.archived) return refused("archived")
  const { account } = command.body
  if (head.members.has(account)) return refused("already-member", "They are in this room already.")
  if (head.banned.has(account))
    return refused("banned", "They are banned from this room; lift the ban first.")
  if (head.invited.has(account)) return refused("already")
  if (head.invited.size >= limits.invitationsPerRoomMax)
    return refused("too-many", "Too many invitations are open; withdraw some first.")
  return { kind: "member.invited", body: { account } }
}

function decideOut(
  kind: "member.removed" | "member.banned",
  head: Head,
  actor: Actor,
  command: Checked<MemberOut>,
): Verdict {
  const no = forbids(head, actor, kind)
  if (no) return refused(no)
  if (head.type !== "room") return refused("members-fixed")
  const { account, reason } = command.body
  const member = head.members.get(account)
  if (kind === "member.removed" && !member && !head.invited.has(account))
    return refused("no-such-account", "They are not in this room.")
  if (kind === "member.banned" && head.banned.has(account)) return refused("already")
  if (member && !actor.system && roomRank(member.role) >= rankIn(head, actor))
    return refused("forbidden", "They stand as high as you do.")
  if (kind === "member.banned" && head.banned.size >= limits.bansPerRoomMax)
    return refused("too-many", "Too many people are banned; lift some bans first.")
  if (reason === undefined) return { kind, body: { account } }
  if (!fitsBytes(reason, limits.reasonBytesMax)) return refused("too-large")
  return isCleanLine(reason) ? { kind, body: { account, reason } } : refused("bad-text")
}

function decideUnbanned(head: Head, actor: Actor, command: Checked<MemberOther>): Verdict {
  const no = forbids(head, actor, "member.unbanned")
  if (no) return refused(no)
  if (head.type !== "room") return refused("members-fixed")
  const { account } = command.body
  return head.banned.has(account) ? { kind: "member.unbanned", body: { account } } : refused("already")
}

function decideRole(head: Head, actor: Actor, command: Checked<MemberRole>): Verdict {
  const { account, role } = command.body
  const stepsDown =
    account === actor.account && roomRank(role) < roomRank(head.members.get(account)?.role ?? "member")
  const no = forbids(head, actor, stepsDown ? "member.role of oneself" : "member.role")
  if (no) return refused(no)
  if (head.type !== "room") return refused("members-fixed")
  const member = head.members.get(account)
  if (!member) return refused("no-such-account", "They are not in this room.")
  if (member.role === role) return refused("already")
  const rank = actor.system ? Number.POSITIVE_INFINITY : rankIn(head, actor)
  // An owner may do everything, also to another owner; anyone else only below their own rank.
  const below = roomRank(role) < rank && roomRank(member.role) < rank
  if (!below && !stepsDown && rank < roomRank("owner")) return refused("forbidden")
  if (member.role === "owner" && !hasOtherOwner(head, account))
    return refused("forbidden", "A room keeps an owner; make someone else one first.")
  return { kind: "member.role", body: { account, role } }
}

function hasOtherOwner(head: Head, account: Uuid): boolean {
  for (const [one, { role }] of head.members) if (role === "owner" && one !== account) return true
  return false
}

/** The head with one more member, who is then neither invited nor gone nor banned. */
export function withMember(head: Head, account: Uuid, role: RoomRole, seq: number): Head {
  const from = head.history === "shared" ? head.sharedFrom : seq
  return {
    ...head,
    members: new Map(head.members).set(account, { role, joined: seq, from }),
    invited: setWithout(head.invited, account),
    banned: setWithout(head.banned, account),
    gone: goneWithout(head.gone, account),
  }
}

function goneWithout(gone: Head["gone"], account: Uuid): Head["gone"] {
  if (!gone.has(account)) return gone
  const rest = new Map(gone)
  rest.delete(account)
  return rest
}

/** The head without a member, or without an invitation. */
function without(head: Head, account: Uuid, event: HeadEvent): Head {
  const invited = setWithout(head.invited, account)
  const member = head.members.get(account)
  if (!member) return { ...head, invited }
  const members = new Map(head.members)
  members.delete(account)
  if (member.role === "owner") crown(members)
  const gone = new Map(head.gone).set(account, event.seq)
  for (const oldest of gone.keys()) {
    if (gone.size <= limits.departuresKeptPerRoomMax) break
    gone.delete(oldest)
  }
  return { ...head, members, invited, gone }
}

/** Where no owner is left, the highest of the members becomes one, and among equals the one who joined first. */
function crown(members: Map<Uuid, Member>): void {
  let heir: readonly [Uuid, Member] | undefined
  for (const [account, member] of members) {
    if (member.role === "owner") return
    if (!heir || standsBefore(member, heir[1])) heir = [account, member]
  }
  if (heir) members.set(heir[0], { ...heir[1], role: "owner" })
}

function standsBefore(one: Member, other: Member): boolean {
  return one.role === other.role ? one.joined < other.joined : roomRank(one.role) > roomRank(other.role)
}

function withRole(head: Head, { account, role }: MemberRole): Head {
  const known = head.members.get(account)
  return known ? { ...head, members: new Map(head.members).set(account, { ...known, role }) } : head
}

export const member = {
  "member.joined": {
    body: MemberSelf,
    decide: decideJoined,
    evolve: (head, event) => withMember(head, event.by, "member", event.seq),
  } satisfies Matter<MemberSelf>,
  "member.left": {
    body: MemberSelf,
    decide: decideLeft,
    evolve: (head, event) => without(head, event.by, event),
  } satisfies Matter<MemberSelf>,
  "member.invited": {
    body: MemberOther,
    decide: decideInvited,
    evolve: (head, event) => ({ ...head, invited: new Set(head.invited).add(event.body.account) }),
  } satisfies Matter<MemberOther>,
  "member.removed": {
    body: MemberOut,
    decide: (head, actor, command) => decideOut("member.removed", head, actor, command),
    evolve: (head, event) => without(head, event.body.account, event),
  } satisfies Matter<MemberOut>,
  "member.banned": {
    body: MemberOut,
    decide: (head, actor, command) => decideOut("member.banned", head, actor, command),
    evolve: (head, event) => ({
      ...without(head, event.body.account, event),
      banned: new Set(head.banned).add(event.body.account),
    }),
  } satisfies Matter<MemberOut>,
  "member.unbanned": {
    body: MemberOther,
    decide: decideUnbanned,
    evolve: (head, event) => ({ ...head, banned: setWithout(head.banned, event.body.account) }),
  } satisfies Matter<MemberOther>,
  "member.role": {
    body: MemberRole,
    decide: decideRole,
    evolve: (head, event) => withRole(head, event.body),
  } satisfies Matter<MemberRole>,
}
