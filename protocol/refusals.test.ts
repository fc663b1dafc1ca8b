import { describe, expect, test } from "bun:test"
import { isRefusal, type RefusalCode, refusals, refuse } from "./refusals.ts"

const codes = Object.keys(refusals) as RefusalCode[]

describe("refusals", () => {
  test.each(codes)("[REFUSE-1] %s helps a person, and is known to HTTP and IRC", (code) => {
    const { message, status, irc } = refusals[code]
    expect(message).toMatch(/^[A-Z].*\.$/)
    expect(message).not.toContain("!")
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(irc).toMatch(/^(?:\d{3}|[A-Z][A-Z0-9_]+)$/)
  })

  test("[REFUSE-1] that may be retried are those of the moment, which HTTP says too", () => {
    const retried = codes.filter((code) => refusals[code].retry)
    expect(retried.filter((code) => refusals[code].status < 429)).toEqual(["not-yet"])
  })

  test("are values: a code, a sentence, and how long to wait where that is known", () => {
    expect(refuse("busy")).toEqual({ code: "busy", message: refusals.busy.message })
    expect(refuse("too-fast", "Slowly.", 40)).toEqual({ code: "too-fast", message: "Slowly.", waitMs: 40 })
  })

  test("are told from anything else by their code", () => {
    expect(isRefusal(refuse("forbidden"))).toBe(true)
    for (const other of [{}, { code: "weather" }, { code: 7 }, { code: "toString" }, []])
      expect(isRefusal(other)).toBe(false)
  })
})
