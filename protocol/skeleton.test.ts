import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { confusables } from "./confusables.ts"
import { isAccountName, isRoomName } from "./names.ts"
import { skeleton } from "./skeleton.ts"

describe("names that look alike share a skeleton", () => {
  test.each([
    ["Ada", "ADA", "in capitals"],
    ["Ada", "аda", "with a Cyrillic а"],
    ["Ada", "Аda", "with a Cyrillic capital"],
    ["Ada", "ａｄａ", "in full width"],
    ["Ada", "𝐀𝐝𝐚", "in mathematical bold"],
    ["Ada", "α\u0501а", "with Greek and Cyrillic"],
    ["paypal", "paypaI", "with a capital I for l"],
    ["paypal", "paypa1", "with a 1 for l"],
    ["paypal", "ΡΑΥΡΑL", "in Greek capitals"],
    ["Bill", "ВILL", "in capitals, one of them Cyrillic"],
    ["Mario", "Мario", "with a Cyrillic М, although m alone looks like rn"],
    ["modern", "modem", "with m for rn"],
    ["Bob", "B0b", "with a nought"],
    ["Cleo", "Сlео", "mostly in Cyrillic"],
    ["Dan", "Dаn\ufe0f", "with a selector that shows nothing"],
    ["eve", "еvе", "with Cyrillic е"],
    ["lobby", "Iobby", "a room as well"],
  ])("%p and %p (%s)", (one, other) => expect(skeleton(other)).toBe(skeleton(one)))

  test("whatever the table calls alike is alike in a name", () => {
    for (const entry of confusables.trim().split(/\s/)) {
      const [prototype = "", ...characters] = entry
        .split(/[=,]/)
        .map((hex) => String.fromCodePoint(...hex.split("+").map((point) => Number.parseInt(point, 16))))
      for (const character of characters) expect(skeleton(`a${character}`)).toBe(skeleton(`a${prototype}`))
    }
  })
})

describe("names that differ to the eye keep apart", () => {
  test.each([
    ["Neil", "Nell"],
    ["NEIL", "Nell"],
    ["Elia", "Ella"],
    ["Zoe", "Zoë"],
    ["Ada", "Adam"],
    ["a.da", "ada"],
    ["дан", "dan"],
  ])("%p and %p", (one, other) => expect(skeleton(other)).not.toBe(skeleton(one)))
})

test("a skeleton is its own skeleton, for every name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      expect(skeleton(skeleton(text))).toBe(skeleton(text))
    }),
    { numRuns: 3_000 },
  )
})

test("a skeleton stays short", () => {
  const lengths: number[] = []
  for (let point = 0x21; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const name = `a${String.fromCodePoint(point)}`
    if (isAccountName(name) || isRoomName(name)) lengths.push(skeleton(name).length)
  }
  expect(Math.max(...lengths)).toBeLessThanOrEqual(24)
})
