import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { limits } from "./limits.ts"
import {
  cleaned,
  fitsBytes,
  isBlank,
  isCleanLine,
  isCleanText,
  mentions,
  qualifiedEmoji,
  withoutCode,
} from "./text.ts"

const anyText = fc.string({ unit: "binary", maxLength: 200 })

describe("a text's size", () => {
  test("[LIMIT-1] is counted in bytes of UTF-8", () => {
    fc.assert(
      fc.property(anyText, fc.nat(400), (text, bytesMax) => {
        expect(fitsBytes(text, bytesMax)).toBe(new TextEncoder().encode(text).length <= bytesMax)
      }),
    )
  })
})

describe("[TEXT-1] a clean text", () => {
  test.each(["", "Good morning", "tab\tand\nline", "שלום \u200fעולם", "👩‍🌾", "a\u0301", "\u2028"])(
    "may be %j",
    (text) => expect(isCleanText(text)).toBe(true),
  )

  test.each(["\u0000", "a\u0007", "\r\n", "\u001b[31m", "\u007f", "\u0085", "\u009b", "\ud800", "\udc00a"])(
    "may not be %j",
    (text) => expect(isCleanText(text)).toBe(false),
  )

  test("is what cleaning makes of any text, and stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), (text) => {
        expect(isCleanText(cleaned(text))).toBe(true)
        if (isCleanText(text)) expect(cleaned(text)).toBe(text)
      }),
    )
    expect(cleaned("a\r\nb\rc\u0000\ud800")).toBe("a\nb\nc\ufffd")
  })
})

describe("[TEXT-2] a line", () => {
  test.each(["", "What grows in May", "שלום", "été", "👍"])("may be %j", (text) =>
    expect(isCleanLine(text)).toBe(true),
  )

  test.each([
    "a\nb",
    "a\tb",
    "a\u2028b",
    "a\u2029b",
    "\u202eevil",
    "\u2066a",
    "\u200fa",
    "\u061ca",
    "\u0000",
  ])("may not be %j", (text) => expect(isCleanLine(text)).toBe(false))
})

describe("[TEXT-1] what shows nothing", () => {
  test.each([
    "",
    " \t\n",
    "\u200b\u200d\u2060\ufeff",
    "\u202e\u2069",
    "\ufe0f",
    "\u{e0100}",
    "\u{e0041}",
    "\u00ad",
  ])("is blank: %j", (text) => expect(isBlank(text)).toBe(true))
  test.each([
    "\u034f",
    "\u115f\u1160\u3164\uffa0",
    "\u17b4",
    "\u180e",
    "\u2800",
    "\ufff9\ufffc",
    "\u2028\u3000",
  ])("is blank though it is called a letter, a mark or a symbol: %j", (text) =>
    expect(isBlank(text)).toBe(true),
  )
  test.each([".", "\u200ba", "👍", "\u0600", "\ufffd", "\ue000", "  |  "])("%j is not blank", (text) =>
    expect(isBlank(text)).toBe(false),
  )
})

describe("mentions", () => {
  const names = (text: string) => mentions(text).names.map((readings) => readings.join(" or "))

  test.each([
    ["@ada", "ada"],
    ["Good morning, @ada!", "ada"],
    ["@ada: look", "ada"],
    ["(@ada)", "ada"],
    ["@ada, @bob and @cleo", "ada bob cleo"],
    ["*@ada*", "ada"],
    ["\n@ada\n", "ada"],
    ["@Zoë @Ωmega @名前", "Zoë Ωmega 名前"],
    ["@ada's roses", "ada"],
    ["@ada@bob", "ada"],
  ])("[MENTION-1] %j calls %s", (text, expected) => {
    expect(mentions(text).room).toBe(false)
    expect(names(text).join(" ")).toBe(expected)
  })

  test.each([
    ["Was it @ada.", "ada. or ada"],
    ["@ada...", "ada... or ada.. or ada. or ada"],
    ["_@ada_", "ada_ or ada"],
    ["[@ada]", "ada] or ada"],
    ["@ada|away", "ada|away"],
    ["@ada-", "ada- or ada"],
    ["@j.r.", "j.r. or j.r"],
  ])("[MENTION-1] where a name may end in marks, the longest is tried first: %j", (text, expected) => {
    expect(names(text)).toEqual([expected])
  })

  test.each([
    "ada@example.org",
    "a.@b",
    "https://example.org/@ada",
    "@@ada",
    "@ ada",
    "@",
    "@,",
    "é@ada",
    "x_@ada",
  ])("[MENTION-1] %j calls nobody", (text) => expect(mentions(text)).toEqual({ names: [], room: false }))

  test.each(["@room", "@Room!", "@room.", "hey @ROOM, look"])("[MENTION-1] %j calls the room", (text) =>
    expect(mentions(text)).toEqual({ names: [], room: true }),
  )

  test.each([
    "`@ada`",
    "``a ` @ada``",
    "look: `x\n@ada` there",
    "```\n@ada\n```",
    "```ts\n@ada",
    "a\n```\n@ada\n```\nb",
    "````\n@ada\n````",
    "`@room`",
  ])("[MENTION-2] in code nobody is called: %j", (text) =>
    expect(mentions(text)).toEqual({ names: [], room: false }),
  )

  test.each([
    ["`code` @ada `code`", "ada"],
    ["`` unequal ` @ada", "ada"],
    ["` alone @ada", "ada"],
    ["```\ncode\n```\n@ada", "ada"],
    ["```code``` @ada", "ada"],
    ["@ada ```\n", "ada"],
  ])("[MENTION-2] beside code they are: %j", (text, expected) => expect(names(text)).toEqual([expected]))

  test("[MENTION-3] at most so many", () => {
    const many = Array.from({ length: 80 }, (_, at) => `@a${at}`).join(" ")
    expect(mentions(many).names).toHaveLength(limits.mentionsPerMessageMax)
    expect(mentions("@ada @ada @ada").names).toHaveLength(1)
  })

  test("[MENTION-1] names longer than any account's are none", () => {
    const long = "a".repeat(limits.accountNameCharsMax)
    expect(names(`@${long}`)).toEqual([long])
    expect(names(`@${long}a`)).toEqual([])
    expect(names(`@${long}.`)).toEqual([long])
  })
})

describe("hostile texts take no longer than others of their size, else this would not end", () => {
  const size = 1_048_576
  const repeated = (part: string) => part.repeat(Math.ceil(size / part.length))
  const growing = Array.from({ length: 1_400 }, (_, run) => "`".repeat(run + 1)).join("a")

  test.each([
    ["one run of backticks", "`".repeat(size)],
    ["single backticks", repeated("`a")],
    ["runs that never meet their like", growing],
    ["two sorts of runs", repeated("``a`")],
    ["half a fence a line", repeated("```x`\n")],
    ["fences", repeated("```\n")],
    ["a long line that begins like a fence", `\`\`\`${"x".repeat(size)}\``],
    ["at signs", "@".repeat(size)],
    ["names", repeated("@a")],
    ["underscores before names", repeated(`${"_".repeat(10_000)}@a`)],
    ["one endless name", `@${"a".repeat(size)}`],
    ["names that end in marks", repeated(` @a${".".repeat(70)}`)],
    ["blanks with something at the end", `${" ".repeat(size)}x`],
  ])("%s", (_, text) => {
    expect(mentions(text).names.length).toBeLessThanOrEqual(limits.mentionsPerMessageMax)
    expect(withoutCode(text).length).toBeLessThanOrEqual(text.length + 1)
    expect(isBlank(text)).toBe(false)
    expect(isCleanText(text)).toBe(true)
  })
})

describe("[TEXT-3] an emoji", () => {
  test.each([
    "👍",
    "👍🏽",
    "❤️",
    "🏳️‍🌈",
    "👁️‍🗨️",
    "1️⃣",
    "🇩🇪",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "👩🏽‍❤️‍💋‍👨🏿",
    "☝🏽",
    "🫱🏻‍🫲🏿",
    "👨‍👩‍👧‍👦",
    "⛹🏿‍♀️",
  ])("%s is itself", (emoji) => expect(qualifiedEmoji(emoji)).toBe(emoji))

  test.each([
    ["❤", "❤️"],
    ["1\u20e3", "1️⃣"],
    ["🏳\u200d🌈", "🏳️‍🌈"],
    ["👍\ufe0f", "👍"],
    ["☝\ufe0f🏽", "☝🏽"],
    ["©", "©️"],
  ])("%j is written %s", (emoji, full) => {
    expect(qualifiedEmoji(emoji)).toBe(full)
    expect(qualifiedEmoji(full)).toBe(full)
  })

  test.each([
    "",
    "a",
    "1",
    "👍👍",
    "👍 ",
    "+1",
    ":rose:",
    "🇩",
    "\u200d",
    "\ufe0f",
    "👩\u200d",
    "👩‍".repeat(20),
    "🏽",
  ])("%j is none", (text) => expect(qualifiedEmoji(text)).toBeUndefined())

  test("of any text is undefined or its own full form", () => {
    const parts = fc.constantFrom(
      "👍",
      "❤",
      "\ufe0f",
      "\u200d",
      "🏽",
      "🇩",
      "1",
      "\u20e3",
      "\u{e0067}",
      "\u{e007f}",
      "🏴",
    )
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (some) => {
        const full = qualifiedEmoji(some.join(""))
        if (full !== undefined) expect(qualifiedEmoji(full)).toBe(full)
      }),
    )
  })
})
