import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { downText, eventsText, eventText, type RawEvent, readDown } from "./codec.ts"
import type { Down } from "./frames.ts"
import { idOf } from "./testing.ts"

const frame = { room: idOf(1), epoch: idOf(2), after: 3, to: 9, check: "0123456789abcdef" }
const raw: fc.Arbitrary<RawEvent> = fc.record(
  {
    seq: fc.integer({ min: 1 }),
    id: fc.nat().map(idOf),
    at: fc.nat(2 ** 50),
    by: fc.nat().map(idOf),
    kind: fc.constantFrom("message.posted", "pin.added"),
    target: fc.integer({ min: 1 }),
    body: fc.json(),
  },
  { requiredKeys: ["seq", "id", "at", "by", "kind", "body"] },
)

const parsed = ({ body, ...event }: RawEvent) => ({ ...event, body: body === null ? null : JSON.parse(body) })

describe("events on the wire", () => {
  test("are what JSON would make of them", () => {
    fc.assert(
      fc.property(fc.array(raw, { maxLength: 5 }), (events) => {
        const text = eventsText({ ...frame, events })
        expect(JSON.parse(text)).toEqual({ type: "events", ...frame, events: events.map(parsed) })
        expect(readDown(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  test("are byte for byte what JSON.stringify writes, where the body is", () => {
    const { seq, id, at, by, kind, target } = {
      seq: 4,
      id: idOf(4),
      at: 5,
      by: idOf(6),
      kind: "pin.added",
      target: 3,
    }
    const event = { seq, id, at, by, kind, target, body: {} }
    expect(eventText({ ...event, body: "{}" })).toBe(JSON.stringify(event))
  })

  test("[LOG-8] carry bodies as the very bytes that were stored", () => {
    const body = '{ "text" : "caf\\u00e9 \\/ 1.0e2",  "n": 1.00 }'
    expect(eventText({ seq: 1, id: idOf(1), at: 1, by: idOf(2), kind: "message.posted", body })).toContain(
      `"body":${body}}`,
    )
  })

  test("[ERASE-1] tell of an erased one its thread and nothing else of it", () => {
    const event = { seq: 7, id: idOf(1), at: 1, by: idOf(2), kind: "message.posted", root: 3 }
    expect(JSON.parse(eventText({ ...event, body: null }))).toEqual({ ...event, body: null })
    expect(JSON.parse(eventText({ ...event, body: "{}" }))).not.toHaveProperty("root")
  })

  test("[HELLO-5] name their authors where names are asked for, escaped", () => {
    const event = { seq: 1, id: idOf(1), at: 1, by: idOf(2), kind: "message.posted", body: "{}" }
    const named = eventText(event, () => 'a"\u0001d')
    expect(JSON.parse(named)).toEqual({ ...event, name: 'a"\u0001d', body: {} })
    expect(JSON.parse(eventText(event, () => undefined))).not.toHaveProperty("name")
  })
})

describe("any other frame", () => {
  const frames: Down[] = [
    { type: "accepted", room: idOf(1), id: idOf(2), seq: 3, at: 4 },
    { type: "reset", room: idOf(1), epoch: idOf(2), seq: 3 },
    { type: "pong", heads: [] },
  ]
  test.each(frames)("goes there and back: $type", (down) => expect(readDown(downText(down))).toEqual(down))

  test.each(['{"type":"weather"}', "{}", "[]", "null", "1", '"accepted"', '{"type":["accepted"]}'])(
    "[FORM-3] of a type nobody knows is skipped: %s",
    (text) => expect(readDown(text)).toBeUndefined(),
  )

  test("that is not JSON is a broken wire", () => expect(() => readDown("{")).toThrow())
})
