import type { Event } from "../protocol/event.ts"
import type { ThreadTold } from "./calls.ts"

/** Messages of threads that are remembered, so that their deletion is counted too. */
const REMEMBERED_MAX = 2_000

interface Known extends ThreadTold {
  /** The server counted up to here. */
  readonly asOf: number
}

/** How many messages stand in each thread of a room: as the server told, and what has come since. */
export class ThreadCounts {
  readonly #counts = new Map<number, Known>()
  /** The thread of each message that came lately. */
  readonly #rootOf = new Map<number, number>()

  get(root: number): ThreadTold | undefined {
    const known = this.#counts.get(root)
    return known && known.count > 0 ? { count: known.count, last: known.last } : undefined
  }

  entries(): readonly (readonly [root: number, thread: ThreadTold])[] {
    return [...this.#counts].map(([root, { count, last }]) => [root, { count, last }])
  }

  /** The server's word, as of a seq. */
  tell(threads: readonly (readonly [root: number, thread: ThreadTold])[], asOf: number): void {
    for (const [root, thread] of threads)
      if (asOf >= (this.#counts.get(root)?.asOf ?? 0)) this.#counts.set(root, { ...thread, asOf })
  }

  /** An event has arrived; returns the root of the thread whose count it changes. */
  arrived({ seq, kind, body, target }: Event): number | undefined {
    if (kind === "message.deleted" && target !== undefined) return this.#deleted(target, seq)
    const root = kind === "message.posted" ? rootOf(body) : undefined
    if (root === undefined) return undefined
    this.#remember(seq, root)
    const { count = 0, asOf = 0 } = this.#counts.get(root) ?? {}
    if (seq <= asOf) return undefined
    this.#counts.set(root, { count: count + 1, last: seq, asOf })
    return root
  }

  clear(): void {
    this.#counts.clear()
    this.#rootOf.clear()
  }

  #deleted(target: number, seq: number): number | undefined {
    const root = this.#rootOf.get(target)
    const known = root === undefined ? undefined : this.#counts.get(root)
    if (root === undefined || !known || seq <= known.asOf) return undefined
    this.#rootOf.delete(target)
    this.#counts.set(root, { ...known, count: known.count - 1 })
    return root
  }

  #remember(seq: number, root: number): void {
    this.#rootOf.set(seq, root)
    const [oldest] = this.#rootOf.keys()
    if (this.#rootOf.size > REMEMBERED_MAX && oldest !== undefined) this.#rootOf.delete(oldest)
  }
}

function rootOf(body: unknown): number | undefined {
  const root = typeof body === "object" && body !== null && "root" in body ? body.root : undefined
  return typeof root === "number" ? root : undefined
}
