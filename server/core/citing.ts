import type { Citations, Cited, Command } from "../../protocol/event.ts"
import type { Uuid } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import type { Batch } from "./judging.ts"
import type { Log, Stored } from "./ports.ts"
import { READ_MAX, type Replay } from "./replay.ts"

// What a command points at, fetched for the judge, who does no I/O.

const ROLES = ["target", "replyTo", "root"] as const
type Role = (typeof ROLES)[number]

/** What the log says of a command: the events it cites, and whether the one it must follow is there. */
export interface Findings {
  readonly cited: Citations
  readonly prev: boolean
}

type Gathered = { -readonly [Key in Role]?: Cited }

/** From memory; undefined when the log must be asked. */
export function fromMemory(
  command: Command,
  actor: Actor,
  batch: Batch,
  replay: Replay,
): Findings | undefined {
  if (command.prev !== undefined && !batch.get(command.prev) && !replay.event(command.prev)) return undefined
  const cited: Gathered = {}
  for (const [role, reference] of references(command)) {
    const event = inMemory(reference, batch, replay)
    if (!event) return undefined
    const changes = isReaction(role, command)
      ? [...replay.changesOf(event.seq), ...batch.changes(event.seq)]
      : undefined
    cited[role] = asCited(event, changes && hasReacted(changes, actor.account, emojiOf(command), false))
  }
  return { cited, prev: true }
}

function inMemory(reference: number | Uuid, batch: Batch, replay: Replay): Stored | undefined {
  const pending = batch.get(reference)
  if (pending) return pending
  const event = replay.event(reference)
  // The batch may have erased what memory still holds.
  return event && batch.erases(event.seq) ? { ...event, body: null } : event
}

/** From the log. What is not found there is left out, and the judge refuses. */
export async function fromLog(command: Command, actor: Actor, room: Uuid, log: Log): Promise<Findings> {
  const prev = command.prev === undefined || (await log.find(room, command.prev)) !== undefined
  const cited: Gathered = {}
  for (const [role, reference] of references(command)) {
    const event = await inLog(reference, room, log)
    if (!event) continue
    const reacted = isReaction(role, command)
      ? await reactedInLog(event, actor.account, command, room, log)
      : undefined
    cited[role] = asCited(event, reacted)
  }
  return { cited, prev }
}

async function inLog(reference: number | Uuid, room: Uuid, log: Log): Promise<Stored | undefined> {
  if (typeof reference === "string") return log.find(room, reference)
  const [event] = await log.read(room, reference - 1, 1)
  return event?.seq === reference ? event : undefined
}

async function reactedInLog(
  event: Stored,
  by: Uuid,
  command: Command,
  room: Uuid,
  log: Log,
): Promise<boolean> {
  let reacted = false
  for (let after = 0; ; ) {
    const changes = await log.changes(room, event.seq, event.seq, after, READ_MAX)
    reacted = hasReacted(changes, by, emojiOf(command), reacted)
    if (changes.length < READ_MAX) return reacted
    after = changes.at(-1)?.seq ?? after
  }
}

/** By seq, or by the id of a command that may still be pending. */
function references(command: Command): readonly (readonly [Role, number | Uuid])[] {
  const { replyTo, root } =
    command.kind === "message.posted"
      ? (command.body as { replyTo?: number | Uuid; root?: number | Uuid })
      : {}
  if (command.target === undefined && replyTo === undefined && root === undefined) return []
  const all = { target: command.target, replyTo, root }
  return ROLES.flatMap((role) => (all[role] === undefined ? [] : [[role, all[role]] as const]))
}

function asCited(event: Stored, reacted: boolean | undefined): Cited {
  return {
    seq: event.seq,
    by: event.by,
    kind: event.kind,
    erased: event.body === null,
    ...(event.root !== undefined && { root: event.root }),
    ...(event.cites !== undefined && { cites: event.cites }),
    ...(reacted !== undefined && { reacted }),
  }
}

function isReaction(role: Role, command: Command): boolean {
  return role === "target" && command.kind.startsWith("reaction.")
}

function emojiOf(command: Command): unknown {
  return (command.body as { readonly emoji?: unknown }).emoji
}

/** Whether `by` has this reaction on a message after some changes of it, in order; `before`: whether before them. */
function hasReacted(changes: Iterable<Stored>, by: Uuid, emoji: unknown, before: boolean): boolean {
  let reacted = before
  for (const event of changes) {
    if (event.by !== by || (event.kind !== "reaction.added" && event.kind !== "reaction.removed")) continue
    const body: { readonly emoji?: unknown } = JSON.parse(event.body ?? "{}")
    if (body.emoji === emoji) reacted = event.kind === "reaction.added"
  }
  return reacted
}
