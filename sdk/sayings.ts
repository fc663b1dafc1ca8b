import type { Uuid } from "../protocol/ids.ts"
import type { Saying } from "./outbox.ts"

export interface SayOptions {
  /** `action` is `/me`; `notice` asks for no automatic answer. */
  readonly style?: "action" | "notice"
  /** The message it answers: its seq, or the id of a pending one. */
  readonly replyTo?: number | Uuid
  /** The message its thread grows from. */
  readonly root?: number | Uuid
}

export function postOf(text: string, options: SayOptions = {}): Saying {
  return { kind: "message.posted", body: { text, ...options } }
}
