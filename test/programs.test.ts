import { describe, expect, test } from "bun:test"
import { judge, requires } from "./programs.ts"

const onlyNetcat = (program: string) => (program === "nc" ? "/usr/bin/nc" : null)

describe("programs a test needs", () => {
  test("what is there lets the test run in silence", () => {
    const lines: string[] = []
    expect(judge(["nc"], onlyNetcat, true, (line) => lines.push(line))).toBe(true)
    expect(lines).toEqual([])
  })

  test("what is missing on a person's machine skips the test and says which program", () => {
    const lines: string[] = []
    expect(judge(["nc", "strace"], onlyNetcat, false, (line) => lines.push(line))).toBe(false)
    expect(lines).toEqual(["Some tests are skipped: they need strace, which is not on this machine."])
  })

  test("what is missing in CI is an error", () => {
    expect(() => judge(["strace"], onlyNetcat, true, () => {})).toThrow("Missing here: strace")
  })

  test("the machine itself is asked", () => {
    expect(requires("sh")).toBe(true)
  })
})
