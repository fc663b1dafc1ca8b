import { limits } from "../../protocol/limits.ts"
import { isAccountName, isDisplayName } from "../../protocol/names.ts"
import { cleaned } from "../../protocol/text.ts"

const FORBIDDEN = /[^\p{L}\p{M}\p{N}_\-.[\]\\^{}|]+/gu
const UNSEEN = /\p{Default_Ignorable_Code_Point}+/gu
const NAMELESS = "someone"

/**
 * A valid name for someone who was called `original` elsewhere: as much of it as names may hold, with a number behind it
 * where that is taken. Pure; `isTaken` is asked of whole names.
 */
export function mapName(original: string, isTaken: (name: string) => boolean): string {
  const stem = stemOf(original)
  for (let count = 1; ; count++) {
    const suffix = count === 1 ? "" : `_${count}`
    const name = `${[...stem].slice(0, limits.accountNameCharsMax - suffix.length).join("")}${suffix}`
    if (isAccountName(name) && !isTaken(name)) return name
  }
}

function stemOf(original: string): string {
  const text = original.toWellFormed().trim()
  // Once as it was written, once in its compatibility form: ½ and ⑴ are digits that hold a slash and brackets.
  for (const form of ["NFC", "NFKC"]) {
    const kept = text
      .normalize(form)
      .replace(UNSEEN, "")
      .replace(FORBIDDEN, "_")
      .replace(/^\p{M}+/u, "")
    for (const name of [kept, `_${kept}`, `${kept}_`].map(shortened)) if (isAccountName(name)) return name
  }
  return NAMELESS
}

function shortened(name: string): string {
  return [...name].slice(0, limits.accountNameCharsMax).join("").normalize("NFC")
}

/** The original as a display name: one line, nothing that steers it, cut to length; undefined where nothing is left. */
export function mapDisplay(original: string): string | undefined {
  const line = cleaned(original)
    .replace(/[\s\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ")
    .trim()
  const display = [...line].slice(0, limits.displayNameCharsMax).join("").trim()
  return isDisplayName(display) ? display : undefined
}
