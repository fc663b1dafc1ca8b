import type { HouseRole } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { foldName, isAccountName, reservedNames } from "../../protocol/names.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { skeleton } from "../../protocol/skeleton.ts"
import { type AccountTable, type InvitationTable, StoreRefused } from "../core/ports.ts"
import type { Entry } from "./directory.ts"
import type { Ground } from "./ground.ts"
import type { Prepared } from "./sessions.ts"

/** The row that the first owner takes, so that there is only one first. */
export const FIRST_OWNER = "first-owner"

interface Newcomer {
  readonly id: Uuid
  readonly name: string
  readonly display?: string
  readonly role: HouseRole
  /** argon2id; null: unclaimed. */
  readonly password: string | null
  /** Used up in the same transaction. */
  readonly invitation?: Pick<InvitationTable, "code">
  /** Only one account is ever made this way. */
  readonly isFirstOwner?: boolean
  /** Who asked for it, for the house log. */
  readonly actor?: Uuid
  /** The first session, written in the same transaction. */
  readonly session?: Prepared
}

const INVITATION = ["code", "by", "room", "role", "uses_left", "made_at", "expires_at"] as const

const reservedSkeletons: ReadonlySet<string> = new Set([...reservedNames].map(skeleton))

/** Undefined: the name may be taken, as far as can be told before it is. */
export async function refuseName(
  { records, directory }: Ground,
  name: string,
  except?: Uuid,
): Promise<Refusal | undefined> {
  const look = skeleton(name)
  if (!isAccountName(name) || reservedSkeletons.has(look)) return refuse("bad-name")
  const holder = directory.named(name)
  if (holder && holder.account.id !== except) return refuse("name-taken")
  const rows = await records.db
    .selectFrom("account")
    .select("id")
    .where((build) => build.or([build("skeleton", "=", look), build("fold", "=", foldName(name))]))
    .execute()
  return rows.some((row) => row.id !== except) ? refuse("name-taken") : undefined
}

/**
 * Makes an account: the name, the use of an invitation, the row and its first session go in together or not at all, and uniqueness is the
 * table's, so of two who come at once one is refused.
 */
export async function makeAccount(ground: Ground, newcomer: Newcomer): Promise<Entry | Refusal> {
  const { records, world, directory, sessions, house } = ground
  const { id, name, display, role, password, session } = newcomer
  const row: AccountTable = {
    id,
    name,
    fold: foldName(name),
    skeleton: skeleton(name),
    display: display ?? name,
    role,
    password,
    made_at: world.now(),
    banned: 0,
  }
  const signedIn = session ? [sessions.inserting(session)] : []
  try {
    await records.atomically([...writes(ground, row, newcomer), ...signedIn])
  } catch (error) {
    if (!(error instanceof StoreRefused)) throw error
    return whyNot(ground, newcomer, error)
  }
  const made = await records.db.selectFrom("account").select("id").where("id", "=", row.id).executeTakeFirst()
  if (!made) return refuse("invitation-needed", "This invitation no longer works; ask for another one.")
  const entry = directory.take(row)
  // The house log tells the other nodes, and whoever reads it later. The account stands whether or not it could.
  const { actor } = newcomer
  await house.record({ kind: "house.role", body: { account: row.id, role, ...(actor && { actor }) } })
  return entry
}

function writes({ records, world }: Ground, row: AccountTable, { invitation, isFirstOwner }: Newcomer) {
  const { db } = records
  if (isFirstOwner)
    return [
      db.insertInto("setting").values({ key: FIRST_OWNER, value: row.id }),
      db.insertInto("account").values(row),
    ]
  if (!invitation) return [db.insertInto("account").values(row)]
  const columns = Object.keys(row) as (keyof AccountTable)[]
  return [
    // First, so that its row is held until the end: of two who use it last, one comes after the other.
    db
      .updateTable("invitation")
      .set((build) => ({ uses_left: build("uses_left", "-", 1) }))
      .where("code", "=", invitation.code),
    // A use too many: the row meets itself, and the conflict undoes everything.
    db
      .insertInto("invitation")
      .columns(INVITATION)
      .expression((build) =>
        build
          .selectFrom("invitation")
          .select(INVITATION)
          .where("code", "=", invitation.code)
          .where("uses_left", "<", 0),
      ),
    db
      .insertInto("account")
      .columns(columns)
      .expression((build) =>
        build
          .selectFrom("invitation")
          .select(columns.map((column) => build.val(row[column]).as(column)))
          .where("code", "=", invitation.code)
          .where("expires_at", ">", world.now()),
      ),
  ]
}

/** What stood in the way of a transaction that failed as a whole. */
async function whyNot(
  ground: Ground,
  { name, invitation, isFirstOwner }: Newcomer,
  error: StoreRefused,
): Promise<Refusal> {
  const { db } = ground.records
  const taken = await refuseName(ground, name)
  if (taken) return taken
  if (isFirstOwner) {
    const first = await db
      .selectFrom("setting")
      .select("value")
      .where("key", "=", FIRST_OWNER)
      .executeTakeFirst()
    if (first) return refuse("no-such-thing", "This server has an owner already.")
  }
  if (invitation) {
    const left = await db
      .selectFrom("invitation")
      .select("uses_left")
      .where("code", "=", invitation.code)
      .executeTakeFirst()
    if (!left || left.uses_left < 1)
      return refuse("invitation-needed", "This invitation has been used up; ask for another one.")
  }
  return refuse(error.code === "conflict" ? "name-taken" : error.code)
}
