import type { Accepted } from "../protocol/frames.ts"
import { isUuid, type Uuid } from "../protocol/ids.ts"
import { limits } from "../protocol/limits.ts"
import { type Refusal, refuse } from "../protocol/refusals.ts"
import { fitsBytes } from "../protocol/text.ts"

/** What a frame holds beside the command's own text: room, id, prev, punctuation. */
const FRAME_OVERHEAD_BYTES = 1_024

/** What a person or a program wants appended. */
export interface Saying {
  readonly kind: string
  readonly body: unknown
  /** A seq, or the id of a command that may still be pending. */
  readonly target?: number | Uuid
}

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

/** A command that is not in the log yet, as views see it. */
export interface Pending extends Saying {
  readonly id: Uuid
  /** The room's id; its name as long as the id is not known. */
  readonly room: string
  /** When it was said, in milliseconds since 1970 by this machine's clock. */
  readonly at: number
  readonly is: "waiting" | "sent" | "failed"
  /** Why it failed, or why it has to wait. */
  readonly refusal?: Refusal
}

export interface Said {
  readonly id: Uuid
  /** When it is in the log, or refused for good. Should the log hold it after all, that refusal is void. */
  readonly settled: Promise<Accepted | Refusal>
}

/** A command in the outbox. */
export interface Item {
  readonly id: Uuid
  room: string
  readonly saying: Saying
  readonly at: number
  /** Its place among all commands, and in the cache; -1 until the outbox is loaded. */
  order: number
  /** Being kept; to be sent; sent; told to wait for the one before it, which is sent; refused for good. */
  phase: "keeping" | "waiting" | "sent" | "held" | "failed"
  refusal?: Refusal | undefined
  /** The `prev` it was last sent with, and how many pings had been sent before it. */
  prev?: Uuid | undefined
  era: number
  settle?: ((outcome: Accepted | Refusal) => void) | undefined
}

/** What no server would take, and could not even answer by id. */
export function formFault({ kind, body, target }: Saying): Refusal | undefined {
  const text = JSON.stringify({ kind, body, target })
  if (fitsBytes(text, limits.frameBytesMax - FRAME_OVERHEAD_BYTES)) return undefined
  return refuse("too-large", `This is longer than the ${limits.frameBytesMax} bytes a frame holds.`)
}

export function asPending({ id, room, saying, at, phase, refusal }: Item): Pending {
  const is = phase === "failed" ? "failed" : phase === "sent" ? "sent" : "waiting"
  return { id, room, at, ...saying, is, ...(refusal && { refusal }) }
}

export function keptCommand({ id, room, saying, at, phase, refusal }: Item): string {
  return JSON.stringify({ id, room, at, ...saying, ...(phase === "failed" && { refusal }) })
}

/** Undefined for what is not an item: a cache may have been damaged. */
export function readCommand(key: string, text: string): Item | undefined {
  try {
    const { id, room, at, kind, body, target, refusal } = JSON.parse(text)
    const order = Number(key.slice(key.lastIndexOf("/") + 1))
    if (!isUuid(id) || typeof room !== "string" || typeof kind !== "string" || !Number.isInteger(order))
      return undefined
    const saying: Saying = { kind, body, ...(target !== undefined && { target }) }
    return { id, room, saying, at, order, phase: refusal ? "failed" : "waiting", refusal, era: 0 }
  } catch {
    return undefined
  }
}
