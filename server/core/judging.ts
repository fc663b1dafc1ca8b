import type { Citations, Cited, Command } from "../../protocol/event.ts"
import { decide, evolve } from "../../protocol/events/index.ts"
import type { Head } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Entry, Stored } from "./ports.ts"

/** What a command points at, as the client wrote it: by seq, or by the id of a command that may still be pending. */
export interface References {
  readonly target?: number | Uuid
  readonly replyTo?: number | Uuid
  readonly root?: number | Uuid
}

/** Undefined when the command points at nothing. */
export function references(command: Command): References | undefined {
  const body = command.body as { readonly replyTo?: number | Uuid; readonly root?: number | Uuid }
  const posts = command.kind === "message.posted"
  const found = {
    ...(command.target !== undefined && { target: command.target }),
    ...(posts && body.replyTo !== undefined && { replyTo: body.replyTo }),
    ...(posts && body.root !== undefined && { root: body.root }),
  }
  return Object.keys(found).length === 0 ? undefined : found
}

/** An event as something to point at. `reacted` only matters to reaction commands. */
export function asCited(event: Stored, reacted?: boolean): Cited {
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

/** Whether `by` has this reaction on a message after some changes of it, in order; `before` says whether before them. */
export function hasReacted(changes: Iterable<Stored>, by: Uuid, emoji: unknown, before = false): boolean {
  let reacted = before
  for (const event of changes) {
    if (event.by !== by || (event.kind !== "reaction.added" && event.kind !== "reaction.removed")) continue
    const body: { emoji?: unknown } = JSON.parse(event.body ?? "{}")
    if (body.emoji === emoji) reacted = event.kind === "reaction.added"
  }
  return reacted
}

/** Entries judged one after the other, each on the head that the ones before it make. */
export class Batch {
  readonly entries: Entry[] = []
  readonly #byId = new Map<Uuid, Stored>()
  readonly after: number
  head: Head

  constructor(head: Head) {
    this.head = head
    this.after = head.seq
  }

  get(reference: number | Uuid): Stored | undefined {
    if (typeof reference === "string") return this.#byId.get(reference)
    return reference > this.after
      ? this.#byId.get(this.entries[reference - this.after - 1]?.id ?? "")
      : undefined
  }

  /** The events of this batch that change `seq`. */
  *changes(seq: number): Iterable<Stored> {
    for (const event of this.#byId.values()) if (event.target === seq) yield event
  }

  /** Judges a command; what is accepted is added. */
  judge(actor: Actor, command: Command, cited: Citations, nowMs: number): Refusal | undefined {
    const verdict = decide(this.head, actor, command, cited)
    if ("refused" in verdict) return refuse(verdict.refused, verdict.message)
    const { body, ...draft } = verdict
    this.add({ ...draft, id: command.id, at: nowMs, by: actor.account, body: JSON.stringify(body) }, body)
    return undefined
  }

  /** Adds an entry that was judged already. `at` never decreases. */
  add(entry: Entry, body: unknown): void {
    const seq = this.head.seq + 1
    const at = Math.max(entry.at, this.head.at)
    const placed = at === entry.at ? entry : { ...entry, at }
    this.entries.push(placed)
    const { erases, ...stored } = placed
    this.#byId.set(entry.id, { ...stored, seq, check: "" })
    if (erases !== undefined) this.#erase(erases)
    this.head = evolve(this.head, { ...placed, seq, body })
  }

  #erase(seq: number): void {
    const erased = this.get(seq)
    if (erased) this.#byId.set(erased.id, { ...erased, body: null })
  }
}
