import type { Citations, Command } from "../../protocol/event.ts"
import { decide, evolve } from "../../protocol/events/index.ts"
import type { Head } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Entry, Imported, Stored } from "./ports.ts"

/** Entries judged one after the other, each on the head that the ones before it make. */
export class Batch {
  readonly entries: Entry[] = []
  readonly after: number
  head: Head
  readonly #byId = new Map<Uuid, Stored>()
  readonly #erased = new Set<number>()

  constructor(head: Head) {
    this.head = head
    this.after = head.seq
  }

  /** An event of this batch, by seq or id. */
  get(reference: number | Uuid): Stored | undefined {
    if (typeof reference === "string") return this.#byId.get(reference)
    return reference > this.after
      ? this.#byId.get(this.entries[reference - this.after - 1]?.id ?? "")
      : undefined
  }

  erases(seq: number): boolean {
    return this.#erased.has(seq)
  }

  /** The events of this batch that change `seq`. */
  *changes(seq: number): Iterable<Stored> {
    for (const event of this.#byId.values()) if (event.target === seq) yield event
  }

  /** Judges a command; what is accepted is added. `nowMs`: the clock; `at` never decreases whatever it says. */
  judge(actor: Actor, command: Command, cited: Citations, nowMs: number): Refusal | undefined {
    const verdict = decide(this.head, actor, command, cited)
    if ("refused" in verdict) return refuse(verdict.refused, verdict.message)
    const { body, ...draft } = verdict
    const at = Math.max(nowMs, this.head.at)
    this.#add({ ...draft, id: command.id, at, by: actor.account, body: JSON.stringify(body) }, body)
    return undefined
  }

  /** Adds a message from elsewhere. `seqs`: those that were in the log before. A reply to what is not there is none. */
  add({ id, at, by, text, style, replyTo }: Imported, seqs: ReadonlyMap<Uuid, number>): void {
    const answered = typeof replyTo === "string" ? (this.get(replyTo)?.seq ?? seqs.get(replyTo)) : replyTo
    const replies = answered !== undefined && answered > 0 && answered <= this.head.seq
    const body = { text, ...(style && { style }), ...(replies && { replyTo: answered }) }
    const placed = {
      id,
      at: Math.max(at, this.head.at),
      by,
      kind: "message.posted",
      body: JSON.stringify(body),
    }
    this.#add({ ...placed, ...(replies && { cites: answered }) }, body)
  }

  #add(entry: Entry, body: unknown): void {
    const seq = this.head.seq + 1
    const { erases, ...stored } = entry
    this.entries.push(entry)
    this.#byId.set(entry.id, { ...stored, seq, check: "" })
    if (erases !== undefined) this.#erase(erases)
    this.head = evolve(this.head, { ...stored, seq, body })
  }

  #erase(seq: number): void {
    this.#erased.add(seq)
    const event = this.get(seq)
    if (event) this.#byId.set(event.id, { ...event, body: null })
  }

  /** The batch as the log holds it once it is there. */
  stored(checks: readonly string[]): readonly Stored[] {
    return this.entries.map((entry, index) => {
      const { erases, ...stored } = entry
      return { ...stored, seq: this.after + 1 + index, check: checks[index] ?? "" }
    })
  }
}

/** The same author and the same words: what a client sends again when it did not hear the first answer. */
export function isTwin(event: Stored, actor: Actor, command: Command): boolean {
  if (event.by !== actor.account || event.kind !== command.kind) return false
  if (typeof command.target === "number" && command.target !== event.target) return false
  // Erased: nobody can tell any more, and the author may not be told that their own message is someone else's.
  if (event.body === null) return true
  const stored: Record<string, unknown> = JSON.parse(event.body)
  const sent = command.body as Record<string, unknown>
  return Object.entries(stored).every(([field, value]) => {
    // References were ids then and are seqs now.
    const isReference = field === "replyTo" || field === "root"
    return isReference ? sent[field] !== undefined : JSON.stringify(sent[field]) === JSON.stringify(value)
  })
}
