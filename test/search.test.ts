import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import fc from "fast-check"
import { isRefusal } from "../protocol/refusals.ts"
import type { SearchIndex } from "../server/core/ports.ts"
import { searchLanguage } from "../server/search/query.ts"
import { openSearch } from "../server/store/search.ts"
import { caughtUp } from "../server/store/search-contract.ts"
import { feedOf } from "../server/store/testing/feeds.ts"
import { cast, places } from "./cast.ts"

const said = [
  "how do i mount /etc/fstab entries",
  "apt-get install g++ works",
  "Grüße aus #ubuntu-de, dort ist C++ beliebt",
  "日本語も探せる 🎉",
  "the installer of windows, not linux",
]

describe("what is typed into the search field", () => {
  let search: SearchIndex
  beforeAll(async () => {
    const by = cast.ada.id
    const room = places.lobby.id
    const messages = said.map((text, index) => ({ room, seq: index + 1, at: index * 1_000, by, text }))
    search = await openSearch({ kind: "memory", feed: feedOf(messages) })
    await caughtUp(search)
  })
  afterAll(() => search.close())

  async function finds(typed: string): Promise<readonly number[] | string> {
    const parsed = searchLanguage.parse(typed)
    if (isRefusal(parsed)) return parsed.message
    const { from, in: inside, ...query } = parsed
    const answer = await search.search({ ...query, rooms: [{ room: places.lobby.id, from: 1 }], limit: 10 })
    return isRefusal(answer) ? answer.code : answer.hits.map((hit) => hit.seq)
  }

  test.each<[string, number[]]>([
    ["/etc/fstab", [1]],
    ['"how do i"', [1]],
    ["apt-g", [2]],
    ["apt-get inst", [2]],
    ["inst", [5, 2]],
    ["inst* -windows", [2]],
    ["c++", [3]],
    ["g++", [2]],
    ["#ubuntu", [3]],
    ["gruss ", []],
    ["grusse", [3]],
    ["探せる", [4]],
    ["本語", [4]],
    ["🎉", [4]],
    ["on:1970 the", [5]],
    ["before:1970-01-01 the", []],
    ["the linux :)", [5]],
  ])("%s", async (typed, seqs) => expect(await finds(typed)).toEqual(seqs))

  test("is answered, whatever it is", async () => {
    const bit = fc.constantFrom(
      '"',
      "“",
      "*",
      "(",
      ")",
      ":",
      "-",
      "^",
      "NEAR(",
      " OR ",
      "text:",
      "\0",
      "\x80",
      "\ud800",
      "in:x",
      "on:2005",
      "the",
      "本",
      "🎉",
    )
    const typed = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.array(bit, { maxLength: 12 }).map((bits) => bits.join("")),
    )
    await fc.assert(
      fc.asyncProperty(typed, async (text) => {
        const found = await finds(text)
        if (typeof found === "string") expect(found).toMatch(/^[A-Z].*\.$/)
        else expect(found.length).toBeLessThanOrEqual(said.length)
      }),
      { numRuns: 1_000 },
    )
  })
})
