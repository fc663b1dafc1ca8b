import Type, { type Static } from "typebox"
import type { Citations, Cited } from "../event.ts"
import { type Head, isVisible, setWithout } from "../head.ts"
import { limits } from "../limits.ts"
import { type Actor, forbids } from "../policy.ts"
import type { RefusalCode } from "../refusals.ts"
import { fitsBytes, isBlank, isCleanText } from "../text.ts"
import { type Checked, type Matter, refused, Seq, strict, UuidText, type Verdict } from "./matter.ts"

const Text = Type.String({ maxLength: limits.textBytesMax })
const Style = Type.Enum(["action", "notice"])
const SeqOrId = Type.Union([Seq, UuidText])

/** `style` absent means plain text; `action` is `/me`; `notice` asks for no automatic answer. */
const MessagePosted = strict({
  text: Text,
  style: Type.Optional(Style),
  replyTo: Type.Optional(Seq),
  root: Type.Optional(Seq),
})
const PostMessage = strict({
  text: Text,
  style: Type.Optional(Style),
  replyTo: Type.Optional(SeqOrId),
  root: Type.Optional(SeqOrId),
})
const MessageEdited = strict({ text: Text })
const MessageDeleted = strict({})

type MessagePosted = Static<typeof MessagePosted>
type PostMessage = Static<typeof PostMessage>
type MessageEdited = Static<typeof MessageEdited>
type MessageDeleted = Static<typeof MessageDeleted>

/**
 * The message a command is aimed at. Undefined for one that is not there, is no message, was erased, or is hidden from
 * the actor: nobody may touch what they may not see, nor learn from a refusal that it exists.
 */
export function aimedAt(head: Head, actor: Actor, cited: Cited | undefined): Cited | undefined {
  if (cited?.kind !== "message.posted" || cited.erased) return undefined
  if (actor.system) return cited
  const from = head.members.get(actor.account)?.from
  return from !== undefined && isVisible(cited, from) ? cited : undefined
}

/** Why a text cannot be a message. */
function forbidsText(text: string): RefusalCode | undefined {
  if (!fitsBytes(text, limits.textBytesMax)) return "too-large"
  return isCleanText(text) && !isBlank(text) ? undefined : "bad-text"
}

function decidePosted(head: Head, actor: Actor, command: Checked<PostMessage>, cited: Citations): Verdict {
  const { text, style, replyTo, root } = command.body
  const no = forbids(head, actor, "message.posted") ?? (head.archived ? "archived" : forbidsText(text))
  if (no) return refused(no)
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
  const pointsAt = [answered, thread].flatMap((one) => (one ? [oldest(one)] : []))
  return {
    kind: "message.posted",
    body,
    ...(thread && { root: thread.seq }),
    ...(pointsAt.length > 0 && { cites: Math.min(...pointsAt) }),
  }
}

/** The oldest seq that something pointing at an event depends on. */
function oldest(cited: Cited): number {
  return cited.cites ?? cited.seq
}

/** The draft of an event that changes a message: it stands in the message's thread and depends on what that one does. */
export function changing<Body extends object>(kind: string, body: Body, target: Cited) {
  return {
    kind,
    body,
    target: target.seq,
    cites: oldest(target),
    ...(target.root !== undefined && { root: target.root }),
  }
}

function decideEdited(head: Head, actor: Actor, command: Checked<MessageEdited>, cited: Citations): Verdict {
  const { text } = command.body
  const no = forbids(head, actor, "message.edited") ?? (head.archived ? "archived" : forbidsText(text))
  if (no) return refused(no)
  const target = aimedAt(head, actor, cited.target)
  if (!target) return refused("no-such-message")
  if (target.by !== actor.account) return refused("not-yours")
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
  return { ...changing("message.deleted", {}, target), erases: target.seq }
}

export const message = {
  "message.posted": {
    body: MessagePosted,
    command: PostMessage,
    decide: decidePosted,
  } satisfies Matter<PostMessage>,
  "message.edited": {
    body: MessageEdited,
    aims: true,
    decide: decideEdited,
  } satisfies Matter<MessageEdited>,
  "message.deleted": {
    body: MessageDeleted,
    aims: true,
    decide: decideDeleted,
    // What is gone is pinned no more.
    evolve: (head, event) => ({ ...head, pins: setWithout(head.pins, event.target ?? 0) }),
  } satisfies Matter<MessageDeleted>,
}
