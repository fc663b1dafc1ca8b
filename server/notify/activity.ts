import { HOUSE_ACCOUNT, type Uuid, uuid8 } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import type { Rooms, World } from "../core/ports.ts"

const system: Actor = { account: HOUSE_ACCOUNT, role: "owner", system: true }
const encoder = new TextEncoder()

/** Why an event concerns someone. */
export type Reason = "mention" | "reply" | "invited" | "joined" | "removed" | "banned"

/** What happened to someone, as their self log holds it. It cites, and never quotes. */
export type Activity =
  | {
      readonly reason: Reason
      readonly room: Uuid
      readonly seq: number
    }
  | { readonly reason: "signed-in"; readonly session: Uuid }

/** The id of a self log: anyone who knows the account can derive it. */
export function selfRoom(account: Uuid, world: Pick<World, "digest">): Uuid {
  return derived(`self:${account}`, world)
}

/** Writes an activity once, however often it is told: its id is made of its cause. */
export async function tellSelf(
  account: Uuid,
  activity: Activity,
  rooms: Pick<Rooms, "head" | "submit">,
  world: Pick<World, "digest">,
): Promise<void> {
  const room = selfRoom(account, world)
  const id = derived(`activity:${account}:${JSON.stringify(activity)}`, world)
  await ensureSelf(account, rooms, world)
  await rooms.submit(room, system, { id, kind: "self.activity", body: activity })
}

/** Makes the self log of an account that has none yet. */
export async function ensureSelf(
  account: Uuid,
  rooms: Pick<Rooms, "head" | "submit">,
  world: Pick<World, "digest">,
): Promise<void> {
  const room = selfRoom(account, world)
  if (await rooms.head(room)) return
  await rooms.submit(room, system, {
    id: derived(`self-created:${account}`, world),
    kind: "room.created",
    body: { type: "self", visibility: "private", history: "shared", members: [account] },
  })
}

function derived(cause: string, world: Pick<World, "digest">): Uuid {
  return uuid8(world.digest(encoder.encode(cause)))
}
