import Type from "typebox"
import { RoleInRoom, UuidText } from "../../protocol/events/matter.ts"
import type { Member as Standing } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import { append } from "./append.ts"
import { instead, type Signed, signedIn } from "./handler.ts"
import { accountOf, inside } from "./inside.ts"
import { limitOf, pageOf } from "./paging.ts"
import { AccountRef, Appended, Limit, Member, Next, nextPage, RoomRef } from "./shapes.ts"

const MEMBERS_MAX = 500

const Reason = Type.Optional(Type.String({ maxLength: limits.reasonBytesMax }))

/** Who is in a room. */
export const members = [
  signedIn({
    name: "members.list",
    at: "GET /rooms/{room}/members",
    about: "Lists who is in a room, in the order of joining.",
    input: { room: RoomRef, limit: Limit, next: Next },
    output: Type.Object({ members: Type.Array(Member), ...nextPage }),
    run: async (asked, { room: ref, limit, next }) => {
      const found = await inside(asked, ref)
      if (isRefusal(found)) return found
      const { room, head } = found
      const { page, ...more } = pageOf(
        head.members,
        past(next),
        limitOf(limit, MEMBERS_MAX),
        ([account, { joined }]) => `${joined}:${account}`,
      )
      return { members: page.map(([account, standing]) => memberOf(asked, room, account, standing)), ...more }
    },
  }),
  signedIn({
    name: "members.join",
    at: "POST /rooms/{room}/members",
    about: "Joins a room: a public one, or one to which one is invited. 200 where one is in it already.",
    input: { room: RoomRef },
    output: Member,
    status: [201, 200],
    run: async (asked, { room: ref }) => {
      const joined = await append(asked, ref, { kind: "member.joined", body: {} })
      const isIn = isRefusal(joined) && joined.code === "already-member"
      if (isRefusal(joined) && !isIn) return joined
      const found = await inside(asked, ref)
      if (isRefusal(found)) return found
      const member = memberOf(asked, found.room, asked.who.id, found.member)
      return isIn ? instead(200, member) : member
    },
  }),
  signedIn({
    name: "members.leave",
    at: "DELETE /rooms/{room}/members/me",
    about: "Leaves a room.",
    input: { room: RoomRef },
    output: Appended,
    run: (asked, { room }) => append(asked, room, { kind: "member.left", body: {} }),
  }),
  signedIn({
    name: "members.remove",
    at: "DELETE /rooms/{room}/members/{account}",
    about: "Puts somebody out of a room; they may come back. Oneself: leaves.",
    input: { room: RoomRef, account: AccountRef, reason: Reason },
    output: Appended,
    run: (asked, { room, account, reason }) =>
      of(asked, account, (target) =>
        target === asked.who.id
          ? append(asked, room, { kind: "member.left", body: {} })
          : putOut(asked, room, target, reason),
      ),
  }),
  signedIn({
    name: "members.role",
    at: "PUT /rooms/{room}/members/{account}/role",
    about: "Gives somebody another role in a room.",
    input: { room: RoomRef, account: AccountRef, role: RoleInRoom },
    output: Appended,
    run: (asked, { room, account, role }) =>
      of(asked, account, (target) =>
        append(asked, room, { kind: "member.role", body: { account: target, role } }),
      ),
  }),
  signedIn({
    name: "members.invite",
    at: "POST /rooms/{room}/invitations",
    about: "Invites somebody into a room.",
    input: { room: RoomRef, account: AccountRef },
    output: Appended,
    status: [201],
    run: (asked, { room, account }) =>
      of(asked, account, (target) =>
        append(asked, room, { kind: "member.invited", body: { account: target } }),
      ),
  }),
  signedIn({
    name: "members.invited",
    at: "GET /rooms/{room}/invitations",
    about: "Lists who is invited into a room and has not come yet.",
    input: { room: RoomRef, limit: Limit, next: Next },
    output: Type.Object({ accounts: Type.Array(UuidText), ...nextPage }),
    run: async (asked, { room, limit, next }) => {
      const found = await inside(asked, room)
      return isRefusal(found) ? found : idPage(found.head.invited, limit, next)
    },
  }),
  signedIn({
    name: "members.uninvite",
    at: "DELETE /rooms/{room}/invitations/{account}",
    about: "Takes an invitation into a room back.",
    input: { room: RoomRef, account: AccountRef, reason: Reason },
    output: Appended,
    run: async (asked, { room, account, reason }) => {
      const found = await inside(asked, room)
      if (isRefusal(found)) return found
      return of(asked, account, (target) =>
        found.head.members.has(target)
          ? Promise.resolve(refuse("already-member", "They have come in already."))
          : putOut(asked, room, target, reason),
      )
    },
  }),
  signedIn({
    name: "bans.list",
    at: "GET /rooms/{room}/bans",
    about: "Lists who is banned from a room, for those who may ban.",
    input: { room: RoomRef, limit: Limit, next: Next },
    output: Type.Object({ accounts: Type.Array(UuidText), ...nextPage }),
    run: async (asked, { room, limit, next }) => {
      const found = await inside(asked, room, "member.banned")
      return isRefusal(found) ? found : idPage(found.head.banned, limit, next)
    },
  }),
  signedIn({
    name: "bans.add",
    at: "PUT /rooms/{room}/bans/{account}",
    about: "Bans somebody from a room, whether they are in it or not.",
    input: { room: RoomRef, account: AccountRef, reason: Reason },
    output: Appended,
    run: (asked, { room, account, reason }) =>
      of(asked, account, (target) =>
        append(asked, room, {
          kind: "member.banned",
          body: { account: target, ...(reason !== undefined && { reason }) },
        }),
      ),
  }),
  signedIn({
    name: "bans.remove",
    at: "DELETE /rooms/{room}/bans/{account}",
    about: "Lifts a ban.",
    input: { room: RoomRef, account: AccountRef },
    output: Appended,
    run: (asked, { room, account }) =>
      of(asked, account, (target) =>
        append(asked, room, { kind: "member.unbanned", body: { account: target } }),
      ),
  }),
]

/** The account of a ref, and what to do with it. */
function of(asked: Signed, ref: string, work: (account: Uuid) => ReturnType<typeof append>) {
  const account = accountOf(asked, ref)
  return isRefusal(account) ? Promise.resolve(account) : work(account.id)
}

function memberOf({ api }: Signed, room: Uuid, account: Uuid, { role, joined }: Standing) {
  const { name = "", display = "" } = api.accounts.account(account) ?? {}
  return { room, account, name, display, role, joined }
}

/** Members stand in the order of joining; those a room began with joined together, in the order of the list. */
function past(next: string | undefined): (member: readonly [Uuid, Standing]) => boolean {
  if (next === undefined) return () => true
  const [joined, account] = next.split(":")
  let isBehind = false
  return ([id, standing]) => {
    if (isBehind || standing.joined > Number(joined)) return true
    isBehind = id === account
    return false
  }
}

function idPage(ids: Iterable<Uuid>, limit: number | undefined, next: string | undefined) {
  const { page, ...more } = pageOf(
    [...ids].sort(),
    (id) => next === undefined || id > next,
    limitOf(limit, MEMBERS_MAX),
    (id) => id,
  )
  return { accounts: page, ...more }
}

/** Ends somebody's membership, or their invitation. */
function putOut(asked: Signed, room: string, account: Uuid, reason: string | undefined) {
  return append(asked, room, {
    kind: "member.removed",
    body: { account, ...(reason !== undefined && { reason }) },
  })
}
