import { describe, expect, test } from "bun:test"
import { bunCounts, plus, verdict } from "./tally.ts"

const summary =
  "x.test.ts:\n(pass) it\n\n 3 pass\n 2 skip\n 1 todo\n 4 fail\n 1 error\n 1 expect() calls\nRan 10 tests across 3 files. [43.00ms]\n"

describe("the last line of npm test", () => {
  test("it counts what bun test counted, and what waits as skipped", () => {
    expect(bunCounts(summary, 1)).toEqual({ passed: 3, failed: 4, skipped: 3 })
  })

  test("colours do not hide the numbers", () => {
    const coloured =
      "\u001b[32m 5 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m\nRan 5 tests across 1 file. [1.00ms]\n"
    expect(bunCounts(coloured, 0)).toEqual({ passed: 5, failed: 0, skipped: 0 })
  })

  test("a run that ends without a summary failed, even with exit code 0", () => {
    expect(bunCounts("x.test.ts:\n", 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  test("an exit code without a counted failure is a failure", () => {
    expect(bunCounts(" 5 pass\n 0 fail\nRan 5 tests across 1 file. [1.00ms]\n", 1).failed).toBe(1)
  })

  test("only the last summary counts: a test may itself have run tests", () => {
    const inner = " 90 pass\n 9 fail\nRan 99 tests across 9 files. [1.00ms]\n"
    expect(bunCounts(`${inner}${summary}`, 1).passed).toBe(3)
  })

  test("skipped tests are named only when there are some", () => {
    const one = { passed: 1, failed: 0, skipped: 0 }
    expect(verdict(plus(one, one))).toBe("2 passed, 0 failed")
    expect(verdict(plus(one, { passed: 0, failed: 1, skipped: 2 }))).toBe("1 passed, 1 failed, 2 skipped")
  })
})
