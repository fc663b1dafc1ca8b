import Type, { type TSchema } from "typebox"
import type { Citations, Command, Draft } from "../event.ts"
import type { Head, HeadEvent } from "../head.ts"
import type { Actor } from "../policy.ts"
import type { RefusalCode } from "../refusals.ts"

/** A UUID in its canonical lower-case form; any other spelling is another key, so it is refused. */
export const UuidText = Type.String({
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
})

/** A command whose body has passed its kind's schema. */
export interface Checked<Body> extends Command {
  readonly body: Body
}

export type Verdict = Draft | { readonly refused: RefusalCode; readonly message?: string }

export function refused(code: RefusalCode, message?: string): Verdict {
  return message === undefined ? { refused: code } : { refused: code, message }
}

/**
 * One kind of event. `decide` and `evolve` are pure: no clock, no I/O, no await.
 * `show` is kept apart (timeline.ts) so that browsers do not carry schemas.
 */
export interface Matter<Body> {
  /** The form of a stored body. */
  readonly body: TSchema
  /** The form of a command's body where it differs: references may be ids there. */
  readonly command?: TSchema
  /** Judges a command against a head. Absent: only the server makes such events. */
  decide?(head: Head, actor: Actor, command: Checked<Body>, cited: Citations): Verdict
  /** What the event changes in the head besides `seq` and `at`. */
  evolve?(head: Head, event: HeadEvent & { readonly body: Body }): Head
}
