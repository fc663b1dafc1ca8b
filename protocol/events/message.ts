import Type, { type Static } from "typebox"
import type { Citations, Cited } from "../event.ts"
import { type Head, isVisible } from "../head.ts"
import { limits } from "../limits.ts"
import { type Actor, forbids } from "../policy.ts"
import { isBlank, isCleanText } from "../text.ts"
import { type Checked, type Matter, refused, UuidText, type Verdict } from "./matter.ts"

const Text = Type.String({ maxLength: limits.textBytesMax })
const Style = Type.Union([Type.Literal("action"), Type.Literal("notice")])
const Seq = Type.Integer({ minimum: 1 })
const SeqOrId = Type.Union([Seq, UuidText])
const strict = { additionalProperties: false }

/** `style` absent means plain text; `action` is `/me`; `notice` asks for no automatic answer. */
export const MessagePosted = Type.Object(
  { text: Text, style: Type.Optional(Style), replyTo: Type.Optional(Seq), root: Type.Optional(Seq) },
  strict,
)
export const PostMessage = Type.Object(
  { text: Text, style: Type.Optional(Style), replyTo: Type.Optional(SeqOrId), root: Type.Optional(SeqOrId) },
  strict,
)
export const MessageEdited = Type.Object({ text: Text }, strict)
export const MessageDeleted = Type.Object({}, strict)

export type MessagePosted = Static<typeof MessagePosted>
export type MessageEdited = Static<typeof MessageEdited>
export type MessageDeleted = Static<typeof MessageDeleted>

/** A message that can still be answered, changed or reacted to. */
export function isMessage(cited: Cited | undefined): cited is Cited {
  return cited !== undefined && cited.kind === "message.posted" && !cited.erased
}

/** True when the actor may see what is cited: nobody may touch, or learn of, what is hidden from them. */
export function sees(head: Head, actor: Actor, cited: Cited): boolean {
  if (actor.system) return true
  const from = head.members.get(actor.account)?.from
  return from !== undefined && isVisible(cited, from)
}

/** The message a command is aimed at, or the refusal. One that is hidden, erased or none is told alike. */
export function aimedAt(head: Head, actor: Actor, cited: Cited | undefined): Cited | undefined {
  return isMessage(cited) && sees(head, actor, cited) ? cited : undefined
}

function decidePosted(
  head: Head,
  actor: Actor,
  command: Checked<Static<typeof PostMessage>>,
  cited: Citations,
): Verdict {
  const no = forbids(head, actor, "message.posted")
  if (no) return refused(no)
  if (head.archived) return refused("archived")
  const { text, style, replyTo, root } = command.body
  if (!isCleanText(text) || isBlank(text)) return refused("bad-text")
  const answered = replyTo === undefined ? undefined : aimedAt(head, actor, cited.replyTo)
  if (replyTo !== undefined && !answered)
    return refused("no-such-message", "The message this replies to is not there.")
  const thread = root === undefined ? undefined : aimedAt(head, actor, cited.root)
  if (root !== undefined && !thread)
    return refused("no-such-message", "The message this thread grows from is not there.")
  if (thread?.root !== undefined)
    return refused("bad-input", "A thread grows from a message of the room, not of another thread.")
  if (answered && answered.seq !== thread?.seq && answered.root !== thread?.seq) {
    return refused("bad-input", "A reply stays in the thread of the message it answers.")
  }
  const body: MessagePosted = {
    text,
    ...(style && { style }),
    ...(answered && { replyTo: answered.seq }),
    ...(thread && { root: thread.seq }),
  }
  const pointsAt = [answered, thread].flatMap((one) => (one ? [one.seq, one.cites ?? one.seq] : []))
  return {
    kind: "message.posted",
    body,
    ...(thread && { root: thread.seq }),
    ...(pointsAt.length > 0 && { cites: Math.min(...pointsAt) }),
  }
}

/** An event that changes a message carries the message's thread and everything the message points at. */
export function changing(kind: string, body: object, target: Cited): Verdict {
  return {
    kind,
    body,
    target: target.seq,
    cites: target.cites ?? target.seq,
    ...(target.root !== undefined && { root: target.root }),
  }
}

function decideEdited(head: Head, actor: Actor, command: Checked<MessageEdited>, cited: Citations): Verdict {
  const no = forbids(head, actor, "message.edited")
  if (no) return refused(no)
  if (head.archived) return refused("archived")
  const target = aimedAt(head, actor, cited.target)
  if (!target) return refused("no-such-message")
  if (target.by !== actor.account) return refused("not-yours")
  const { text } = command.body
  if (!isCleanText(text) || isBlank(text)) return refused("bad-text")
  return changing("message.edited", { text }, target)
}

function decideDeleted(
  head: Head,
  actor: Actor,
  _command: Checked<MessageDeleted>,
  cited: Citations,
): Verdict {
  const no = forbids(head, actor, "message.deleted")
  if (no) return refused(no)
  const target = aimedAt(head, actor, cited.target)
  if (!target) return refused("no-such-message")
  if (target.by !== actor.account && forbids(head, actor, "message.deleted of others"))
    return refused("not-yours")
  const verdict = changing("message.deleted", {}, target)
  return "refused" in verdict ? verdict : { ...verdict, erases: target.seq }
}

export const message = {
  "message.posted": { body: MessagePosted, command: PostMessage, decide: decidePosted } satisfies Matter<
    Static<typeof PostMessage>
  >,
  "message.edited": { body: MessageEdited, decide: decideEdited } satisfies Matter<MessageEdited>,
  "message.deleted": {
    body: MessageDeleted,
    decide: decideDeleted,
    evolve: (head, event) => unpinned(head, event.target),
  } satisfies Matter<MessageDeleted>,
}

/** A deleted message is pinned no more. */
function unpinned(head: Head, target: number | undefined): Head {
  if (target === undefined || !head.pins.has(target)) return head
  const pins = new Set(head.pins)
  pins.delete(target)
  return { ...head, pins }
}
