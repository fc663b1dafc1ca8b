import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { isRoomName } from "../../protocol/names.ts"
import { roomName } from "./imports.ts"

describe("the name of an imported room", () => {
  test.each([
    ["ubuntu", "ubuntu"],
    ["#ubuntu", "ubuntu"],
    ["##c++", "c"],
    ["General Chat", "General-Chat"],
    ["2024 / Büro", "2024---Büro"],
    ["", "imported"],
    ["???", "imported"],
  ])("%p becomes %p", (original, name) => expect(roomName(original)).toBe(name))

  test("is a valid name whatever the file says", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (original) => isRoomName(roomName(original))))
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (original) =>
        isRoomName(roomName(original)),
      ),
    )
  })
})
