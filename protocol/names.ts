import { limits } from "./limits.ts"

// Letters, marks and digits of any script, and what IRC allows in a nick: _ - . [ ] \ ^ { } |
const FORM = /^[\p{L}\p{M}\p{N}_\-.[\]\\^{}|]+$/u
const FIRST = /^[\p{N}-]/u

/** True for a name that may be typed: DESIGN section 8; normalised to NFC, no leading digit or dash, not `room`. */
export function isAccountName(name: string): boolean {
  return isName(name, limits.accountNameCharsMax) && !FIRST.test(name) && !RESERVED.has(foldName(name))
}

/** Room names follow the same rule at twice the length, and may begin with a digit. */
export function isRoomName(name: string): boolean {
  return isName(name, limits.roomNameCharsMax) && !name.startsWith("-")
}

/** `@room` calls everyone, so nobody may be called that; the others would pass for the server itself. */
const RESERVED = new Set(["room", "all", "everyone", "here", "channel", "parley", "server", "system"])

function isName(name: string, charsMax: number): boolean {
  return (
    name.isWellFormed() && [...name].length <= charsMax && FORM.test(name) && name.normalize("NFC") === name
  )
}

/** The key under which a name is unique: compatibility form, then full case folding as far as the platform has it. */
export function foldName(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC")
}
