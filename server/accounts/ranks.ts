import { type HouseRole, houseRoles } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { type Actor, type HouseRight, houseRank, mayInHouse } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Account } from "../core/ports.ts"

/** Undefined: the actor has the right. */
export function refuseRight(by: Actor, right: HouseRight): Refusal | undefined {
  return by.system || mayInHouse(by.role, right) ? undefined : refuse("forbidden")
}

/** Who has a right over others has it over those below them; owners have it over everyone. */
export function refuseOver(by: Actor, right: HouseRight, target: Account): Refusal | undefined {
  const refused = refuseRight(by, right)
  if (refused || by.system || by.role === "owner") return refused
  return houseRank(target.role) < houseRank(by.role)
    ? undefined
    : refuse("forbidden", "They stand as high as you do.")
}

/** One's own, or with a right over the other. */
export function refuseOthers(by: Actor, right: HouseRight, target: Account): Refusal | undefined {
  return by.account === target.id ? undefined : refuseOver(by, right, target)
}

/** Whether an actor may give a role to somebody new. Anyone who may invite makes members, or guests. */
export function mayGive(by: Actor, role: HouseRole): boolean {
  if (by.system || by.role === "owner") return true
  return houseRank(role) <= houseRank("member")
    ? houseRank(role) <= houseRank(by.role)
    : houseRank(role) < houseRank(by.role)
}

export function isHouseRole(role: string): role is HouseRole {
  return houseRoles.some((each) => each === role)
}

/** What an event says of who asked for it; the server itself says nothing. */
export function askedBy(by: Actor): { readonly actor?: Uuid } {
  return by.system ? {} : { actor: by.account }
}
