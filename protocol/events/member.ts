import Type, { type Static } from "typebox"
import type { Head, HeadEvent, RoomRole } from "../head.ts"
import type { Uuid } from "../ids.ts"
import { limits } from "../limits.ts"
import { type Actor, forbids, houseRank, rankIn, roomRank } from "../policy.ts"
import { isCleanText } from "../text.ts"
import { type Checked, type Matter, refused, UuidText, type Verdict } from "./matter.ts"

const strict = { additionalProperties: false }
const Reason = Type.Optional(Type.String({ maxLength: limits.reasonBytesMax }))
const Role = Type.Union([
  Type.Literal("member"),
  Type.Literal("voice"),
  Type.Literal("moderator"),
  Type.Literal("owner"),
])

export const MemberSelf = Type.Object({}, strict)
export const MemberOther = Type.Object({ account: UuidText }, strict)
export const MemberOut = Type.Object({ account: UuidText, reason: Reason }, strict)
export const MemberRole = Type.Object({ account: UuidText, role: Role }, strict)

export type MemberSelf = Static<typeof MemberSelf>
export type MemberOther = Static<typeof MemberOther>
export type MemberOut = Static<typeof MemberOut>
export type MemberRole = Static<typeof MemberRole>

function decideJoined(head: Head, actor: Actor, _command: Checked<MemberSelf>): Verdict {
  const no = forbids(head, actor, "member.joined")
  if (no) return refused(no)
  if (head.type === "direct") return refused("no-such-room")
  if (head.type !== "room") return refused("no-such-room")
  if (head.members.has(actor.account)) return refused("already-member")
  const invited = head.invited.has(actor.account)
  const open = head.visibility === "public" && houseRank(actor.role) >= houseRank("member")
  if (head.banned.has(actor.account)) return refused(open || invited ? "banned" : "no-such-room")
  if (!open && !invited && !actor.system) return refused("no-such-room")
  if (head.archived) return refused("archived")
  if (head.members.size >= head.settings.limit) return refused("room-full")
  return { kind: "member.joined", body: {} }
}

function decideLeft(head: Head, actor: Actor, _command: Checked<MemberSelf>): Verdict {
  const no = forbids(head, actor, "member.left")
  if (no) return refused(no)
  if (head.type === "direct") return refused("members-fixed")
  return { kind: "member.left", body: {} }
}

function decideInvited(head: Head, actor: Actor, command: Checked<MemberOther>): Verdict {
  const no = forbids(head, actor, "member.invited")
  if (no) return refused(no)
  if (head.type === "direct") return refused("members-fixed")
  if (head.archived) return refused("archived")
  const { account } = command.body
  if (head.members.has(account)) return refused("already-member")
  if (head.invited.has(account)) return refused("already")
  if (head.banned.has(account))
    return refused("banned", "They are banned from this room; lift the ban first.")
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
  if (head.type === "direct") return refused("members-fixed")
  const { account, reason } = command.body
  const member = head.members.get(account)
  if (kind === "member.removed" && !member && !head.invited.has(account))
    return refused("no-such-account", "They are not in this room.")
  if (kind === "member.banned" && head.banned.has(account)) return refused("already")
  if (member && !actor.system && roomRank(member.role) >= rankIn(head, actor))
    return refused("forbidden", "They stand as high as you do.")
  if (reason !== undefined && !isCleanText(reason, limits.reasonBytesMax)) return refused("bad-text")
  return { kind, body: reason === undefined ? { account } : { account, reason } }
}

function decideUnbanned(head: Head, actor: Actor, command: Checked<MemberOther>): Verdict {
  const no = forbids(head, actor, "member.unbanned")
  if (no) return refused(no)
  if (!head.banned.has(command.body.account)) return refused("already")
  return { kind: "member.unbanned", body: { account: command.body.account } }
}

function decideRole(head: Head, actor: Actor, command: Checked<MemberRole>): Verdict {
  const no = forbids(head, actor, "member.role")
  if (no) return refused(no)
  if (head.type === "direct") return refused("members-fixed")
  const { account, role } = command.body
  const member = head.members.get(account)
  if (!member) return refused("no-such-account", "They are not in this room.")
  if (member.role === role) return refused("already")
  const rank = actor.system ? Number.POSITIVE_INFINITY : rankIn(head, actor)
  const highest = roomRank("owner")
  // An owner may do everything, also to another owner; anyone else only below their own rank.
  if (rank < highest && (roomRank(role) >= rank || roomRank(member.role) >= rank)) return refused("forbidden")
  return { kind: "member.role", body: { account, role } }
}

/** The head with one more member. */
export function withMember(head: Head, account: Uuid, role: RoomRole, seq: number): Head {
  const members = new Map(head.members)
  members.set(account, { role, joined: seq, from: head.history === "shared" ? head.sharedFrom : seq })
  const invited = new Set(head.invited)
  invited.delete(account)
  const gone = new Map(head.gone)
  gone.delete(account)
  return { ...head, members, invited, gone }
}

function without(head: Head, account: Uuid, event: HeadEvent): Head {
  const invited = new Set(head.invited)
  invited.delete(account)
  if (!head.members.has(account)) return { ...head, invited }
  const members = new Map(head.members)
  members.delete(account)
  return { ...head, members, invited, gone: new Map(head.gone).set(account, event.seq) }
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
    evolve: (head, event) => ({
      ...head,
      banned: new Set([...head.banned].filter((one) => one !== event.body.account)),
    }),
  } satisfies Matter<MemberOther>,
  "member.role": {
    body: MemberRole,
    decide: decideRole,
    evolve: (head, event) => {
      const known = head.members.get(event.body.account)
      if (!known) return head
      return {
        ...head,
        members: new Map(head.members).set(event.body.account, { ...known, role: event.body.role }),
      }
    },
  } satisfies Matter<MemberRole>,
}
