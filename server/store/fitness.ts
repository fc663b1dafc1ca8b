import type { Append } from "../core/ports.ts"

const KIND = /^[\x21-\x7e]{1,64}$/

/** Why an append breaks the log's own rules; that is a bug of who made it, and nothing of it is written. */
export function unfit(append: Append, headAtMs: number): string | undefined {
  let last = headAtMs
  for (const { at, kind } of append.entries) {
    if (!KIND.test(kind)) return `There is no kind of event ${kind.slice(0, 40)}.`
    if (!Number.isSafeInteger(at) || at < last)
      return `Time runs backwards in room ${append.room}: ${at} after ${last}.`
    last = at
  }
  return undefined
}

export function erases(append: Append): boolean {
  return append.entries.some((entry) => entry.erases !== undefined)
}
