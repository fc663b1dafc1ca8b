import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { limits } from "../../protocol/limits.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import type { SearchTerm, TypedSearch } from "../core/ports.ts"
import { searchLanguage } from "./query.ts"

const { parse } = searchLanguage
const day = (text: string) => Date.parse(`${text}T00:00:00Z`)
const understood = (typed: string, offsetMinutes?: number): TypedSearch => {
  const found = parse(typed, offsetMinutes)
  if (isRefusal(found)) throw new Error(found.message)
  return found
}
const termsOf = (typed: string) => understood(typed).terms
const sentence = (typed: string) => {
  const found = parse(typed)
  return isRefusal(found) ? found.message : undefined
}

describe("words and phrases", () => {
  test.each<[string, SearchTerm[]]>([
    ["ubuntu", [{ text: "ubuntu", prefix: true }]],
    ["ubuntu ", [{ text: "ubuntu" }]],
    ["grub boot", [{ text: "grub" }, { text: "boot", prefix: true }]],
    ['"how do i"', [{ text: "how do i" }]],
    ['boot "how do i" now', [{ text: "boot" }, { text: "how do i" }, { text: "now", prefix: true }]],
    ["“how do i” ", [{ text: "how do i" }]],
    ["boot -windows", [{ text: "boot" }, { text: "windows", excluded: true }]],
    ['boot -"blue screen" x ', [{ text: "boot" }, { text: "blue screen", excluded: true }, { text: "x" }]],
    ["inst* boot ", [{ text: "inst", prefix: true }, { text: "boot" }]],
    ["boot -inst*", [{ text: "boot" }, { text: "inst", prefix: true, excluded: true }]],
  ])("%p", (typed, terms) => expect(termsOf(typed)).toEqual(terms))

  test.each<[string, SearchTerm[]]>([
    ["/etc/fst", [{ text: "/etc/fst", prefix: true }]],
    ["apt-get", [{ text: "apt-get", prefix: true }]],
    ["apt-", [{ text: "apt-" }]],
    ["c++", [{ text: "c++" }]],
    ["#ubuntu ", [{ text: "#ubuntu" }]],
    ["--force ", [{ text: "--force" }]],
    ["https://example.org/a?b=c#d ", [{ text: "https://example.org/a?b=c#d" }]],
    ["on-line adding:on:it ", [{ text: "on-line" }, { text: "adding:on:it" }]],
    ["🎉 日本 ", [{ text: "🎉" }, { text: "日本" }]],
  ])("technical words stay whole: %p", (typed, terms) => expect(termsOf(typed)).toEqual(terms))

  test("a phrase that is not closed yet goes to the end", () => {
    expect(termsOf('boot "how do')).toEqual([{ text: "boot" }, { text: "how do" }])
  })

  test("what has neither letter, digit nor picture is passed over beside words", () => {
    expect(termsOf(':) boot - -- "" !? -:( ')).toEqual([{ text: "boot" }])
  })
})

describe("filters", () => {
  test("authors and rooms are taken as typed, without their mark", () => {
    const found = understood('FROM:ada from:@|bob| in:#lobby In:garden from:"Cleo Park" -x boot ')
    expect(found.from).toEqual(["ada", "|bob|", "Cleo Park"])
    expect(found.in).toEqual(["lobby", "garden"])
    expect(found.terms).toEqual([{ text: "x", excluded: true }, { text: "boot" }])
  })

  test("a filter needs no word beside it", () => expect(understood("in:lobby").terms).toEqual([]))

  test.each<[string, string | undefined, string | undefined]>([
    ["before:2005-03-01", undefined, "2005-03-01"],
    ["before:2005", undefined, "2005-01-01"],
    ["after:2005", "2006-01-01", undefined],
    ["after:2005-12", "2006-01-01", undefined],
    ["after:2004-02-28", "2004-02-29", undefined],
    ["on:2005-03", "2005-03-01", "2005-04-01"],
    ["on:2005/3/1", "2005-03-01", "2005-03-02"],
    ["on:2005.12.31", "2005-12-31", "2006-01-01"],
    ["after:2005 before:2007-06 on:2007", "2007-01-01", "2007-06-01"],
  ])("%s", (typed, from, to) => {
    const { fromMs, toMs } = understood(typed)
    expect(fromMs).toBe(from === undefined ? undefined : day(from))
    expect(toMs).toBe(to === undefined ? undefined : day(to))
  })

  test("days begin by the person's clock", () => {
    const { fromMs, toMs } = understood("on:2005-03-01", 120)
    expect([fromMs, toMs]).toEqual([day("2005-03-01") - 7_200_000, day("2005-03-02") - 7_200_000])
  })

  test("before, on and after divide all time", () => {
    const period = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
    const length = fc.constantFrom(4, 7, 10)
    fc.assert(
      fc.property(period, length, fc.integer({ min: -840, max: 840 }), (date, chars, offset) => {
        const text = date.toISOString().slice(0, chars)
        const [before, on, after] = ["before", "on", "after"].map((key) =>
          understood(`${key}:${text}`, offset),
        )
        expect(before?.toMs).toBe(on?.fromMs as number)
        expect(after?.fromMs).toBe(on?.toMs as number)
        expect(on?.toMs).toBeGreaterThan(on?.fromMs ?? Number.NaN)
      }),
    )
  })
})

describe("mistakes are told in a sentence", () => {
  test.each([
    ["", "There is nothing to look for; write a word of letters or digits."],
    [" :) ", "There is nothing to look for; write a word of letters or digits."],
    ["-windows", "Say also what to look for; there is only what must not occur."],
    [
      "boot from: ada",
      'A name stands right after from:, as in from:ada; to look for the word itself, write "from" in quotes.',
    ],
    [
      "in:#",
      'A room stands right after in:, as in in:lobby; to look for the word itself, write "in" in quotes.',
    ],
    [
      'on:"',
      'A date stands right after on:, as in on:2005-03; to look for the word itself, write "on" in quotes.',
    ],
    ["boot -from:ada", "Only words can be left out with a minus; from: cannot."],
    ["after:2006 before:2005", "No time is left between these dates; take one of them away."],
    [
      "x".repeat(limits.searchCharsMax + 1),
      "A search can be at most 512 characters long; leave something out.",
    ],
    ["x ".repeat(limits.searchTermsMax + 1), "A search can hold at most 32 words; leave some out."],
  ])("%p", (typed, message) => expect(sentence(typed)).toBe(message))

  test.each([
    "yesterday",
    "2005-13",
    "2005-02-30",
    "2005-00-01",
    "05",
    "20050301",
    "2005-03/01",
    "1969",
    "2005-3-1-1",
  ])("before:%s is no date", (date) =>
    expect(sentence(`before:${date}`)).toBe(
      "After before: stands a year, a month or a day, such as 2005, 2005-03 or 2005-03-01.",
    ),
  )
})

describe("whatever is typed", () => {
  const mark = fc.constantFrom(
    '"',
    "“",
    "”",
    "-",
    "--",
    "*",
    ":",
    "(",
    ")",
    "^",
    "NEAR",
    "OR",
    "AND",
    "NOT",
    "{",
    "}",
    "+",
    "\\",
    "'",
    ";",
    "\0",
    "\t",
    "\n",
    " ",
    "  ",
    "\u00a0",
    "from:",
    "in:",
    "on:",
    "before:",
    "after:2005",
    "text:",
    "\ud800",
    "\u202e",
    "ada",
    "日本",
    "🎉",
    "ß",
    "__proto__",
  )
  const typed = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .array(fc.oneof(mark, fc.string({ unit: "grapheme", maxLength: 4 })), { maxLength: 40 })
      .map((parts) => parts.join("")),
  )

  test("it is understood, or refused as bad input with a sentence", () => {
    fc.assert(
      fc.property(typed, (text) => {
        const found = parse(text)
        if (isRefusal(found)) {
          expect(found.code).toBe("bad-input")
          expect(found.message).toMatch(/^[A-Z].*\.$/)
          return
        }
        expect(found.terms.length).toBeLessThanOrEqual(limits.searchTermsMax)
        for (const { text } of found.terms)
          expect(text).toMatch(/[\p{L}\p{N}\p{Extended_Pictographic}\p{RI}]/u)
        for (const name of [...found.from, ...found.in]) expect(name).not.toBe("")
        expect(found.fromMs ?? 0).toBeLessThan(found.toMs ?? Number.POSITIVE_INFINITY)
      }),
      { numRuns: 3_000 },
    )
  })

  test("what was understood, written out in full, is understood the same", () => {
    const word = fc.stringMatching(/^[a-z0-9#/][a-z0-9+#/.-]{0,8}$/).filter((text) => /[a-z0-9]/.test(text))
    const term = fc.record(
      { text: word, excluded: fc.constant(true as const), prefix: fc.constant(true as const) },
      { requiredKeys: ["text"] },
    )
    const search = fc.record({
      terms: fc.array(term, { maxLength: 5 }),
      from: fc.array(word, { minLength: 1, maxLength: 2 }),
      in: fc.array(
        word.map((text) => text.replace(/^#+/, "x")),
        { maxLength: 2 },
      ),
    })
    fc.assert(
      fc.property(search, ({ terms, from, in: rooms }) => {
        const written = terms.map(({ text, excluded, prefix }) => {
          return `${excluded ? "-" : ""}${prefix ? `${text}*` : `"${text}"`}`
        })
        const text = [...written, ...from.map((name) => `from:${name}`), ...rooms.map((name) => `in:${name}`)]
        expect(understood(`${text.join(" ")} `)).toEqual({ terms, from, in: rooms })
      }),
    )
  })
})
