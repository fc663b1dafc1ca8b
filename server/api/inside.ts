import type { Head, Member } from "../../protocol/head.ts"
import { isUuid, type Uuid } from "../../protocol/ids.ts"
import { type Actor, forbids, outside, type Right } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Account } from "../core/ports.ts"
import type { Api } from "./parts.ts"

/** A room, and the one who asks in it. */
export interface Inside {
  readonly room: Uuid
  readonly head: Head
  readonly member: Member
}

interface AskedIn {
  readonly api: Pick<Api, "rooms">
  readonly actor: Actor
}

/** The id of a room and its committed head. What is not there and what is hidden is told alike, by `outside`. */
export async function roomOf(
  { api: { rooms } }: Pick<AskedIn, "api">,
  ref: string,
): Promise<{ readonly room: Uuid; readonly head: Head } | Refusal> {
  const room = await rooms.resolve(ref)
  const head = room === undefined ? undefined : await rooms.head(room)
  return room === undefined || !head ? refuse("no-such-room") : { room, head }
}

/** A room that the one who asks is in; reading needs that, also in public rooms. */
export async function inside(asked: AskedIn, ref: string, right?: Right): Promise<Inside | Refusal> {
  const found = await roomOf(asked, ref)
  if (isRefusal(found)) return found
  const { room, head } = found
  const member = head.members.get(asked.actor.account)
  if (!member) return refuse(outside(head, asked.actor.account))
  const no = right === undefined ? undefined : forbids(head, asked.actor, right)
  return no ? refuse(no) : { room, head, member }
}

/**
 * Reads something of a room for one of its members, and judges again once it is read: whoever was removed meanwhile sees
 * nothing. What was read must still be held against the `member` that comes with it.
 */
export async function readInside<Found>(
  asked: AskedIn,
  ref: string,
  read: (inside: Inside) => Promise<Found>,
): Promise<{ readonly inside: Inside; readonly found: Found } | Refusal> {
  const before = await inside(asked, ref)
  if (isRefusal(before)) return before
  const found = await read(before)
  const after = await inside(asked, before.room)
  return isRefusal(after) ? after : { inside: after, found }
}

/** The account of an id or a name. */
export function accountOf({ api: { accounts } }: { readonly api: Pick<Api, "accounts"> }, ref: string) {
  const name = ref.startsWith("@") ? ref.slice(1) : ref
  const account: Account | undefined = isUuid(ref) ? accounts.account(ref) : accounts.named(name)
  return account ?? refuse("no-such-account")
}
