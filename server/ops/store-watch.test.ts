import { describe, expect, test } from "bun:test"
import type { Log, Logger, Outcome } from "../core/ports.ts"
import { watchLog } from "./store-watch.ts"

const appended: Outcome = { is: "appended", checks: [] }
const full: Outcome = { is: "failed", code: "store-full" }

/** Appends with these outcomes, one after the other; gives what the operator was told. */
async function told(...outcomes: readonly (readonly Outcome[])[]): Promise<string[]> {
  const lines: string[] = []
  const note = (message: string, fields?: { readonly code?: string }) =>
    lines.push([message, fields?.code].filter(Boolean).join(" "))
  const logger: Logger = { error: note, warn: note, info: note, debug: note }
  const rest = [...outcomes]
  const log: Log = {
    append: async () => rest.shift() ?? [],
    read: async () => [],
    find: async () => undefined,
    head: async () => undefined,
    changes: async () => [],
  }
  const watched = watchLog(log, logger)
  for (const expected of outcomes) expect(await watched.append([])).toEqual(expected)
  return lines
}

describe("the operator", () => {
  test("hears nothing while the store works, whatever rooms make of it", async () => {
    expect(await told([appended], [{ is: "moved" }, appended], [{ is: "known", id: "" }])).toEqual([])
  })

  test("hears once that the disk is full, and once that there is room again", async () => {
    expect(await told([appended], [full], [appended, full], [full, full], [appended], [appended])).toEqual([
      "The store does not take writes. store-full",
      "The store takes writes again.",
    ])
  })

  test("hears when one trouble becomes another", async () => {
    expect(await told([full], [{ is: "unknown" }])).toEqual([
      "The store does not take writes. store-full",
      "The store does not take writes. unknown",
    ])
  })
})
