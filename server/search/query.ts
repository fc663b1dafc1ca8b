import { limits } from "../../protocol/limits.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { SearchLanguage, SearchTerm, TypedSearch } from "../core/ports.ts"
import { readPeriod } from "./period.ts"

/**
 * What people type into the search field:
 *
 *     words            all must occur, in any order; the last one may go on (`inst` finds `install`)
 *     "exact phrase"   these words in a row
 *     -word            must not occur; also -"a phrase"
 *     word*            may go on, wherever it stands
 *     from:ada         written by ada; several: by any of them
 *     in:lobby         in this room; several: in any of them
 *     on:2005-03       in that year, month or day; `before:` it begins, `after:` it has ended
 *
 * Whatever is typed is read; a mistake is answered by a sentence that says how to mend it.
 */
export const searchLanguage: SearchLanguage = { parse }

const OPERATORS = ["from", "in", "before", "after", "on"] as const
type Operator = (typeof OPERATORS)[number]

interface Piece {
  readonly minus: boolean
  readonly operator?: Operator
  readonly text: string
  readonly quoted: boolean
  /** Nothing was typed after it, not even a space. */
  readonly last: boolean
}

// Keyboards of phones turn straight quotes into these.
const QUOTES = '"\u201c\u201d\u201e\u201f'
const PIECE = new RegExp(
  `\\s*(-(?=[^\\s-]))?(?:(${OPERATORS.join("|")}):)?(?:[${QUOTES}]([^${QUOTES}]*)(?:[${QUOTES}]|$)|([^\\s${QUOTES}]+))?`,
  "giuy",
)
const SEARCHABLE = /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u
const MAY_GO_ON = /[\p{L}\p{M}\p{N}]$/u

function parse(text: string, offsetMinutes = 0): TypedSearch | Refusal {
  if (text.length > limits.searchCharsMax)
    return mistake(`A search can be at most ${limits.searchCharsMax} characters long; leave something out.`)
  const pieces = piecesOf(text)
  const terms = pieces.flatMap((piece) => (piece.operator ? [] : (termOf(piece) ?? [])))
  if (terms.length > limits.searchTermsMax)
    return mistake(`A search can hold at most ${limits.searchTermsMax} words; leave some out.`)
  const filters = filtersOf(pieces, offsetMinutes)
  if ("code" in filters) return filters
  const filtered = pieces.some((piece) => piece.operator)
  if (!filtered && terms.length === 0)
    return mistake("There is nothing to look for; write a word of letters or digits.")
  if (!filtered && terms.every((term) => term.excluded))
    return mistake("Say also what to look for; there is only what must not occur.")
  return { terms, ...filters }
}

function mistake(sentence: string): Refusal {
  return refuse("bad-input", sentence)
}

function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  const pattern = new RegExp(PIECE)
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text)
    if (!found || found[0] === "") break
    const [, minus, key, phrase, word] = found
    const operator = OPERATORS.find((one) => one === key?.toLowerCase())
    if (!operator && phrase === undefined && word === undefined) continue
    pieces.push({
      minus: minus !== undefined,
      ...(operator && { operator }),
      text: phrase ?? word ?? "",
      quoted: phrase !== undefined,
      last: pattern.lastIndex === text.length,
    })
  }
  return pieces
}

/** Undefined for a piece in which nothing can be looked for, such as `:)`. */
function termOf({ minus, text, quoted, last }: Piece): SearchTerm | undefined {
  const starred = !quoted && text.endsWith("*")
  const word = starred ? text.replace(/\*+$/, "") : text
  if (!SEARCHABLE.test(word)) return undefined
  const goesOn = starred || (last && !quoted && !minus && MAY_GO_ON.test(word))
  return { text: word, ...(goesOn && { prefix: true }), ...(minus && { excluded: true }) }
}

type Filters = Omit<TypedSearch, "terms">

function filtersOf(pieces: readonly Piece[], offsetMinutes: number): Filters | Refusal {
  const from: string[] = []
  const rooms: string[] = []
  let fromMs = Number.NEGATIVE_INFINITY
  let toMs = Number.POSITIVE_INFINITY
  for (const { operator, minus, text } of pieces) {
    if (!operator) continue
    if (minus) return mistake(`Only words can be left out with a minus; ${operator}: cannot.`)
    const value = text.trim().replace(operator === "from" ? /^@/ : operator === "in" ? /^#/ : "", "")
    if (value === "") return mistake(missing[operator])
    if (operator === "from") from.push(value)
    else if (operator === "in") rooms.push(value)
    else {
      const period = readPeriod(value, offsetMinutes)
      if (!period)
        return mistake(
          `After ${operator}: stands a year, a month or a day, such as 2005, 2005-03 or 2005-03-01.`,
        )
      if (operator !== "before") fromMs = Math.max(fromMs, operator === "on" ? period.fromMs : period.toMs)
      if (operator !== "after") toMs = Math.min(toMs, operator === "on" ? period.toMs : period.fromMs)
    }
  }
  if (fromMs >= toMs) return mistake("No time is left between these dates; take one of them away.")
  return {
    from,
    in: rooms,
    ...(Number.isFinite(fromMs) && { fromMs }),
    ...(Number.isFinite(toMs) && { toMs }),
  }
}

const quoting = (word: string) => `to look for the word itself, write "${word}" in quotes.`

const missing: Readonly<Record<Operator, string>> = {
  from: `A name stands right after from:, as in from:ada; ${quoting("from")}`,
  in: `A room stands right after in:, as in in:lobby; ${quoting("in")}`,
  before: `A date stands right after before:, as in before:2005-03-01; ${quoting("before")}`,
  after: `A date stands right after after:, as in after:2005; ${quoting("after")}`,
  on: `A date stands right after on:, as in on:2005-03; ${quoting("on")}`,
}
