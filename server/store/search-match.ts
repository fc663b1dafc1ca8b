import type { SearchTerm } from "../core/ports.ts"
import { authorWord, roomWord, sought } from "./search-words.ts"

/** A beginning shorter than this would have to gather a good part of the index: it is taken as a whole word. */
const BEGINNING_CHARS_MIN = 3

export interface Wanted {
  readonly terms: readonly SearchTerm[]
  /** Ids in hex. */
  readonly authors?: readonly string[] | undefined
  /** The log's keys; absent: rooms are not part of the expression. */
  readonly rooms?: readonly number[] | undefined
}

/**
 * An FTS5 expression, made of quoted words only, so that nothing a person types is ever syntax. Undefined: there is
 * nothing that could be matched. It must hold something that is wanted: a word, an author or a room.
 */
export function matchOf({ terms, authors, rooms }: Wanted): string | undefined {
  const wanted: string[] = []
  const excluded: string[] = []
  for (const term of terms) {
    const found = termMatch(term)
    if (term.excluded) excluded.push(...(found === undefined ? [] : [found]))
    else if (found === undefined) return undefined
    else wanted.push(found)
  }
  if (authors) wanted.push(anyOf(authors.map(authorWord)))
  if (rooms) wanted.push(anyOf(rooms.map(roomWord)))
  if (wanted.length === 0 || authors?.length === 0 || rooms?.length === 0) return undefined
  const all = wanted.join(" AND ")
  return excluded.length === 0 ? all : `(${all}) NOT (${excluded.join(" OR ")})`
}

/** True where no words are asked for, nor an author: all there is. */
export function isAnything({ terms, authors }: Wanted): boolean {
  return terms.length === 0 && authors === undefined
}

/** True where the rooms need not be part of the expression: a word or an author is, or nothing at all. */
export function standsAlone(wanted: Wanted): boolean {
  return isAnything(wanted) || wanted.authors !== undefined || wanted.terms.some((term) => !term.excluded)
}

/** The words in a row, and beside them the marks. Undefined when there is no word in it. */
function termMatch({ text, prefix }: SearchTerm): string | undefined {
  const { words, marks, open } = sought(text)
  const begun = prefix === true && open
  // `apt-g` on its way to `apt-get` is `apt` as yet.
  const cut = begun && words.length > 1 && isShort(words.at(-1))
  if (cut) words.pop()
  const last = words.at(-1)
  if (last === undefined) return undefined
  const goesOn = begun && !cut && !isShort(last)
  const parts = [words.join(" "), ...marks].map((part) => {
    // Of the marks only one at the very end of what was typed can go on, and its word is the last one.
    return goesOn && part.endsWith(last) ? `"${part}" *` : `"${part}"`
  })
  return parts.length === 1 ? parts.join() : `(${parts.join(" AND ")})`
}

function isShort(word = ""): boolean {
  return [...word].length < BEGINNING_CHARS_MIN
}

function anyOf(words: readonly string[]): string {
  return `(${words.map((word) => `"${word}"`).join(" OR ")})`
}
