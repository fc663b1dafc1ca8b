import { afterEach, describe, expect, test } from "bun:test"
import { readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import fc from "fast-check"
import { earlier, type Line } from "./line.ts"
import { openSpool, type Spool } from "./spool.ts"

const opened: Spool[] = []
afterEach(() => {
  for (const spool of opened.splice(0)) spool.close()
})

/** Spooled with so little memory that runs go to the disk. */
function sorted(lines: readonly Line[], memoryCharsMax: number): Line[] {
  const spool = openSpool(memoryCharsMax)
  opened.push(spool)
  for (const line of lines) spool.add(line)
  return [...spool.sorted()]
}

const lines: fc.Arbitrary<Line[]> = fc
  .array(fc.record({ room: fc.constantFrom("lobby", "garden", "attic"), at: fc.nat(20), text: fc.string() }))
  .map((all) => all.map((each, i) => ({ ...each, i, author: "ada" })))

describe("an import that is not in order", () => {
  test("comes out room by room, by time and then by number, complete, however little memory there is", () => {
    fc.assert(
      fc.property(lines, fc.constantFrom(1, 500, 2_000, 1_000_000), (all, memory) => {
        const rooms = [...new Set(all.map(({ room }) => room))]
        const expected = rooms.flatMap((room) => all.filter((line) => line.room === room).sort(earlier))
        expect(sorted(all, memory)).toEqual(expected)
      }),
    )
  })

  test("leaves no file behind", () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("parley-import-"))
    const all = [3, 1, 2].map((i): Line => ({ i, room: "lobby", at: i, author: "ada", text: "x" }))
    expect(sorted(all, 1).map(({ i }) => i)).toEqual([1, 2, 3])
    const during = readdirSync(tmpdir()).filter((name) => name.startsWith("parley-import-"))
    expect(during.length).toBeGreaterThan(before.length)
    for (const spool of opened.splice(0)) spool.close()
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("parley-import-")).length).toBeLessThan(
      during.length,
    )
  })
})
