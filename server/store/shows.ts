import type { Entry } from "../core/ports.ts"

/** What `place.shows` says of an event. */
export const Shows = {
  /** Changes another event. */
  nothing: 0,
  message: 1,
  erased: 2,
  /** Anything else with a line of its own: someone joined, the topic changed, a kind of a later version. */
  notice: 3,
} as const

export function showsOf({ kind, target }: Pick<Entry, "kind" | "target">): number {
  if (kind === "message.posted") return Shows.message
  return target === undefined ? Shows.notice : Shows.nothing
}
