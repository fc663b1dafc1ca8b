import type { SelfActivity } from "../../protocol/events/self.ts"
import type { RoomType } from "../../protocol/head.ts"
import { HOUSE_ACCOUNT, type Uuid, uuid8 } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import { isRefusal, type Refusal } from "../../protocol/refusals.ts"
import type { Rooms, World } from "../core/ports.ts"
import { digestOf } from "./secrets.ts"

export type Logs = Pick<Rooms, "submit" | "head">

/** The server's own hand. */
export const systemActor: Actor = { account: HOUSE_ACCOUNT, role: "owner", system: true }

/** The room id of an account's self log. */
export function selfLogOf(world: World, account: Uuid): Uuid {
  return uuid8(digestOf(world, `self:${account}`))
}

/** Makes a log of the server's where it is not there yet. */
export async function ensureLog(
  world: World,
  rooms: Logs,
  log: Uuid,
  type: Extract<RoomType, "self" | "house">,
  members: readonly Uuid[],
): Promise<Refusal | undefined> {
  if (await rooms.head(log)) return undefined
  const made = await rooms.submit(log, systemActor, {
    id: uuid8(digestOf(world, `created:${log}`)),
    kind: "room.created",
    body: { type, visibility: "private", history: "shared", members },
  })
  // Somebody else may have made it a moment ago.
  return isRefusal(made) && made.code !== "already" ? made : undefined
}

/** Makes the self log of an account that has none yet. */
function ensureSelfLog(world: World, rooms: Logs, account: Uuid): Promise<Refusal | undefined> {
  return ensureLog(world, rooms, selfLogOf(world, account), "self", [account])
}

/** Writes what happened to an account into its self log, once for each `cause`. */
export async function tellSelf(
  world: World,
  rooms: Logs,
  account: Uuid,
  activity: SelfActivity,
  cause: string = JSON.stringify(activity),
): Promise<Refusal | undefined> {
  const refused = await ensureSelfLog(world, rooms, account)
  if (refused) return refused
  const told = await rooms.submit(selfLogOf(world, account), systemActor, {
    id: uuid8(digestOf(world, `activity:${account}:${cause}`)),
    kind: "self.activity",
    body: activity,
  })
  return isRefusal(told) ? told : undefined
}
