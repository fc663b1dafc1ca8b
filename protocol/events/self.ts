import Type, { type Static } from "typebox"
import type { Head } from "../head.ts"
import type { Actor } from "../policy.ts"
import { type Checked, type Matter, refused, Seq, strict, UuidText, type Verdict } from "./matter.ts"

/** What happened to me. It cites room and seq, never text, so that what is erased or hidden stays so. */
const SelfActivity = Type.Union([
  strict({
    reason: Type.Enum(["mention", "reply", "invited", "removed", "banned"]),
    room: UuidText,
    seq: Seq,
  }),
  strict({ reason: Type.Literal("signed-in"), session: UuidText }),
  strict({ reason: Type.Literal("password-changed") }),
])
export type SelfActivity = Static<typeof SelfActivity>

function decide(head: Head, actor: Actor, command: Checked<SelfActivity>): Verdict {
  if (!actor.system || head.type !== "self") return refused("forbidden")
  return { kind: "self.activity", body: command.body }
}

export const self = {
  "self.activity": { body: SelfActivity, decide } satisfies Matter<SelfActivity>,
}
