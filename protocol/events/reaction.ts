import Type, { type Static } from "typebox"
import type { Citations } from "../event.ts"
import type { Head } from "../head.ts"
import { limits } from "../limits.ts"
import { type Actor, forbids } from "../policy.ts"
import { isBlank, isCleanText } from "../text.ts"
import { type Checked, type Matter, refused, type Verdict } from "./matter.ts"
import { aimedAt, changing } from "./message.ts"

/** An emoji, or the short name of one of the house's own, as `:name:`. */
export const Reaction = Type.Object(
  { emoji: Type.String({ minLength: 1, maxLength: limits.emojiBytesMax }) },
  { additionalProperties: false },
)
export type Reaction = Static<typeof Reaction>

function decide(
  kind: "reaction.added" | "reaction.removed",
  head: Head,
  actor: Actor,
  command: Checked<Reaction>,
  cited: Citations,
): Verdict {
  const no = forbids(head, actor, kind)
  if (no) return refused(no)
  if (head.archived) return refused("archived")
  const target = aimedAt(head, actor, cited.target)
  if (!target) return refused("no-such-message")
  const { emoji } = command.body
  if (!isCleanText(emoji, limits.emojiBytesMax) || isBlank(emoji) || /\s/.test(emoji))
    return refused("bad-text")
  // Counts are running sums everywhere, so the log must never hold the same reaction twice.
  if ((target.reacted ?? false) === (kind === "reaction.added")) return refused("already")
  return changing(kind, { emoji }, target)
}

export const reaction = {
  "reaction.added": {
    body: Reaction,
    decide: (...args) => decide("reaction.added", ...args),
  } satisfies Matter<Reaction>,
  "reaction.removed": {
    body: Reaction,
    decide: (...args) => decide("reaction.removed", ...args),
  } satisfies Matter<Reaction>,
}
