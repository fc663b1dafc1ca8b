import { isUuid } from "./ids.ts"
import { limits } from "./limits.ts"
import { isCleanLine } from "./text.ts"

// Letters, marks and digits of any script, and what IRC allows in a nick: _ - . [ ] \ ^ { } |
const FORM = /^[\p{L}\p{M}\p{N}_\-.[\]\\^{}|]+$/u
/** Letters and marks that show nothing: fillers, variation selectors. Joiners and bidi controls are no letters at all. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/u
/** More marks on one letter than any script writes: they climb into the lines above. */
const PILED = /\p{M}{5}/u
const SOUND = /[\p{L}\p{N}]/u
const MARK_FIRST = /^\p{M}/u
const FIRST = /^[\p{N}-]/u

/** True for a name that may be typed: DESIGN section 8; normalised to NFC, no leading digit or dash, not reserved. */
export function isAccountName(name: string): boolean {
  return (
    isName(name, limits.accountNameCharsMax) &&
    !FIRST.test(name.normalize("NFKC")) &&
    !reservedNames.has(foldName(name))
  )
}

/** Room names follow the same rule at twice the length; they may begin with a digit and must not pass for a room's id. */
export function isRoomName(name: string): boolean {
  return isName(name, limits.roomNameCharsMax) && !name.startsWith("-") && !isUuid(foldName(name))
}

/**
 * True for a display name: one line of text in which something shows, without what turns the direction of the text
 * around it. Emoji and their joiners are welcome.
 */
export function isDisplayName(display: string): boolean {
  return (
    display.length <= limits.displayNameCharsMax * 2 &&
    isCleanLine(display) &&
    [...display].length <= limits.displayNameCharsMax &&
    !PILED.test(display.normalize("NFD")) &&
    SHOWN.test(display) &&
    display.trim() === display
  )
}

const SHOWN = /[^\s\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u

/** `@room` calls everyone, so nobody may be called that; the others would pass for the server itself. */
export const reservedNames: ReadonlySet<string> = new Set([
  "room",
  "all",
  "everyone",
  "here",
  "channel",
  "parley",
  "server",
  "system",
])

function isName(name: string, charsMax: number): boolean {
  return (
    name.length <= charsMax * 2 &&
    name.isWellFormed() &&
    [...name].length <= charsMax &&
    name.normalize("NFC") === name &&
    FORM.test(name) &&
    // ½ and ⑴ are digits by their class, and hold a slash and brackets.
    FORM.test(name.normalize("NFKC")) &&
    SOUND.test(name) &&
    !MARK_FIRST.test(name) &&
    !UNSEEN.test(name) &&
    !PILED.test(name.normalize("NFD"))
  )
}

/**
 * The key under which a name is unique: compatibility form, then full case folding as far as the platform has it.
 * Lower case first, for the capital ẞ has itself as its capital. Folding what is folded changes nothing.
 */
export function foldName(name: string): string {
  return name.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().normalize("NFKC")
}
