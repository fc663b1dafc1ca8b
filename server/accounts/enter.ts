import type { Hello } from "../../protocol/frames.ts"
import { limits } from "../../protocol/limits.ts"
import { foldName } from "../../protocol/names.ts"
import { forbids } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import { fitsBytes } from "../../protocol/text.ts"
import type { Entered, InvitationTable, Origin } from "../core/ports.ts"
import type { Entry } from "./directory.ts"
import { actorOf, type Ground, newId, stored } from "./ground.ts"
import type { Attempt } from "./guard.ts"
import { invitationOf, roleFor } from "./invitations.ts"
import { networkOf } from "./networks.ts"
import { makeAccount, refuseName } from "./newcomers.ts"
import { systemActor, tellSelf } from "./self.ts"
import type { Prepared } from "./sessions.ts"
import { refuseWeak } from "./weak.ts"

type Claim = Omit<Hello, "type" | "version">

/** Judges a hello: a token, a name and password, or a registration, in this order. */
export function enter(ground: Ground, claim: Claim, from: Origin): Promise<Entered | Refusal> {
  return stored(() => judged(ground, claim, from))
}

async function judged(ground: Ground, claim: Claim, from: Origin): Promise<Entered | Refusal> {
  const { name, password } = claim
  const token = claim.token ?? (name === undefined ? from.token : undefined)
  if (token !== undefined) {
    const who = await ground.sessions.find(token)
    return who ? { who } : refuse("session-ended")
  }
  if (name === undefined || password === undefined) return refuse("sign-in-first")
  return claim.register === true
    ? register(ground, { ...claim, name, password }, from)
    : signIn(ground, { ...claim, name, password }, from)
}

interface Named {
  readonly name: string
  readonly password: string
  readonly client?: string | undefined
  readonly invite?: string | undefined
}

// ---------------------------------------------------------------- signing in

async function signIn(ground: Ground, claim: Named, from: Origin): Promise<Entered | Refusal> {
  const { hasher, directory, records } = ground
  const fold = foldName(claim.name)
  const attempt = await begin(ground, fold, from)
  if ("code" in attempt) return attempt
  const row = await records.db.selectFrom("account").selectAll().where("fold", "=", fold).executeTakeFirst()
  const right = await verified(ground, claim.password, row?.password ?? null)
  if (right !== true) {
    if (right !== false) attempt.withdrawn()
    return right === false ? refuse("wrong-password") : right
  }
  attempt.succeeded()
  if (!row?.password) return refuse("wrong-password")
  // Another node may have made it.
  const entry = directory.entry(row.id) ?? directory.take(row)
  if (entry.banned) return refuse("banned")
  const hash = hasher.outdated(row.password)
    ? await renewed(ground, entry, claim.password, row.password)
    : row.password
  return begun(ground, entry, claim.client, from, hash)
}

/**
 * Asks the guard. What it asks the store is the same for every name, and so is the time that takes: a name nobody has
 * is told by nothing.
 */
export async function begin(
  { guard, records }: Ground,
  fold: string,
  from: Origin,
): Promise<Attempt | Refusal> {
  const network = networkOf(from.address)
  const rows = await records.db
    .selectFrom("session")
    .innerJoin("account", "account.id", "session.account")
    .select("session.address")
    .where("account.fold", "=", fold)
    .execute()
  const known = rows.some((row) => networkOf(row.address) === network)
  const attempt = guard.attempt({ account: fold.slice(0, limits.accountNameCharsMax * 4), network, known })
  return "waitMs" in attempt ? refuse("too-fast", TOO_MANY_TRIES, attempt.waitMs) : attempt
}

const TOO_MANY_TRIES = "Too many wrong passwords; wait a little and try again."

export async function verified(
  { hasher }: Ground,
  password: string,
  hash: string | null,
): Promise<boolean | Refusal> {
  const isPossible = password !== "" && fitsBytes(password, limits.passwordBytesMax)
  return isPossible ? hasher.verify(password, hash) : false
}

/** The password hashed anew with the parameters of today; where that is not possible now the old hash stays. */
async function renewed(
  { hasher, records }: Ground,
  entry: Entry,
  password: string,
  old: string,
): Promise<string> {
  const hash = await hasher.hash(password)
  if (typeof hash !== "string") return old
  const row = await records.db
    .updateTable("account")
    .set({ password: hash })
    .where("id", "=", entry.account.id)
    .where("password", "=", old)
    .returning("id")
    .executeTakeFirst()
  return row ? hash : old
}

/** Begins a session of an account whose password has this hash. */
export async function begun(
  ground: Ground,
  entry: Entry,
  client: string | undefined,
  from: Origin,
  password: string,
): Promise<Entered | Refusal> {
  const session = ground.sessions.prepare(entry.account.id, client, from)
  const made = await ground.sessions.inserting(session, password).returning("id").executeTakeFirst()
  if (!made) return whyNot(ground, entry)
  return admitted(ground, entry, session)
}

/** Another node, or another device, was faster. */
async function whyNot({ records }: Ground, { account }: Entry): Promise<Refusal> {
  const row = await records.db
    .selectFrom("account")
    .select("banned")
    .where("id", "=", account.id)
    .executeTakeFirst()
  return refuse(row?.banned ? "banned" : "wrong-password")
}

/** Lets a written session in, and tells the account's self log of it. */
export async function admitted(ground: Ground, entry: Entry, session: Prepared): Promise<Entered | Refusal> {
  const { world, rooms, sessions, house, limits } = ground
  const entered = await sessions.admit(session)
  if (isRefusal(entered)) return entered
  const account = entry.account.id
  const surplus = entry.sessions.length - limits.sessionsPerAccountMax
  const idlest = entry.sessions
    .filter(({ id }) => id !== session.row.id)
    .sort((one, other) => one.seenAt - other.seenAt)
  for (const { id } of idlest.slice(0, Math.max(0, surplus)))
    await house.record({ kind: "house.revocation", body: { account, session: id } })
  // The person is in, whether or not their own log could be told.
  await tellSelf(world, rooms, account, { reason: "signed-in", session: session.row.id })
  // The rest took a while: the session may have ended in it.
  return sessions.resume(session.token) ? entered : refuse("session-ended")
}

// ---------------------------------------------------------------- registering

async function register(ground: Ground, claim: Named, from: Origin): Promise<Entered | Refusal> {
  const { hasher, guard, house, sessions } = ground
  const { name, password } = claim
  const { registration } = house.settings
  if (registration === "closed") return refuse("registration-closed")
  if (registration === "invite" && claim.invite === undefined) return refuse("invitation-needed")
  const waitMs = guard.registration(networkOf(from.address))
  if (waitMs > 0) return refuse("too-fast", undefined, waitMs)
  const refused = (await refuseName(ground, name)) ?? refuseWeak(password, name)
  if (refused) return refused
  const invitation = claim.invite === undefined ? undefined : await invitationOf(ground, claim.invite)
  if (invitation && isRefusal(invitation)) return refuse("invitation-needed", invitation.message)
  const hash = await hasher.hash(password)
  if (typeof hash !== "string") return hash
  const id = newId(ground)
  const session = sessions.prepare(id, claim.client, from)
  const entry = await makeAccount(ground, {
    id,
    name,
    role: invitation ? roleFor(ground, invitation) : "member",
    password: hash,
    session,
    ...(invitation && { invitation, actor: invitation.by }),
  })
  if (isRefusal(entry)) return entry
  if (invitation?.room) await join(ground, entry, invitation, invitation.room)
  return admitted(ground, entry, session)
}

/** Makes the newcomer a member of the room they were invited to, if whoever invited them still may. */
async function join(
  { rooms, directory, ...rest }: Ground,
  entry: Entry,
  { by }: InvitationTable,
  room: string,
): Promise<void> {
  const head = await rooms.head(room)
  const host = by === systemActor.account ? systemActor : actorOf(directory, by)
  if (!head || forbids(head, host, "member.invited")) return
  const { id, role } = entry.account
  const guest = { account: id, role, system: true } as const
  // They are in the house; a room that is full or archived meanwhile does not take that back.
  await rooms.submit(room, guest, { id: newId(rest), kind: "member.joined", body: {} })
}
