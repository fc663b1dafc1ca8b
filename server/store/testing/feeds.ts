import type { Uuid } from "../../../protocol/ids.ts"
import type { Feed } from "../../core/ports.ts"

export interface Spoken {
  readonly room: Uuid
  readonly seq: number
  readonly at: number
  readonly by: Uuid
  readonly text: string
}

/** Messages as a log that is read in the order they are given. */
export function feedOf(messages: readonly Spoken[]): Feed {
  return {
    next: async (after, limit) => {
      const from = Number(after)
      const events = messages.slice(from, from + limit).map(({ text, ...rest }) => {
        const body = JSON.stringify({ text })
        return { ...rest, id: rest.room, kind: "message.posted", body, check: "" }
      })
      return { events, to: String(from + events.length) }
    },
  }
}
