import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { limits } from "./limits.ts"
import { foldName, isAccountName, isDisplayName, isRoomName } from "./names.ts"

const anything = fc.string({ unit: "binary", maxLength: 80 })
const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 }).map(unitsToText)

function unitsToText(units: number[]): string {
  return String.fromCharCode(...units)
}

function everyCharacter(tell: (character: string) => void) {
  for (let point = 0; point <= 0x10ffff; point++)
    if (point < 0xd800 || point > 0xdfff) tell(String.fromCodePoint(point))
}

describe("an account name", () => {
  test.each([
    ["ada", "letters"],
    ["Ada_Lovelace-1815.x", "digits, underscore, dash, dot"],
    ["[bob]\\^{}|", "what IRC allows in a nick"],
    ["Zoë", "letters with marks"],
    ["дан", "Cyrillic"],
    ["小明", "Han"],
    ["สวัสดี", "marks of Thai"],
    ["हिन्दी", "marks of Devanagari"],
    ["__proto__", "a word that only programs fear"],
    ["constructor", "another one"],
    ["a".repeat(limits.accountNameCharsMax), "32 characters"],
    ["𐐀".repeat(limits.accountNameCharsMax), "32 characters beyond the first plane"],
  ])("may be %p (%s)", (name) => expect(isAccountName(name)).toBe(true))

  test.each([
    ["", "empty"],
    ["ada lovelace", "a space"],
    ["ada\u00a0l", "a space that does not break"],
    ["1ada", "a digit first"],
    ["①ada", "a digit in a circle first"],
    ["-ada", "a dash first"],
    ["ada,bob", "a comma"],
    ["ad*", "a star"],
    ["who?", "a question mark"],
    ["ada!", "an exclamation mark"],
    ["a@b", "an at sign"],
    ["#ada", "a hash"],
    ["ada&bob", "an ampersand"],
    ["+ada", "a plus"],
    ["%ada", "a per cent sign"],
    ["~ada", "a tilde"],
    ["$ada", "a dollar"],
    [":ada", "a colon"],
    ["`ada", "a backtick"],
    ["ada/../bob", "a slash"],
    ["..", "nothing to say aloud"],
    ["___", "nothing to say aloud either"],
    ["ada\u0000", "NUL"],
    ["ada\n", "a line feed"],
    ["ada\u200b", "a zero-width space"],
    ["a\u200dda", "a zero-width joiner"],
    ["a\u00adda", "a soft hyphen"],
    ["\u202eada", "a right-to-left override"],
    ["ada\u2066", "an isolate"],
    ["ada\ufeff", "a byte order mark"],
    ["ada\ufe0f", "a variation selector"],
    ["ada\u034f", "a grapheme joiner"],
    ["ada\u3164", "a Hangul filler"],
    ["ada\u{e0101}", "a variation selector beyond the first plane"],
    ["ada\u17b4", "a vowel that shows nothing"],
    ["\u0301ada", "a mark that would sit on the @"],
    ["a\u0300\u0301\u0302\u0303\u0304", "five marks on a letter"],
    ["Zoe\u0308", "a letter and a mark where there is one character for both"],
    ["a½", "a fraction, which holds a slash"],
    ["a⑴", "a number in brackets"],
    ["ﷺ", "a phrase with spaces in one character"],
    ["ada\ud800", "half a surrogate pair"],
    ["\udc00ada", "the other half"],
    ["room", "the word that calls a room"],
    ["ROOM", "that word in capitals"],
    ["ｒｏｏｍ", "that word in full width"],
    ["Everyone", "another word that calls all"],
    ["a".repeat(limits.accountNameCharsMax + 1), "33 characters"],
  ])("is never %p (%s)", (name) => expect(isAccountName(name)).toBe(false))

  test("holds no character that shows nothing, steers the text or breaks a line", () => {
    const bad: string[] = []
    everyCharacter((character) => {
      if (/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u.test(character) && isAccountName(`ada${character}`))
        bad.push(character)
    })
    expect(bad).toEqual([])
  })

  test("is judged for every text, and is one to fold, to split and to store", () => {
    fc.assert(
      fc.property(fc.oneof(anything, anyUnits), (text) => {
        if (!isAccountName(text) && !isRoomName(text)) return
        expect(text.isWellFormed()).toBe(true)
        expect(text).not.toMatch(/[\s\0,*?!@#&+%~$:`/"'<>]/)
        expect(foldName(text)).not.toMatch(/[\s\0,*?!@#&+%~$:`/"'<>]/)
        expect(foldName(text).length).toBeLessThan(1_024)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe("a room name", () => {
  test("may begin with a digit and be 64 characters long", () => {
    expect(isRoomName("1st-floor")).toBe(true)
    expect(isRoomName("g".repeat(limits.roomNameCharsMax))).toBe(true)
    expect(isRoomName("g".repeat(limits.roomNameCharsMax + 1))).toBe(false)
  })

  test("never has the form of an id, in any case or width", () => {
    expect(isRoomName("01890a5d-ac96-774b-bcce-b302099a8057")).toBe(false)
    expect(isRoomName("01890A5D-AC96-774B-BCCE-B302099A8057")).toBe(false)
    expect(isRoomName("０1890a5d-ac96-774b-bcce-b302099a8057")).toBe(false)
  })

  test.each(["-attic", "the garden", "#garden", "..", "garden\u200b", ""])("is never %p", (name) =>
    expect(isRoomName(name)).toBe(false),
  )
})

describe("a display name", () => {
  test.each([
    "Ada Lovelace",
    "Ada \u{1f469}\u200d\u{1f4bb}",
    "1st & only, really!",
    "שלום",
    "a",
    "O'Neil (he)",
  ])("may be %p", (display) => expect(isDisplayName(display)).toBe(true))

  test.each([
    "",
    "   ",
    " Ada",
    "Ada ",
    "\u200b\u200d",
    "\u2800",
    "\u3164",
    "\u0301",
    "Ada\nBob",
    "Ada\u0000",
    "Ada\u2028Bob",
    "\u202eadA",
    "Ada\u200f",
    "Ada\ud83d",
    "a\u0300\u0301\u0302\u0303\u0304",
    "d".repeat(limits.displayNameCharsMax + 1),
  ])("is never %p", (display) => expect(isDisplayName(display)).toBe(false))
})

describe("the fold of a name", () => {
  test.each([
    ["Ada", "ADA"],
    ["Straße", "STRASSE"],
    ["STRAẞE", "strasse"],
    ["ſam", "SAM"],
    ["ΣΟΦΟΣ", "σοφος"],
    ["Kelvin", "\u212aelvin"],
    ["ａｄａ", "Ada"],
    ["ﬁn", "FIN"],
  ])("is the same for %p and %p", (one, other) => expect(foldName(one)).toBe(foldName(other)))

  test.each([
    ["ada", "adа"],
    ["İ", "I"],
    ["Zoe", "Zoë"],
  ])("differs for %p and %p", (one, other) => expect(foldName(one)).not.toBe(foldName(other)))

  test("does not change when folded again, for every character and beside every Latin mark", () => {
    const changed: string[] = []
    const marks = Array.from({ length: 0x70 }, (_, index) => String.fromCodePoint(0x300 + index))
    const judge = (text: string) => {
      const fold = foldName(text)
      if (foldName(fold) !== fold) changed.push(text)
    }
    everyCharacter(judge)
    for (let point = 0x41; point < 0x600; point++)
      for (const mark of marks) judge(String.fromCodePoint(point) + mark)
    expect(changed).toEqual([])
  })

  test("does not change when folded again, for any text", () => {
    fc.assert(
      fc.property(fc.oneof(anything, anyUnits), (text) => {
        expect(foldName(foldName(text))).toBe(foldName(text))
      }),
      { numRuns: 5_000 },
    )
  })

  test("is the same in upper and in lower case, for any name", () => {
    fc.assert(
      fc.property(anything.filter(isRoomName), (name) => {
        expect(foldName(name.toUpperCase())).toBe(foldName(name))
        expect(foldName(name.toLowerCase())).toBe(foldName(name))
      }),
      { numRuns: 200 },
    )
  })
})
