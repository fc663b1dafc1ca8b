import type { HouseRole } from "../../protocol/head.ts"
import { forbids, houseRank } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { InvitationCard, InvitationServices, InvitationTable } from "../core/ports.ts"
import { actorOf, type Ground, stored } from "./ground.ts"
import { isHouseRole, mayGive, refuseRight } from "./ranks.ts"
import { hashOf, makeCode } from "./secrets.ts"
import { systemActor } from "./self.ts"

const GONE =
  "This invitation does not work; it may have been used up, revoked, or be too old. Ask for another one."

export function invitationServices(ground: Ground): InvitationServices {
  const { records, world } = ground
  return {
    create: (by, invitation) => stored(() => create(ground, by, invitation)),
    list: async (by) => {
      const valid = records.db
        .selectFrom("invitation")
        .selectAll()
        .where("expires_at", ">", world.now())
        .where("uses_left", ">", 0)
        .orderBy("made_at", "desc")
        .orderBy("code")
      const rows = await (seesAll(by) ? valid : valid.where("by", "=", by.account)).execute()
      return rows.map(cardOf)
    },
    revoke: (by, id) =>
      stored(async () => {
        const one = records.db.deleteFrom("invitation").where("code", "=", id)
        const mine = seesAll(by) ? one : one.where("by", "=", by.account)
        const gone = await mine.returning("code").executeTakeFirst()
        return gone ? undefined : refuse("no-such-thing")
      }),
    find: async (code) => {
      const found = await invitationOf(ground, code)
      return isRefusal(found) ? found : cardOf(found)
    },
  }
}

type By = Parameters<InvitationServices["list"]>[0]

function seesAll(by: By): boolean {
  return by.system === true || houseRank(by.role) >= houseRank("admin")
}

async function create(
  ground: Ground,
  by: By,
  wanted: Parameters<InvitationServices["create"]>[1],
): Promise<{ readonly code: string; readonly card: InvitationCard } | Refusal> {
  const { records, world, limits } = ground
  const { uses = 1, lifeMs = limits.invitationLifeMs, role = "member", room } = wanted
  const refused =
    refuseRight(by, "invitation.create") ??
    refuseNumbers(ground, uses, lifeMs) ??
    (isHouseRole(role) ? undefined : refuse("bad-input", "There is no such role.")) ??
    (mayGive(by, role) ? undefined : refuse("forbidden", "You may not give this role.")) ??
    (await refuseRoom(ground, by, room))
  if (refused) return refused
  const own = await records.db
    .selectFrom("invitation")
    .select((build) => build.fn.countAll().as("count"))
    .where("by", "=", by.account)
    .where("expires_at", ">", world.now())
    .where("uses_left", ">", 0)
    .executeTakeFirst()
  if (!by.system && Number(own?.count) >= limits.invitationsPerAccountMax)
    return refuse("too-many", "You have many open invitations; revoke some first.")
  const code = makeCode(world)
  const nowMs = world.now()
  const row: InvitationTable = {
    code: code.hash,
    by: by.account,
    room: room ?? null,
    role,
    uses_left: uses,
    made_at: nowMs,
    expires_at: nowMs + lifeMs,
  }
  await records.atomically([
    records.db.deleteFrom("invitation").where("expires_at", "<=", nowMs),
    records.db.insertInto("invitation").values(row),
  ])
  return { code: code.text, card: cardOf(row) }
}

function refuseNumbers({ limits }: Ground, uses: number, lifeMs: number): Refusal | undefined {
  if (!Number.isInteger(uses) || uses < 1 || uses > limits.invitationUsesMax)
    return refuse("bad-input", `An invitation works 1 to ${limits.invitationUsesMax} times.`)
  if (!Number.isInteger(lifeMs) || lifeMs < 1 || lifeMs > limits.invitationLifeMsMax)
    return refuse("bad-input", "An invitation works for a year at most.")
  return undefined
}

/** Inviting to a room needs the right to invite there. */
async function refuseRoom({ rooms }: Ground, by: By, room: string | undefined): Promise<Refusal | undefined> {
  if (room === undefined) return undefined
  const head = await rooms.head(room)
  if (!head) return refuse("no-such-room")
  const no = forbids(head, by, "member.invited")
  if (no) return refuse(no)
  if (head.type !== "room") return refuse(head.type === "direct" ? "members-fixed" : "no-such-room")
  return head.archived ? refuse("archived") : undefined
}

/** The invitation behind a code while it works. */
export async function invitationOf(
  { records, world }: Ground,
  code: string,
): Promise<InvitationTable | Refusal> {
  const row = await records.db
    .selectFrom("invitation")
    .selectAll()
    .where("code", "=", hashOf(world, code))
    .where("uses_left", ">", 0)
    .where("expires_at", ">", world.now())
    .executeTakeFirst()
  return row ?? refuse("no-such-thing", GONE)
}

/** The role a newcomer gets: the one they were promised, as long as whoever promised it may still give it. */
export function roleFor({ directory }: Ground, { by, role }: InvitationTable): HouseRole {
  if (by === systemActor.account || mayGive(actorOf(directory, by), role)) return role
  return role === "guest" ? "guest" : "member"
}

function cardOf(row: InvitationTable): InvitationCard {
  const { code: id, by, role, uses_left: usesLeft, made_at: madeAt, expires_at: expiresAt } = row
  return { id, by, role, ...(row.room !== null && { room: row.room }), usesLeft, madeAt, expiresAt }
}
