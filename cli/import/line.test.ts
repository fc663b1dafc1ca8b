import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { limits } from "../../protocol/limits.ts"
import { fitsBytes, isCleanText } from "../../protocol/text.ts"
import { inParts, type Line, readLine } from "./line.ts"

const now = Date.parse("2026-01-01T00:00:00Z")
const good = { i: 7, room: "ubuntu", at: "2004-11-15T12:18:00Z", author: "|trey|", text: "hi", kind: "said" }

const read = (change: object) => readLine(JSON.stringify({ ...good, ...change }), now)

function line(change: object): Line {
  const found = read(change)
  if (typeof found === "string") throw new Error(found)
  return found
}

describe("a line of an import", () => {
  test("is a message with its own time and author", () => {
    expect(line({})).toEqual({ i: 7, room: "ubuntu", at: 1_100_521_080_000, author: "|trey|", text: "hi" })
    expect(line({ kind: "action", replyTo: 3 })).toMatchObject({ action: true, replyTo: 3 })
  })

  test("may have an empty text, and loses what steers terminals", () => {
    expect(line({ text: "" }).text).toBe("")
    expect(line({ text: "a\u001b[2Jb\r\nc\ud800" }).text).toBe("a[2Jb\nc\ufffd")
  })

  test.each([
    ["i", "7", "`i` is a whole number"],
    ["i", -1, "`i` is a whole number"],
    ["room", " ", "`room` is the name"],
    ["author", "", "`author` is the name"],
    ["author", "x".repeat(2_000), "`author` is the name"],
    ["text", null, "`text` is a text"],
    ["kind", "shouted", "`kind` is"],
    ["replyTo", 1.5, "`replyTo` is the `i`"],
    ["at", "15.11.2004", "`at` is a time such as"],
    ["at", "2004-11-31T99:18:00Z", "`at` is a time such as"],
    ["at", "1969-12-31T23:59:59Z", "`at` is a time such as"],
    ["at", 1_100_520_680, "`at` is a time such as"],
    ["at", "2026-01-01T00:00:01Z", "`at` lies in the future"],
  ])("with a wrong `%s` is answered with what to mend", (field, value, sentence) => {
    expect(read({ [field]: value })).toStartWith(sentence)
  })

  test.each(["", "{", "[]", "3", "null", `"text"`, `{"__proto__": {"i": 1}}`])("%p is no message", (text) =>
    expect(typeof readLine(text, now)).toBe("string"),
  )

  test("is a message or a sentence, whatever it holds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const found = readLine(text, now)
        if (typeof found === "string") expect(found).toEndWith(".")
      }),
    )
  })
})

describe("a long text", () => {
  const texts = fc
    .array(fc.oneof(fc.string({ unit: "grapheme", maxLength: 300 }), fc.constantFrom(" ", "\n", "😀")), {
      maxLength: 60,
    })
    .map((all) => all.join("").repeat(8))

  test("comes in parts that fit, and nothing of it is lost", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const parts = inParts(line({ text, replyTo: 3 }))
        expect(parts.map((part) => part.text).join("")).toBe(line({ text }).text)
        for (const part of parts) {
          expect(fitsBytes(part.text, limits.textBytesMax)).toBe(true)
          expect(isCleanText(part.text)).toBe(true)
        }
      }),
      { numRuns: 30 },
    )
  })

  test("has its reply on the first part, and numbers on the others", () => {
    const parts = inParts(line({ text: "word ".repeat(10_000), replyTo: 3 }))
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.map(({ replyTo, part }) => [replyTo, part]).slice(0, 3)).toEqual([
      [3, undefined],
      [undefined, 1],
      [undefined, 2],
    ])
    expect(parts[0]?.text).toEndWith("word ")
  })
})
