import { expect, test } from "bun:test"
import Type from "typebox"
import { inputOf } from "./query.ts"

const schema = Type.Object({
  text: Type.String(),
  count: Type.Integer(),
  either: Type.Union([Type.Integer(), Type.String()]),
  on: Type.Boolean(),
  list: Type.Array(Type.String()),
})

test.each([
  [["text", "7"], { text: "7" }],
  [["count", "7"], { count: 7 }],
  [["count", "-7"], { count: -7 }],
  [["count", "7.5"], { count: "7.5" }],
  [["count", "0x7"], { count: "0x7" }],
  [["count", ""], { count: "" }],
  [["count", "99999999999999999999"], { count: "99999999999999999999" }],
  [["either", "7"], { either: 7 }],
  [["either", "seven"], { either: "seven" }],
  [["on", "true"], { on: true }],
  [["on", "1"], { on: "1" }],
  [["list", "a,b"], { list: ["a", "b"] }],
  [["list", ""], { list: [] }],
  [["unknown", "7"], { unknown: "7" }],
] as const)("%j means %j", (field, input) => {
  expect(inputOf(schema, [field])).toEqual(input)
})

test("a list given one by one is one list, and of anything else the last counts", () => {
  const fields = [
    ["list", "a"],
    ["list", "b,c"],
    ["count", "1"],
    ["count", "2"],
  ] as const
  expect(inputOf(schema, fields)).toEqual({ list: ["a", "b", "c"], count: 2 })
})

test("a field named like something every object has is a field like others", () => {
  const input = inputOf(schema, [
    ["__proto__", "1"],
    ["toString", "2"],
  ])
  expect(Object.keys(input).sort()).toEqual(["__proto__", "toString"])
  expect(Object.getPrototypeOf(input)).toBe(Object.prototype)
})
