import { confusables } from "./confusables.ts"
import { foldName } from "./names.ts"

/** More than any name needs; each round replaces what the round before brought forth. */
const ROUNDS_MAX = 4
const LOWER = /\p{Ll}/u
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu

/**
 * What a name looks like: two names with one skeleton may be taken for each other (UTS 39, section 4: normalise, map
 * every character to its prototype, normalise again), in whatever case they are typed. It is for comparing, never for
 * showing. Names are unique by `foldName` and by this; neither covers the other.
 */
export function skeleton(name: string): string {
  const text = name.replace(UNSEEN, "")
  // I, l and 1 are one stroke, and alone the stroke is read as l. Among capitals it is I: NEIL is Neil and not Nell.
  let seen = foldName(prototypes(text, LOWER.test(text.normalize("NFKC")) ? "l" : "I"))
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const next = foldName(prototypes(seen, "l"))
    if (next === seen) break
    seen = next
  }
  return seen
}

function prototypes(text: string, stroke: "l" | "I"): string {
  let out = ""
  for (const character of text.normalize("NFKD")) {
    const prototype = table().get(character) ?? character
    out += prototype === "l" && character !== "l" ? stroke : prototype
  }
  return out.normalize("NFD")
}

let read: ReadonlyMap<string, string> | undefined

/** Read when first asked: most programs that carry the protocol never judge a name. */
function table(): ReadonlyMap<string, string> {
  read ??= new Map(
    confusables
      .trim()
      .split(/\s/)
      .flatMap((entry) => {
        const [prototype = "", characters = ""] = entry.split("=")
        const shown = characterList(prototype, "+").join("")
        return characterList(characters, ",").map((character) => [character, shown] as const)
      }),
  )
  return read
}

function characterList(hex: string, between: string): string[] {
  return hex.split(between).map((each) => String.fromCodePoint(Number.parseInt(each, 16)))
}
