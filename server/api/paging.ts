import type { Uuid } from "../../protocol/ids.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Api } from "./parts.ts"

/** The number of things to give: what was asked for, as far as it is given at once. */
export function limitOf(asked: number | undefined, most: number, usual = Math.min(100, most)): number {
  return Math.min(asked ?? usual, most)
}

/** A page out of a list that is wholly known: what comes behind `isPast`. */
export function pageOf<Item>(
  items: Iterable<Item>,
  isPast: (item: Item) => boolean,
  limit: number,
  cursorOf: (item: Item) => string,
): { readonly page: readonly Item[]; readonly next?: string } {
  const page: Item[] = []
  for (const item of items) {
    if (!isPast(item)) continue
    const last = page.at(-1)
    if (page.length === limit && last) return { page, next: cursorOf(last) }
    page.push(item)
  }
  return { page }
}

/** A place in a log from which to read on, as `next` tells it. */
export interface Direction {
  readonly before?: number | undefined
  readonly after?: number | undefined
}

/** Reads a `next` that `directed` has written; else the fields of the input say where. */
export function directionOf(input: Direction & { readonly next?: string | undefined }): Direction | Refusal {
  const { next, before, after } = input
  if (next === undefined) return { before, after }
  const found = /^(before|after):(\d{1,16})$/.exec(next)
  if (!found) return refuse("bad-input", "next must be what the answer before said.")
  return found[1] === "before" ? { before: Number(found[2]), after } : { after: Number(found[2]), before }
}

export function directed(way: "before" | "after", seq: number): string {
  return `${way}:${seq}`
}

/** An item with the name of its author beside the id, where that was asked for. */
export function withName<Item extends { readonly by: Uuid }>(
  { accounts }: Pick<Api, "accounts">,
  names: boolean | undefined,
  item: Item,
): Item & { readonly name?: string } {
  const name = names ? accounts.account(item.by)?.name : undefined
  return name === undefined ? item : { ...item, name }
}
