/**
 * How texts become the words of the index; the same for messages and for what is looked for, so that either both have a
 * word or neither. The index splits at every ASCII character that is no letter or digit and folds ASCII case; all else
 * is done here:
 *
 * - Case, accents, ligatures, full-width forms and invisible characters make no difference.
 * - Scripts without spaces (Chinese, Japanese, Thai, …), Korean and emoji: each character is a word. A run of them is a
 *   phrase, so any part of it is found, single characters too. Pairs of characters would answer faster, but could not find
 *   one character, and a vocabulary of pairs costs more to write than one of characters.
 * - `/etc/fstab` and `apt-get` are phrases of their parts, so the parts are found too. What would be lost that way,
 *   `#` and `$` before a word and `++` and `#` behind it, is kept as a mark: `c++` is not every `c`.
 *
 * Words of people hold no C1 control character; the index's own (rooms, authors, marks) begin with one.
 */

const ASCII = /^[\0-\x7f]*$/
const TRADEMARKS = /[\u2120\u2122]/g
const INVISIBLE = /\p{Default_Ignorable_Code_Point}+/gu
// Marks of their own script carry meaning in most scripts; these only ornament the letter before them.
const ACCENTS = /[[\p{M}&&[\p{sc=Inherited}\p{sc=Hebrew}\p{sc=Arabic}]]--[\u3099\u309a]]+/gv
const CLOSED_LETTERS = /[æðøþđħłŋœŧ]/g
const OPENED: Readonly<Record<string, string>> = {
  æ: "ae",
  ð: "d",
  ø: "o",
  þ: "th",
  đ: "d",
  ħ: "h",
  ł: "l",
  ŋ: "n",
  œ: "oe",
  ŧ: "t",
}
const UNSPACED =
  /[[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Yiii}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tibt}\p{sc=Java}\p{sc=Bali}]&&[\p{L}\p{N}]]\p{M}*|[\p{Extended_Pictographic}\p{Regional_Indicator}]/gv
const BETWEEN_WORDS = /[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]+/gu
const WORD = /[a-z0-9\x80-\u{10ffff}]+/giu

const UNSPACED_ANYWHERE = new RegExp(UNSPACED, "v")

const MARKED = /[#$]|\+\+/
const MARKS = /[#$](?=[\p{L}\p{N}])[\p{L}\p{M}\p{N}]+/gu
const MARKS_BEHIND = /(?<![\p{L}\p{M}\p{N}])[\p{L}\p{M}\p{N}]+(?:\+\+|#(?![\p{L}\p{N}]))/gu
const SIGNS = { room: "\x80", author: "\x81", "#": "\x82", $: "\x83", "++": "\x84", behind: "\x85" } as const

/** The index's word for messages of a room; `key` is the log's own for it. */
export function roomWord(key: number): string {
  return `${SIGNS.room}${key.toString(36)}`
}

/** The index's word for messages of an author. The last 8 bytes of an id are random, so they tell accounts apart. */
export function authorWord(idHex: string): string {
  return `${SIGNS.author}${idHex.slice(16).toLowerCase()}`
}

/** A text as the index takes it: its words, folded, then its marks. */
export function indexed(text: string): string {
  const plain = ASCII.test(text)
  if (plain && !MARKED.test(text)) return text
  const folded = plain ? text : fold(text)
  const marks = MARKED.test(folded) ? ` ${marksOf(folded).join(" ")}` : ""
  return (plain ? folded : separate(folded)) + marks
}

/** What a person looks for, as words of the index that follow each other, and marks that must stand beside them. */
interface Sought {
  readonly words: string[]
  readonly marks: readonly string[]
  /** The last word is one to which letters can be added. */
  readonly open: boolean
}

export function sought(text: string): Sought {
  const folded = fold(text)
  const words = separate(folded).match(WORD) ?? []
  const open = !UNSPACED_ANYWHERE.test(words.at(-1) ?? "")
  return { words: words.map((word) => word.toLowerCase()), marks: marksOf(folded), open }
}

function fold(text: string): string {
  return text
    .replace(TRADEMARKS, " ")
    .normalize("NFKD")
    .replace(INVISIBLE, "")
    .replace(ACCENTS, "")
    .toUpperCase()
    .toLowerCase()
    .replaceAll("ς", "σ")
    .replace(CLOSED_LETTERS, (letter) => OPENED[letter] ?? letter)
    .normalize("NFC")
}

function separate(folded: string): string {
  return folded.replace(UNSPACED, " $& ").replace(BETWEEN_WORDS, " ")
}

/** Only in scripts with spaces: in the others every part of a run must be found. */
function marksOf(folded: string): string[] {
  const before = (folded.match(MARKS) ?? []).map((mark) => {
    return SIGNS[mark.startsWith("#") ? "#" : "$"] + mark.slice(1)
  })
  const behind = (folded.match(MARKS_BEHIND) ?? []).map((mark) => {
    return mark.endsWith("++") ? SIGNS["++"] + mark.slice(0, -2) : SIGNS.behind + mark.slice(0, -1)
  })
  return [...before, ...behind].filter((mark) => !UNSPACED_ANYWHERE.test(mark))
}
