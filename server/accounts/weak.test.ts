import { expect, test } from "bun:test"
import { limits } from "../../protocol/limits.ts"
import { refuseWeak } from "./weak.ts"

test.each([
  "a bench below the old oak",
  "x7#kQ!p2",
  "пароль сада",
  "correct horse battery staple",
  "sunshine over the garden",
  "ada walks by the river",
  "12345678 and then some",
])("%p can be taken", (password) => expect(refuseWeak(password, "ada")).toBeUndefined())

test.each([
  ["password", "the commonest"],
  ["PASSWORD", "in capitals"],
  ["ｐａｓｓｗｏｒｄ", "in full width"],
  ["password2024!", "with a year behind it"],
  ["Iloveyou!!!", "with signs behind it"],
  ["12345678", "digits in order"],
  ["qwertyuiop", "a row of keys"],
  ["1q2w3e4r", "two rows of keys"],
  ["zzzzzzzz", "one character"],
  ["abababababab", "two characters"],
  ["123123123", "three characters"],
  ["gardener", "the name"],
  ["GARDENER", "the name in capitals"],
  ["renedrag", "the name backwards"],
  ["seven c", "too short"],
  ["", "nothing"],
  ["🌳🌳🌳🌳", "four trees, which are eight units and four characters"],
])("%p is weak: %s", (password) => expect(refuseWeak(password, "Gardener")?.code).toBe("weak-password"))

test("how long it may be is told in bytes", () => {
  const long = "a walk ".repeat(100)
  expect(refuseWeak(long.slice(0, limits.passwordBytesMax), "ada")).toBeUndefined()
  expect(refuseWeak(long.slice(0, limits.passwordBytesMax + 1), "ada")?.code).toBe("too-large")
  expect(refuseWeak("й walk ".repeat(70), "ada")?.code).toBe("too-large")
})
