import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { generatePassword } from "./passwords.ts"
import { progressLine } from "./progress.ts"
import { typed } from "./prompt.ts"
import { table } from "./table.ts"
import { counted, duration, harmless, size, wrapped } from "./terminal.ts"

describe("numbers for people", () => {
  test("are grouped, with the right word behind them", () => {
    expect(counted(1, "message")).toBe("1 message")
    expect(counted(232_815, "message")).toBe("232,815 messages")
    expect(counted(2, "person", "people")).toBe("2 people")
  })

  test("have the unit that fits", () => {
    expect([0, 999, 1_000, 7_901_601, 123_456_789_012].map(size)).toEqual([
      "0 bytes",
      "999 bytes",
      "1.0 KB",
      "7.9 MB",
      "123 GB",
    ])
    expect([40, 12_400, 200_000, 7_500_000].map(duration)).toEqual([
      "0.0 s",
      "12 s",
      "3 min 20 s",
      "2 h 5 min",
    ])
  })
})

describe("a progress line", () => {
  const options = { what: "Importing", total: 1_000 }

  test("says how far, how fast and how long still", () => {
    expect(progressLine(options, 250, 1_000, 100)).toBe(
      "Importing  [#######.....................]  25 %  250 of 1,000  250/s  3.0 s left",
    )
  })

  test("has a shorter bar where there is less room, and never breaks the line", () => {
    const real = { what: "Reading", total: 7_901_601, shown: size }
    for (let width = 40; width <= 200; width++) {
      const line = progressLine(real, 5_500_000, 437, width)
      if (line.includes("[")) expect(line.length).toBeLessThan(width)
    }
    expect(progressLine(options, 232, 1_000, 80)).toContain("[")
    expect(progressLine(real, 5_500_000, 437, 80)).toContain("[####")
  })

  test("has no bar where it would not fit, or where nobody watches", () => {
    expect(progressLine(options, 250, 1_000, 40)).not.toContain("[")
    expect(progressLine(options, 250, 1_000, undefined)).toBe(
      "Importing  25 %  250 of 1,000  250/s  3.0 s left",
    )
  })

  test("tells only what is done where nobody knows the whole", () => {
    expect(progressLine({ what: "Exporting", total: undefined }, 500, 1_000, 80)).toBe(
      "Exporting  500  500/s",
    )
  })
})

describe("a table", () => {
  test("has its columns under their heads, also with wide characters", () => {
    const text = table(
      [{ head: "NAME" }, { head: "SHOWN AS" }, { head: "SEEN", right: true }],
      [
        ["ada", "Ada", "1"],
        ["bob", "ボブ", "10"],
      ],
    )
    expect(text).toBe("NAME  SHOWN AS  SEEN\nada   Ada          1\nbob   ボブ        10")
  })
})

describe("a password that is typed", () => {
  const type = (keys: string) => {
    let text = ""
    for (const key of keys) {
      const next = typed(text, key)
      if (next.is !== "typing") return next
      text = next.text
    }
    return { is: "typing", text }
  }

  test("ends with Enter", () =>
    expect(type("correct horse\r")).toEqual({ is: "entered", text: "correct horse" }))

  test("can be corrected, a whole character at a time", () => {
    expect(type("ab\x7fc\r")).toEqual({ is: "entered", text: "ac" })
    expect(type("a😀\x7fb\r")).toEqual({ is: "entered", text: "ab" })
    expect(type("wrong\x15right\n")).toEqual({ is: "entered", text: "right" })
  })

  test("can be given up with Ctrl-C", () => {
    expect(type("abc\x03")).toEqual({ is: "given up" })
    expect(type("\x04")).toEqual({ is: "given up" })
  })
})

describe("a password that is made up", () => {
  test("has four groups of five signs and is another every time", () => {
    expect(generatePassword()).toMatch(/^([2-9a-km-z]{5}-){3}[2-9a-km-z]{5}$/)
    expect(generatePassword()).not.toBe(generatePassword())
  })
})

describe("text on the terminal", () => {
  test("never steers it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) =>
        expect(harmless(text)).not.toMatch(/[\p{Cc}\p{Cf}]/u),
      ),
    )
    expect(harmless("a\x1b[2Jb")).toBe("a\ufffd[2Jb")
  })

  test("is broken between words", () => {
    expect(wrapped("one two three", 7, "  ")).toBe("one two\n  three")
    expect(wrapped("unbreakable", 4)).toBe("unbreakable")
  })
})
