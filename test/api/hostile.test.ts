import { expect, test } from "bun:test"
import * as fc from "fast-check"
import { table } from "../../server/api/table.ts"
import { makeScene, personas } from "./scene.ts"

/** Whatever may stand in a field: what fits, what nearly fits, and what somebody wicked would try. */
const value = (known: readonly string[]) =>
  fc.oneof(
    fc.constantFrom<unknown>(...known),
    fc.constantFrom<unknown>(
      0,
      1,
      4,
      -1,
      1.5,
      2 ** 53,
      1e308,
      true,
      false,
      null,
      "",
      "limit",
      "public",
      "voice",
    ),
    fc.constantFrom<unknown>(
      "__proto__",
      "constructor",
      "#",
      "@",
      "%",
      "a\u0000b",
      "\ud800",
      "\u202eb",
      "mark:",
      "after:4",
    ),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.array(fc.constantFrom(...known), { maxLength: 4 }),
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>({ text: "herons" }, { text: "x", root: 4 }, { emoji: "🌿" }, {}),
  )

test("no input to any request, by anybody, breaks anything", async () => {
  const scene = await makeScene()
  const { house, attic, garden } = scene
  const known = [
    attic,
    garden,
    "attic",
    "#garden",
    "ada",
    "@bob",
    "mia",
    house.id(),
    "message.posted",
    "reaction.added",
  ]
  const asked = fc.constantFrom(...table).chain((handler) =>
    fc.record({
      handler: fc.constant(handler),
      persona: fc.constantFrom(...personas),
      input: fc.record(
        Object.fromEntries(Object.keys(handler.input.properties).map((field) => [field, value(known)])),
        { requiredKeys: [...new Set<string>(handler.input.required)] },
      ),
      withId: fc.boolean(),
    }),
  )
  await fc.assert(
    fc.asyncProperty(asked, async ({ handler, persona, input, withId }) => {
      const { status } = await house.ask(
        scene.person(persona),
        handler.name,
        input,
        withId ? house.id() : undefined,
      )
      expect(status).toBeLessThan(500)
      expect(house.broken).toEqual([])
    }),
    { numRuns: 3_000 },
  )
}, 30_000)

test("no address and no body breaks anything over HTTP", async () => {
  const scene = await makeScene()
  const word = fc.oneof(
    fc.constantFrom(
      "rooms",
      "attic",
      "%23garden",
      "events",
      "members",
      "me",
      "..",
      "%2e%2e",
      "%00",
      "%",
      "people",
      "settings",
      "",
    ),
    fc.string({ maxLength: 8 }),
  )
  const line = fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"),
    words: fc.array(word, { maxLength: 5 }),
    query: fc.string({ maxLength: 20 }),
    body: fc.oneof(fc.json(), fc.string({ unit: "binary", maxLength: 60 })),
  })
  await fc.assert(
    fc.asyncProperty(line, async ({ method, words, query, body }) => {
      const url = new URL(`http://parley.example/api/v1/${words.join("/")}?${query}`)
      const hasBody = method === "POST" || method === "PUT" || method === "DELETE"
      const said = await scene.house.http(
        scene.person("bob"),
        `${method} ${url.pathname.startsWith("/api/v1/") ? url.pathname : "/api/v1/"}${url.search}`,
        hasBody ? body : undefined,
      )
      expect(said.status).toBeLessThan(500)
      expect(scene.house.broken).toEqual([])
    }),
    { numRuns: 1_500 },
  )
}, 30_000)
