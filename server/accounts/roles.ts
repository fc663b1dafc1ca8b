import type { HouseRole } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { type Actor, houseRank } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import { fitsBytes, isCleanLine } from "../../protocol/text.ts"
import type { RoleServices } from "../core/ports.ts"
import type { Entry } from "./directory.ts"
import { entryOf, type Ground, makeTurns, stored } from "./ground.ts"
import { askedBy, isHouseRole, refuseOver } from "./ranks.ts"

const LAST_OWNER = "This is the last owner; make another one first."

export function roleServices(ground: Ground): RoleServices {
  // Two owners who demote each other must not both succeed.
  const inTurn = makeTurns()
  return {
    setRole: (by, account, role) => stored(() => inTurn(() => setRole(ground, by, account, role))),
    ban: (by, account, banned, reason) =>
      stored(() => inTurn(() => ban(ground, by, account, banned, reason))),
  }
}

async function setRole(
  { directory, house }: Ground,
  by: Actor,
  account: Uuid,
  role: HouseRole,
): Promise<Refusal | undefined> {
  const entry = entryOf(directory, account)
  if (isRefusal(entry)) return entry
  const refused = refuseOver(by, "house.role", entry.account)
  if (refused) return refused
  if (!isHouseRole(role)) return refuse("bad-input", "There is no such role.")
  if (!by.system && by.role !== "owner" && houseRank(role) >= houseRank(by.role))
    return refuse("forbidden", "You may only give roles below your own.")
  if (entry.account.role === role) return refuse("already")
  if (isLastOwner(directory.owners(), entry)) return refuse("forbidden", LAST_OWNER)
  return house.record({ kind: "house.role", body: { account, role, ...askedBy(by) } })
}

async function ban(
  { directory, house }: Ground,
  by: Actor,
  account: Uuid,
  banned: boolean,
  reason: string | undefined,
): Promise<Refusal | undefined> {
  const entry = entryOf(directory, account)
  if (isRefusal(entry)) return entry
  const refused = refuseOver(by, "house.ban", entry.account)
  if (refused) return refused
  if (account === by.account) return refuse("forbidden", "You cannot ban yourself.")
  if (entry.banned === banned) return refuse("already")
  if (banned && isLastOwner(directory.owners(), entry)) return refuse("forbidden", LAST_OWNER)
  if (reason !== undefined && !(isCleanLine(reason) && fitsBytes(reason, limits.reasonBytesMax)))
    return refuse("bad-text")
  const why = reason === undefined ? {} : { reason }
  return house.record({ kind: "house.ban", body: { account, banned, ...why, ...askedBy(by) } })
}

function isLastOwner(owners: readonly Entry[], entry: Entry): boolean {
  return owners.length === 1 && owners[0] === entry
}
