import Type, { type TProperties, type TSchema } from "typebox"
import type { Citations, Command, Draft } from "../event.ts"
import { type Head, type HeadEvent, histories, roomRoles, visibilities } from "../head.ts"
import { UUID_PATTERN } from "../ids.ts"
import type { Actor } from "../policy.ts"
import type { RefusalCode } from "../refusals.ts"

/** A UUID in its canonical lower-case form; any other spelling is another key, so it is refused. */
export const UuidText = Type.String({ pattern: UUID_PATTERN })
/** The place of an event in its room. Beyond what a double holds exactly, no number is one. */
export const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
export const RoleInRoom = Type.Enum(roomRoles)
export const Visibility = Type.Enum(visibilities)
export const History = Type.Enum(histories)

/** An object that takes no other fields than these. */
export function strict<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false })
}

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
  /** It changes an earlier event of the room, which the command names as its target. */
  readonly aims?: true
  /** Judges a command against a head. */
  decide(head: Head, actor: Actor, command: Checked<Body>, cited: Citations): Verdict
  /** What the event changes in the head besides `seq` and `at`. */
  evolve?(head: Head, event: HeadEvent & { readonly body: Body }): Head
}
