import type { Append } from "../core/ports.ts"

/** Why an append breaks the log's own rules; that is a bug of who made it, and nothing of it is written. */
export function unfit(append: Append, headAtMs: number): string | undefined {
  let last = headAtMs
  for (const { at } of append.entries) {
    if (!Number.isSafeInteger(at) || at < last)
      return `Time runs backwards in room ${append.room}: ${at} after ${last}.`
    last = at
  }
  return undefined
}

export function erases(append: Append): boolean {
  return append.entries.some((entry) => entry.erases !== undefined)
}
