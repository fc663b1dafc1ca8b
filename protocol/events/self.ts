import Type, { type Static } from "typebox"
import type { Head } from "../head.ts"
import type { Actor } from "../policy.ts"
import { type Checked, type Matter, refused, UuidText, type Verdict } from "./matter.ts"

const strict = { additionalProperties: false }
const Seq = Type.Integer({ minimum: 1 })

/** What happened to me. It cites room and seq, never text, so that what is erased or hidden stays so. */
export const SelfActivity = Type.Union([
  Type.Object(
    { reason: Type.Union([Type.Literal("mention"), Type.Literal("reply")]), room: UuidText, seq: Seq },
    strict,
  ),
  Type.Object(
    {
      reason: Type.Union([Type.Literal("invited"), Type.Literal("removed"), Type.Literal("banned")]),
      room: UuidText,
      seq: Seq,
    },
    strict,
  ),
  Type.Object({ reason: Type.Literal("signed-in"), session: UuidText }, strict),
  Type.Object({ reason: Type.Literal("password-changed") }, strict),
])
export type SelfActivity = Static<typeof SelfActivity>

function decide(head: Head, actor: Actor, command: Checked<SelfActivity>): Verdict {
  if (!actor.system || head.type !== "self") return refused("forbidden")
  return { kind: "self.activity", body: command.body }
}

export const self = {
  "self.activity": { body: SelfActivity, decide } satisfies Matter<SelfActivity>,
}
