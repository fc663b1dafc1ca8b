import { limits } from "./limits.ts"

const encoder = new TextEncoder()

/** Whether a text takes at most so many bytes of UTF-8; encodes it only where its length does not decide already. */
export function fitsBytes(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return false
  if (text.length * 3 <= bytesMax) return true
  return encoder.encode(text).length <= bytesMax
}

// C0 and C1 controls except tab and line feed; they steer terminals and carry nothing a message needs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g

/** True for a text that may stand in an event: well-formed Unicode without control characters but tab and line feed. */
export function isCleanText(text: string): boolean {
  return text.isWellFormed() && !CONTROL.test(text)
}

// What breaks a line or turns the direction of the words around it, which a topic or a reason shares its line with.
const STEERING = /[\t\n\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** True for a clean text of one line that stays within itself: topics, reasons. */
export function isCleanLine(text: string): boolean {
  return isCleanText(text) && !STEERING.test(text)
}

/** For imports, which must not fail on what people once wrote: controls go, broken surrogates become U+FFFD. */
export function cleaned(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(CONTROLS, "")
}

// Spaces, joiners, direction marks, fillers and selectors; Braille blank and annotation marks are not among the ignorable.
const BLANK = /^[\s\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffc]*$/u

/** True for a text in which a person would see nothing. */
export function isBlank(text: string): boolean {
  return BLANK.test(text)
}

/** Whom a text calls with `@`. */
interface Mentions {
  /**
   * For each `@`, in order, the names it may mean, longest first: a name may end in the marks that also end a sentence.
   * The first of them that is an account's name is who is meant. At most `mentionsPerMessageMax`.
   */
  readonly names: readonly (readonly string[])[]
  /** Whether it calls the whole room. */
  readonly room: boolean
}

const NOBODY: Mentions = { names: [], room: false }
// Not behind a letter, digit, dot, slash or another @: that is an e-mail address, a path or a play on words. (`_` is emphasis.)
const MENTION = /(?<![\p{L}\p{M}\p{N}@/.]_*)@([\p{L}\p{M}\p{N}_.[\]\\^{}|-]{1,64})/gu
const LAST_MARK = /[_.[\]\\^{}|-]$/

/** The names a text mentions, as typed; what stands in code calls nobody. */
export function mentions(text: string): Mentions {
  if (!text.includes("@")) return NOBODY
  const names = new Map<string, readonly string[]>()
  let room = false
  for (const [, typed = ""] of withoutCode(text).matchAll(MENTION)) {
    const readings = readingsOf(typed)
    if (readings.at(-1)?.toLowerCase() === "room") room = true
    else if (readings.length > 0 && names.size < limits.mentionsPerMessageMax) names.set(typed, readings)
  }
  return { names: [...names.values()], room }
}

function readingsOf(typed: string): readonly string[] {
  const readings: string[] = []
  for (let name = typed; name !== ""; name = name.slice(0, -1)) {
    if ([...name].length <= limits.accountNameCharsMax) readings.push(name)
    if (!LAST_MARK.test(name)) break
  }
  return readings
}

/**
 * The text without its code: a line that begins with three or more backticks and holds no others opens a block, up to the
 * next such line or the end; elsewhere a run of backticks opens a span, up to the next run as long. Linear in time.
 */
export function withoutCode(text: string): string {
  if (!text.includes("`")) return text
  return text
    .split(/^`{3,}[^`\n]*$/m)
    .map((part, index) => (index % 2 === 1 ? "" : withoutSpans(part)))
    .join(" ")
}

function withoutSpans(text: string): string {
  const runs = [...text.matchAll(/`+/g)]
  const byLength = new Map<number, number[]>()
  for (const { 0: run, index } of runs) {
    const known = byLength.get(run.length)
    if (known) known.push(index)
    else byLength.set(run.length, [index])
  }
  // Each run is looked at once, in order, so the nearest end of its length is found by reading that list forward.
  for (const starts of byLength.values()) starts.reverse()
  let kept = ""
  let at = 0
  for (const { 0: run, index } of runs) {
    if (index < at) continue
    const starts = byLength.get(run.length) ?? []
    while ((starts.at(-1) ?? Number.POSITIVE_INFINITY) <= index) starts.pop()
    const end = starts.at(-1)
    if (end === undefined) continue
    kept += `${text.slice(at, index)} `
    at = end + run.length
  }
  return kept + text.slice(at)
}

const PICTURE = "\\p{Extended_Pictographic}\\ufe0f?\\p{EMod}?(?:[\\u{e0020}-\\u{e007e}]+\\u{e007f})?"
const EMOJI = new RegExp(`^(?:${PICTURE}(?:\\u200d${PICTURE})*|\\p{RI}{2}|[0-9#*]\\ufe0f?\\u20e3)$`, "u")

/**
 * One emoji (UTS 51) in its fully qualified form, so that a heart with and without its selector is one reaction;
 * undefined for anything else. Whether a font has it is not asked: the next year's emoji are emoji too.
 */
export function qualifiedEmoji(text: string): string | undefined {
  if (!fitsBytes(text, limits.emojiBytesMax) || !EMOJI.test(text)) return undefined
  return text
    .replaceAll("\ufe0f", "")
    .replace(
      /[0-9#*](?=\u20e3)|(?!\p{Emoji_Presentation})\p{Extended_Pictographic}(?!\p{EMod})/gu,
      "$&\ufe0f",
    )
}
