import Type, { type Static } from "typebox"
import { type Head, houseRoles } from "../head.ts"
import { limits } from "../limits.ts"
import type { Actor } from "../policy.ts"
import { type Checked, type Matter, refused, strict, UuidText, type Verdict } from "./matter.ts"

/** Who did it, where the event is written by the server in their name. */
const By = Type.Optional(UuidText)

const HouseRole = strict({ account: UuidText, role: Type.Enum(houseRoles), actor: By })
const HouseBan = strict({
  account: UuidText,
  banned: Type.Boolean(),
  reason: Type.Optional(Type.String({ maxLength: limits.reasonBytesMax })),
  actor: By,
})
const HouseSetting = strict({
  key: Type.Enum(["name", "registration", "welcome"]),
  value: Type.String({ maxLength: limits.settingBytesMax }),
  actor: By,
})
/** Ends one session, or all of an account's but `except`. Every node follows the house log, so it holds everywhere. */
const HouseRevocation = strict({
  account: UuidText,
  session: Type.Optional(UuidText),
  except: Type.Optional(UuidText),
  actor: By,
})

export type HouseRole = Static<typeof HouseRole>
export type HouseBan = Static<typeof HouseBan>
export type HouseSetting = Static<typeof HouseSetting>
export type HouseRevocation = Static<typeof HouseRevocation>

/** Requests judge who may (policy `houseRights`) and then write through the server, so only the server's word counts here. */
function decide(kind: string, head: Head, actor: Actor, command: Checked<object>): Verdict {
  if (!actor.system || head.type !== "house") return refused("forbidden")
  return { kind, body: command.body }
}

export const house = {
  "house.role": {
    body: HouseRole,
    decide: (head, actor, command) => decide("house.role", head, actor, command),
  } satisfies Matter<HouseRole>,
  "house.ban": {
    body: HouseBan,
    decide: (head, actor, command) => decide("house.ban", head, actor, command),
  } satisfies Matter<HouseBan>,
  "house.setting": {
    body: HouseSetting,
    decide: (head, actor, command) => decide("house.setting", head, actor, command),
  } satisfies Matter<HouseSetting>,
  "house.revocation": {
    body: HouseRevocation,
    decide: (head, actor, command) => decide("house.revocation", head, actor, command),
  } satisfies Matter<HouseRevocation>,
}
