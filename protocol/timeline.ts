import type { Event } from "./event.ts"
import type { Uuid } from "./ids.ts"
import { limits } from "./limits.ts"

/** What one emoji on one message amounts to. */
interface ReactionCount {
  readonly emoji: string
  readonly count: number
  /** The first few who reacted, at most `reactionNamesMax`. */
  readonly by: readonly Uuid[]
}

/** A message with every change applied. A deleted one keeps its place and its thread, and nothing else. */
export interface Message {
  readonly type: "message"
  readonly seq: number
  readonly id: Uuid
  readonly at: number
  readonly by: Uuid
  readonly style: "text" | "action" | "notice"
  readonly text: string
  readonly replyTo?: number
  readonly root?: number
  /** When it was last edited. */
  readonly editedAt?: number
  readonly deleted?: true
  readonly pinned?: true
  readonly reactions: readonly ReactionCount[]
}

/** A line about the room: someone joined, the topic changed. Unknown kinds are notices too and may be left unshown. */
export interface Notice {
  readonly type: "notice"
  readonly seq: number
  readonly id: Uuid
  readonly at: number
  readonly by: Uuid
  readonly kind: string
  readonly body: unknown
}

export type Shown = Message | Notice

/** The seq of the shown thing that an event makes or changes. */
export function subject(event: Event): number {
  return event.target ?? event.seq
}

/**
 * The fold for showing, one thing at a time: what stands at `subject(event)` after the event. Undefined in, undefined
 * out: a change of something outside the window shows nothing. The same for a live event and for one read later.
 */
export function show(before: Shown | undefined, event: Event): Shown | undefined {
  if (event.kind === "message.posted") return posted(event)
  if (event.target === undefined) return notice(event)
  // What once changed a message that was read erased is still in the log, before its deletion.
  if (before?.type !== "message" || before.deleted) return before
  switch (event.kind) {
    case "message.edited":
      return event.body === null
        ? before
        : { ...before, text: textOf(event.body, "text"), editedAt: event.at }
    case "message.deleted":
      return erased(before)
    case "reaction.added":
      return { ...before, reactions: added(before.reactions, textOf(event.body, "emoji"), event.by) }
    case "reaction.removed":
      return { ...before, reactions: removed(before.reactions, textOf(event.body, "emoji"), event.by) }
    case "pin.added":
      return { ...before, pinned: true }
    case "pin.removed": {
      const { pinned: _, ...rest } = before
      return rest
    }
    default:
      return before
  }
}

function posted(event: Event): Message {
  const body = event.body as {
    text: string
    style?: "action" | "notice"
    replyTo?: number
    root?: number
  } | null
  const base = {
    type: "message",
    seq: event.seq,
    id: event.id,
    at: event.at,
    by: event.by,
    reactions: [],
  } as const
  if (body === null)
    return {
      ...base,
      style: "text",
      text: "",
      deleted: true,
      ...(event.root !== undefined && { root: event.root }),
    }
  const { text, style, replyTo, root } = body
  return {
    ...base,
    style: style ?? "text",
    text,
    ...(replyTo !== undefined && { replyTo }),
    ...(root !== undefined && { root }),
  }
}

function notice({ seq, id, at, by, kind, body }: Event): Notice {
  return { type: "notice", seq, id, at, by, kind, body }
}

function erased({ seq, id, at, by, root }: Message): Message {
  const bare = {
    type: "message",
    seq,
    id,
    at,
    by,
    style: "text",
    text: "",
    deleted: true,
    reactions: [],
  } as const
  return root === undefined ? bare : { ...bare, root }
}

function textOf(body: unknown, field: "text" | "emoji"): string {
  const value =
    typeof body === "object" && body !== null ? (body as Record<string, unknown>)[field] : undefined
  return typeof value === "string" ? value : ""
}

function added(reactions: readonly ReactionCount[], emoji: string, by: Uuid): readonly ReactionCount[] {
  const known = reactions.find((one) => one.emoji === emoji)
  if (!known) return [...reactions, { emoji, count: 1, by: [by] }]
  const names = known.by.length < limits.reactionNamesMax ? [...known.by, by] : known.by
  return reactions.map((one) => (one === known ? { emoji, count: known.count + 1, by: names } : one))
}

function removed(reactions: readonly ReactionCount[], emoji: string, by: Uuid): readonly ReactionCount[] {
  return reactions.flatMap((one) => {
    if (one.emoji !== emoji) return [one]
    return one.count <= 1 ? [] : [{ emoji, count: one.count - 1, by: one.by.filter((name) => name !== by) }]
  })
}
