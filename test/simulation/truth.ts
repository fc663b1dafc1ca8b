import type { Event } from "../../protocol/event.ts"
import { evolve } from "../../protocol/events/index.ts"
import { emptyHead, type Head, isVisible } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { type Shown, show, subject } from "../../protocol/timeline.ts"
import type { Stored } from "../../server/core/ports.ts"

/** What a log says, folded once: the judge of everything that anyone saw. */
export interface Truth {
  readonly events: readonly Stored[]
  readonly head: Head
  readonly shown: ReadonlyMap<number, Shown>
  /** Whether an account may ever have been given an event. */
  mayHaveSeen(account: Uuid, event: { readonly seq: number }): boolean
}

interface Stay {
  /** What was visible from where, and up to which seq: the last word of a stay is what ended it. */
  from: number
  to: number
}

export function truthOf(stored: readonly Stored[]): Truth {
  let head = emptyHead
  const shown = new Map<number, Shown>()
  const stays = new Map<Uuid, Stay[]>()
  for (const one of stored) {
    const event: Event = { ...one, body: one.body === null ? null : JSON.parse(one.body) }
    const before = head
    head = evolve(head, event)
    keepStays(stays, before, head)
    const seq = subject(event)
    const now = show(shown.get(seq), event)
    if (now) shown.set(seq, now)
  }
  const bySeq = new Map(stored.map((one) => [one.seq, one]))
  return {
    events: stored,
    head,
    shown,
    mayHaveSeen(account, { seq }) {
      const event = bySeq.get(seq)
      return (
        event !== undefined &&
        (stays.get(account) ?? []).some(({ from, to }) => seq <= to && isVisible(event, from))
      )
    },
  }
}

function keepStays(stays: Map<Uuid, Stay[]>, before: Head, after: Head): void {
  if (before.members === after.members) return
  for (const [account, member] of after.members) {
    const all = stays.get(account) ?? []
    const last = all.at(-1)
    if (!before.members.has(account)) all.push({ from: member.from, to: Number.POSITIVE_INFINITY })
    else if (last) last.from = Math.min(last.from, member.from)
    stays.set(account, all)
  }
  for (const account of before.members.keys()) {
    const last = after.members.has(account) ? undefined : stays.get(account)?.at(-1)
    if (last) last.to = after.seq
  }
}
