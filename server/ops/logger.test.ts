import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { LogFields, Logger } from "../core/ports.ts"
import { makeLogger } from "./logger.ts"

const ada = "0198c0de-0000-7000-8000-00000000000a"
const token = "q7Fh2kJ9sXw_4mNbVcZ1aSdFgHjKlPoIuYtReWqA5B6"

function lines(form: "text" | "json", level: keyof Logger, say: (log: Logger) => void): string[] {
  const written: string[] = []
  say(makeLogger({ form, level, write: (line) => written.push(line), now: () => 1_700_000_000_000 }))
  return written
}

describe("the server's log", () => {
  test("writes logfmt for people", () => {
    const written = lines("text", "info", (log) => {
      log.info("A door is open.", { transport: "tcp", address: "127.0.0.1:8023" })
      log.warn("The disk is nearly full.", { file: "parley data/parley.db", bytes: 1024 })
    })
    expect(written).toEqual([
      "2023-11-14T22:13:20.000Z info  A door is open. address=127.0.0.1:8023 transport=tcp",
      `2023-11-14T22:13:20.000Z warn  The disk is nearly full. file="parley data/parley.db" bytes=1024`,
    ])
  })

  test("writes one JSON object a line for programs", () => {
    const [line = ""] = lines("json", "info", (log) => log.info("Signed in.", { account: ada, ms: 3 }))
    expect(JSON.parse(line)).toEqual({
      time: "2023-11-14T22:13:20.000Z",
      level: "info",
      message: "Signed in.",
      account: ada,
      ms: 3,
    })
  })

  test("leaves out what lies below its level", () => {
    const all = (log: Logger) => {
      for (const level of ["debug", "info", "warn", "error"] as const) log[level](level)
    }
    expect(lines("text", "warn", all)).toHaveLength(2)
    expect(lines("text", "error", all)).toHaveLength(1)
    expect(lines("text", "debug", all)).toHaveLength(4)
  })

  test("reads only the fields of its list, so that a secret beside them stays unsaid", () => {
    const spread = { account: ada, ...{ password: "correct horse", token, text: "hello" } }
    for (const form of ["text", "json"] as const) {
      const [line = ""] = lines(form, "debug", (log) => log.info("Signed in.", spread))
      expect(line).toContain(ada)
      expect(line).not.toMatch(/correct horse|hello|q7Fh/)
    }
  })

  test("takes tokens and credentials out of error messages", () => {
    const error = new Error(`no answer from postgres://ada:correct-horse@localhost/ for ${token}`)
    const [line = ""] = lines("text", "debug", (log) => log.error("The store did not answer.", { error }))
    expect(line).toContain("no answer from postgres://…@localhost/")
    expect(line).not.toMatch(/correct-horse|q7Fh/)
  })

  test("shows where an error happened only at level debug", () => {
    const error = new Error("broken")
    expect(lines("json", "info", (log) => log.error("It broke.", { error }))[0]).not.toContain("stack")
    expect(lines("json", "debug", (log) => log.error("It broke.", { error }))[0]).toContain("logger.test.ts")
  })

  test("says nothing of a thrown value that is no error but its type, since it may hold anything", () => {
    const [line] = lines("text", "info", (log) => log.error("It broke.", { error: "correct horse" }))
    expect(line).toEndWith("It broke. error=string")
  })

  test("is one line a message, whatever the fields hold", () => {
    const fields: fc.Arbitrary<LogFields> = fc.record({
      address: fc.string({ unit: "binary" }),
      file: fc.string({ unit: "binary" }),
      error: fc.string({ unit: "binary" }).map((message) => new Error(message)),
    })
    fc.assert(
      fc.property(fields, fc.constantFrom("text" as const, "json" as const), (each, form) => {
        const [line = ""] = lines(form, "debug", (log) => log.info("Said.", each))
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
        if (form === "json") expect(JSON.parse(line).message).toBe("Said.")
      }),
    )
  })
})
