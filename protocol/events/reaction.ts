import Type, { type Static } from "typebox"
import type { Citations } from "../event.ts"
import type { Head } from "../head.ts"
import { limits } from "../limits.ts"
import { type Actor, forbids } from "../policy.ts"
import { qualifiedEmoji } from "../text.ts"
import { type Checked, type Matter, refused, strict, type Verdict } from "./matter.ts"
import { aimedAt, changing } from "./message.ts"

/** One emoji, fully qualified. */
const Reaction = strict({ emoji: Type.String({ minLength: 1, maxLength: limits.emojiBytesMax }) })
type Reaction = Static<typeof Reaction>

function decide(
  kind: "reaction.added" | "reaction.removed",
  head: Head,
  actor: Actor,
  command: Checked<Reaction>,
  cited: Citations,
): Verdict {
  const no = forbids(head, actor, kind)
  if (no) return refused(no)
  if (head.archived && kind === "reaction.added") return refused("archived")
  const target = aimedAt(head, actor, cited.target)
  if (!target) return refused("no-such-message")
  const { emoji } = command.body
  const qualified = qualifiedEmoji(emoji)
  if (qualified === undefined) return refused("bad-text", "A reaction is one emoji.")
  if (qualified !== emoji) return refused("bad-text", `Send this emoji in its full form, ${qualified}.`)
  // Counts are running sums everywhere, so the log must never hold the same reaction twice.
  if ((target.reacted ?? false) === (kind === "reaction.added")) return refused("already")
  return changing(kind, { emoji }, target)
}

export const reaction = {
  "reaction.added": {
    body: Reaction,
    aims: true,
    decide: (...args) => decide("reaction.added", ...args),
  } satisfies Matter<Reaction>,
  "reaction.removed": {
    body: Reaction,
    aims: true,
    decide: (...args) => decide("reaction.removed", ...args),
  } satisfies Matter<Reaction>,
}
