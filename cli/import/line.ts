import { limits } from "../../protocol/limits.ts"
import { cleaned, fitsBytes } from "../../protocol/text.ts"

/** A message as a file tells it. */
export interface Line {
  /** Names the message in its room; equal times are ordered by it. */
  readonly i: number
  readonly room: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly author: string
  readonly text: string
  readonly action?: true
  /** The `i` of an earlier message of the same room. */
  readonly replyTo?: number
  /** 1, 2, … for the second and later parts of a long message, and for messages that are else alike. */
  readonly part?: number
}

/** Longest name of a room or an author that is still taken for one. */
const NAME_CHARS_MAX = 1_024

/** The message of a line, or what is wrong with it and what to do, as the end of the sentence "Line 12: …". */
export function readLine(text: string, nowMs: number): Line | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return "this is not JSON; each line is one object."
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return 'this is not an object; a line looks like {"i": 0, "room": …}.'
  const { i, room, at, author, text: words, kind, replyTo } = value as { readonly [field: string]: unknown }
  if (!isIndex(i)) return "`i` is a whole number from 0 up, which names the message in its room."
  if (!isName(room)) return "`room` is the name of a room; put it in."
  if (!isName(author)) return "`author` is the name of a person; put it in."
  if (typeof words !== "string") return "`text` is a text; it may be empty, but must be there."
  if (kind !== "said" && kind !== "action") return '`kind` is "said" or "action".'
  if (replyTo !== undefined && !isIndex(replyTo))
    return "`replyTo` is the `i` of an earlier message, or is left out."
  const atMs = typeof at === "string" ? readTime(at) : undefined
  if (atMs === undefined) return "`at` is a time such as 2004-11-15T12:18:00Z, from 1970 on."
  if (atMs > nowMs) return "`at` lies in the future; mend the time."
  return {
    i,
    room,
    at: atMs,
    author,
    text: cleaned(words),
    ...(kind === "action" && { action: true }),
    ...(replyTo !== undefined && { replyTo }),
  }
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= NAME_CHARS_MAX
}

// RFC 3339, section 5.6.
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i

function readTime(text: string): number | undefined {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN
  return ms >= 0 ? Math.floor(ms) : undefined
}

/** A message as pieces that each fit into one event, broken at a line or a word where there is one. */
export function inParts(line: Line): readonly Line[] {
  if (fitsBytes(line.text, limits.textBytesMax)) return [line]
  const parts: Line[] = []
  let rest = line.text
  while (rest !== "") {
    const { replyTo: _, ...plain } = line
    const text = fitsBytes(rest, limits.textBytesMax) ? rest : head(rest)
    parts.push(parts.length === 0 ? { ...line, text } : { ...plain, text, part: parts.length })
    rest = rest.slice(text.length)
  }
  return parts
}

/** No character takes more than 3 bytes a UTF-16 unit. */
const UNITS_MAX = Math.floor(limits.textBytesMax / 3)

/** The beginning of a text that is too long. */
function head(text: string): string {
  const most = text.slice(0, UNITS_MAX)
  const line = most.lastIndexOf("\n") + 1
  const word = most.lastIndexOf(" ") + 1
  const at = line > UNITS_MAX / 2 ? line : word > UNITS_MAX / 2 ? word : UNITS_MAX
  const splitsPair = /[\ud800-\udbff]/.test(most[at - 1] ?? "")
  return most.slice(0, splitsPair ? at - 1 : at)
}

/** The order in which messages of a room happened. */
export function earlier(one: Line, other: Line): number {
  return one.at - other.at || one.i - other.i || (one.part ?? 0) - (other.part ?? 0)
}
