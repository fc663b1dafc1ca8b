import { limits } from "./limits.ts"

const encoder = new TextEncoder()

/** UTF-8 length in bytes, without encoding when the count of UTF-16 units already decides. */
export function fitsBytes(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return false
  if (text.length * 3 <= bytesMax) return true
  return encoder.encode(text).length <= bytesMax
}

// C0 and C1 controls except tab and line feed; they steer terminals and carry nothing a message needs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/

/** True for a text that may stand in an event: well-formed Unicode, no control characters, short enough. */
export function isCleanText(text: string, bytesMax: number = limits.textBytesMax): boolean {
  return text.isWellFormed() && !CONTROL.test(text) && fitsBytes(text, bytesMax)
}

/** For imports, which must not fail on what people once wrote: controls go, broken surrogates become U+FFFD. */
export function cleaned(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(new RegExp(CONTROL, "g"), "")
}

// What shows nothing by itself: spaces, format characters, joiners, fillers.
const BLANK = /^[\s\p{Cf}\p{Zs}\u115f\u1160\u2800\u3164\uffa0]*$/u

/** True for a text in which a person would see nothing. */
export function isBlank(text: string): boolean {
  return BLANK.test(text)
}

/** The names a text mentions with `@`, as typed and without the `@`, and whether it calls the whole room. */
export function mentions(text: string): { readonly names: readonly string[]; readonly room: boolean } {
  if (!text.includes("@")) return NOBODY
  const names = new Set<string>()
  let room = false
  for (const found of withoutCode(text).matchAll(MENTION)) {
    const name = (found[1] ?? "").replace(/[.-]+$/, "")
    if (name.toLowerCase() === "room") room = true
    else if (name !== "") names.add(name)
  }
  return { names: [...names], room }
}

const NOBODY = { names: [], room: false } as const
const MENTION = /(?<![\p{L}\p{N}_@/.])@([\p{L}\p{M}\p{N}_.[\]\\^{}|-]{1,64})/gu

/** The text without code spans and fences: what is quoted there calls nobody. */
function withoutCode(text: string): string {
  return text.includes("`")
    ? text.replace(/```[\s\S]*?(?:```|$)/g, " ").replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, " ")
    : text
}
