import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { foldName, isAccountName, isDisplayName } from "../../protocol/names.ts"
import { mapDisplay, mapName } from "./mapping.ts"

const free = () => false

describe("an old name becomes", () => {
  test.each([
    ["ada", "ada", "itself where it may be typed here"],
    ["Ada Lovelace", "Ada_Lovelace", "one word"],
    ["ada`", "ada_", "what may be typed of it"],
    ["`_-ada-_`", "__-ada-__", "what may be typed of it"],
    ["1337", "_1337", "one that does not begin with a digit"],
    ["-ada", "_-ada", "nor with a dash"],
    ["①ada", "_①ada", "nor with a digit in a circle"],
    ["a½", "a1_2", "one without what hides in a fraction"],
    ["room", "_room", "no reserved one"],
    ["Zoe\u0308", "Zoë", "its composed form"],
    ["ada\u200b\ufe0f", "ada", "one in which all is seen"],
    ["\u0301ada", "ada", "one that does not begin with a mark"],
    ["", "someone", "someone"],
    ["!!!", "someone", "someone"],
    ["\ud800", "someone", "someone"],
    ["a".repeat(100), "a".repeat(32), "as much as fits"],
    ["__proto__", "__proto__", "itself, for it is a name like any other"],
  ])("%p: %p, %s", (original, name) => expect(mapName(original, free)).toBe(name))

  test("the next free one with a number behind it, cut so that it fits", () => {
    const taken = new Set(["ada", "ada_2", "a".repeat(32)])
    const isTaken = (name: string) => taken.has(foldName(name))
    expect(mapName("Ada", isTaken)).toBe("Ada_3")
    expect(mapName("A".repeat(40), isTaken)).toBe(`${"A".repeat(30)}_2`)
  })

  test("a valid name, whatever it was and whatever is taken", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 60 }),
          fc.string({ unit: "grapheme", maxLength: 60 }),
        ),
        fc.integer({ min: 0, max: 12 }),
        (original, others) => {
          const taken = new Set<string>()
          const isTaken = (name: string) => taken.has(foldName(name))
          for (let other = 0; other <= others; other++) {
            const name = mapName(original, isTaken)
            expect(isAccountName(name)).toBe(true)
            expect(isTaken(name)).toBe(false)
            taken.add(foldName(name))
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe("an old name is shown as", () => {
  test.each([
    ["Ada Lovelace`", "Ada Lovelace`"],
    ["  two\nlines\t", "two lines"],
    ["Bob \u202eSmith", "Bob Smith"],
    ["nul\0", "nul"],
    ["x".repeat(100), "x".repeat(64)],
  ])("%p: %p", (original, display) => expect(mapDisplay(original)).toBe(display))

  test.each(["", " ", "\u200b", "\0"])("nothing of its own, when nothing is to be seen: %p", (original) =>
    expect(mapDisplay(original)).toBeUndefined(),
  )

  test("a valid display name, whatever it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (original) => {
        const display = mapDisplay(original)
        expect(display === undefined || isDisplayName(display)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
