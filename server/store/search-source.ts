import type { Cursor } from "./search-index.ts"
import type { Places } from "./search-pages.ts"
import type { Place } from "./search-rows.ts"

/** What the log says of one message. */
export interface Change extends Place {
  readonly room: number
  readonly seq: number
  /** The author's id in hex. */
  readonly by: string
  /** Undefined: the message is gone. */
  readonly text: string | undefined
  /** True for the event that brings the message. */
  readonly fresh: boolean
}

export interface Stretch {
  /** In the order of the log. */
  readonly changes: readonly Change[]
  /** The last event read. */
  readonly to: Cursor
  /** False when the log's end was reached. */
  readonly more: boolean
}

/** The log as the index follows it. */
export interface Source extends Places {
  /** The events after `n`; undefined when there are none. */
  read(n: number): Promise<Stretch | undefined>
  /** True when the log is the one that `cursor` was read from. */
  knows(cursor: Cursor): boolean
}

/** What the index has not read. */
export interface Unread {
  readonly events: number
  /** When the first of them was sent, in milliseconds since 1970. */
  readonly at: number
}

/** What an event of the log is read for. */
export interface LogEvent extends Place {
  readonly room: number
  readonly seq: number
  readonly by: string
  readonly kind: string
  readonly body: string | null
}

/** The message that an event changes. */
export interface Changed extends Place {
  readonly by: string
  readonly seq: number
}

/**
 * What an event means to the index; undefined: nothing. An edit puts the message back at its old place with its newest
 * words. Who reads the log again from the beginning meets erased words nowhere: edits are erased with their message.
 */
export function changeOf(event: LogEvent, target: () => Changed | undefined): Change | undefined {
  switch (event.kind) {
    case "message.posted": {
      const { room, seq, at, n, by, body } = event
      return { room, seq, at, n, by, text: textOf(body), fresh: true }
    }
    case "message.edited":
    case "message.deleted": {
      const changed = target()
      if (!changed) return undefined
      const { seq, at, n, by } = changed
      const text = event.kind === "message.edited" ? textOf(event.body) : undefined
      if (event.kind === "message.edited" && text === undefined) return undefined
      return { room: event.room, seq, at, n, by, text, fresh: false }
    }
    default:
      return undefined
  }
}

function textOf(body: string | null): string | undefined {
  if (body === null) return undefined
  const value: unknown = JSON.parse(body)
  const has = typeof value === "object" && value !== null && "text" in value
  return has && typeof value.text === "string" ? value.text : undefined
}
