import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { readUp, refuseBody } from "./check.ts"
import { kinds } from "./events/index.ts"
import { limits } from "./limits.ts"
import { isRefusal } from "./refusals.ts"
import { idOf } from "./testing.ts"

type Fields = Readonly<Record<string, unknown>>

const room = "garden"
/** A frame of each type with all its fields, and for each field what it may not be. */
const examples: readonly {
  readonly frame: Fields
  readonly needs: readonly string[]
  readonly wrong: Fields
}[] = [
  {
    frame: {
      type: "hello",
      version: 1,
      token: "t",
      name: "ada",
      password: "p",
      register: true,
      invite: "i",
      client: "nc",
      names: true,
      rooms: false,
    },
    needs: ["version"],
    wrong: {
      version: "1",
      token: 1,
      name: "",
      password: "p".repeat(limits.passwordBytesMax + 1),
      register: false,
      invite: {},
      client: "c".repeat(129),
      names: "yes",
      rooms: 0,
    },
  },
  {
    frame: { type: "submit", room, id: idOf(1), kind: "pin.added", body: {}, target: idOf(2), prev: idOf(3) },
    needs: ["room", "kind", "body"],
    wrong: { room: 1, id: "1", kind: "k".repeat(65), target: 0, prev: idOf(1).toUpperCase() },
  },
  {
    frame: { type: "submit", room, kind: "message.posted", body: null, target: 7 },
    needs: ["room", "kind", "body"],
    wrong: { target: 1e300 },
  },
  {
    frame: { type: "follow", rooms: [{ room }] },
    needs: ["rooms"],
    wrong: { rooms: [] },
  },
  {
    frame: {
      type: "follow",
      rooms: [{ room, after: 0, epoch: idOf(1), check: "0123456789abcdef", last: 50, level: "head" }],
    },
    needs: ["rooms"],
    wrong: { rooms: Array(limits.roomsPerFollowMax + 1).fill({ room }) },
  },
  { frame: { type: "unfollow", rooms: [room] }, needs: ["rooms"], wrong: { rooms: "garden" } },
  { frame: { type: "signal", kind: "typing", room, on: false }, needs: ["room"], wrong: { room: "", on: 1 } },
  {
    frame: { type: "signal", kind: "presence", state: "idle" },
    needs: ["state"],
    wrong: { state: "offline" },
  },
  {
    frame: { type: "signal", kind: "watch", accounts: [idOf(1)] },
    needs: ["accounts"],
    wrong: { accounts: Array(limits.watchedAccountsMax + 1).fill(idOf(1)) },
  },
  {
    frame: { type: "request", id: idOf(1), name: "rooms.list", input: {} },
    needs: ["id", "name"],
    wrong: { id: "a", name: 1 },
  },
  { frame: { type: "ping", id: "1" }, needs: [], wrong: { id: 1 } },
]

const read = (frame: unknown) => readUp(JSON.stringify(frame))
const message = (frame: unknown) => {
  const answer = read(frame)
  return isRefusal(answer) ? `${answer.code}: ${answer.message}` : "read"
}

describe("[FORM-2] every frame", () => {
  test.each(examples)("is read as it was written: $frame.type $frame.kind", ({ frame }) => {
    expect(read(frame)).toEqual(frame as never)
  })

  test.each(examples)("may leave out what it need not have: $frame.type $frame.kind", ({ frame, needs }) => {
    const kept = ["type", ...needs, ...(frame.type === "signal" ? ["kind"] : [])]
    const least = Object.fromEntries(Object.entries(frame).filter(([field]) => kept.includes(field)))
    expect(read(least)).toEqual(least as never)
  })

  test.each(examples)(
    "without a field it needs is refused by its name: $frame.type $frame.kind",
    ({ frame, needs }) => {
      for (const field of needs) {
        const { [field]: _, ...rest } = frame
        expect(message(rest)).toBe(`bad-frame: ${field} is missing.`)
      }
    },
  )

  test.each(examples)(
    "with a wrong field is refused by its name: $frame.type $frame.kind",
    ({ frame, wrong }) => {
      for (const [field, value] of Object.entries(wrong))
        expect(message({ ...frame, [field]: value })).toMatch(new RegExp(`^bad-frame: ${field} must `))
    },
  )

  test.each(examples)(
    "with a field nobody knows is refused by its name: $frame.type $frame.kind",
    ({ frame }) => {
      expect(message({ ...frame, colour: "red" })).toBe("bad-frame: colour is not a field here.")
      for (const trick of ["__proto__", "constructor", "prototype", "toString"]) {
        const text = `${JSON.stringify(frame).slice(0, -1)},"${trick}":{"version":1}}`
        expect(readUp(text)).toMatchObject({ code: "bad-frame", message: `${trick} is not a field here.` })
      }
    },
  )

  test("names the place inside a list", () => {
    expect(message({ type: "follow", rooms: [{ room }, { room, after: -1 }] })).toBe(
      "bad-frame: rooms.1.after must be >= 0.",
    )
    expect(message({ type: "follow", rooms: [{ room, check: "xyz" }] })).toStartWith(
      "bad-frame: rooms.0.check must",
    )
    expect(message({ type: "follow", rooms: [{ room, level: "all" }] })).toBe(
      "bad-frame: rooms.0.level must be events or head.",
    )
  })

  test("[FORM-5] holds no number that a double does not hold exactly", () => {
    const after = (value: string) => readUp(`{"type":"follow","rooms":[{"room":"a","after":${value}}]}`)
    for (const value of ["9007199254740992", "1e300", "0.5", "-1", '"1"', "null", "1e999"])
      expect(after(value)).toMatchObject({ code: "bad-frame" })
    expect(after("9007199254740991")).toMatchObject({ type: "follow" })
  })
})

describe("[FORM-1] what is no frame", () => {
  test.each(["", " ", "{", "hello", "null", "1", '"hello"', "[]", '[{"type":"ping"}]', "\u0000", "NaN"])(
    "is refused: %j",
    (text) => expect(readUp(text)).toMatchObject({ code: "bad-frame" }),
  )

  test("names the types there are", () => {
    for (const text of [
      "{}",
      '{"type":"teapot"}',
      '{"type":null}',
      '{"type":["ping"]}',
      '{"__proto__":{"type":"ping"}}',
    ])
      expect(readUp(text)).toMatchObject({
        message: 'A frame has a "type": hello, submit, follow, unfollow, request, ping or signal.',
      })
    expect(readUp('{"type":"signal","kind":"smoke"}')).toMatchObject({
      message: 'A signal has a "kind": typing, presence or watch.',
    })
  })

  test("is what is larger than a frame, in bytes", () => {
    const frame = (text: string) => JSON.stringify({ type: "request", id: idOf(1), name: "n", input: text })
    const room = limits.frameBytesMax - frame("").length
    expect(readUp(frame("a".repeat(room)))).toMatchObject({ type: "request" })
    expect(readUp(frame("a".repeat(room + 1)))).toMatchObject({ code: "too-large" })
    expect(readUp(frame("é".repeat(room / 2 + 1)))).toMatchObject({ code: "too-large" })
  })
})

/** JSON with what people try: odd keys, odd numbers, broken characters, depth. */
const nasty = fc.letrec((again) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      null,
      true,
      1e308,
      -0,
      2 ** 53,
      "\ud800",
      "\u0000",
      "__proto__",
      idOf(1),
      "ping",
      "message.posted",
    ),
    fc.string({ unit: "binary" }),
    fc.array(again("value"), { maxLength: 3 }),
    again("object"),
  ),
  object: fc.array(
    fc.tuple(
      fc.constantFrom(
        "type",
        "kind",
        "room",
        "rooms",
        "id",
        "body",
        "text",
        "__proto__",
        "constructor",
        "target",
        "",
      ),
      again("value"),
    ),
    { maxLength: 6 },
  ),
}))

/** Pairs become an object's text, so that a key may stand there twice and be `__proto__`. */
function asJson(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value) ?? "null"
  const pairs = value.every((each) => Array.isArray(each) && each.length === 2 && typeof each[0] === "string")
  if (!pairs) return `[${value.map(asJson).join()}]`
  return `{${value.map(([key, each]) => `${JSON.stringify(key)}:${asJson(each)}`).join()}}`
}

describe("[FORM-2] whatever comes, the answer is a frame or a refusal, never an exception", () => {
  const isAnswer = (text: string) => {
    const answer = readUp(text)
    if (!isRefusal(answer)) expect(answer).toHaveProperty("type")
    else expect(answer.message.length).toBeLessThan(400)
  }

  test("any text", () => fc.assert(fc.property(fc.string({ unit: "binary" }), isAnswer), { numRuns: 500 }))
  test("any JSON", () => fc.assert(fc.property(fc.json(), isAnswer), { numRuns: 500 }))

  test("nasty JSON, also as part of every frame and as every kind's body", () => {
    fc.assert(
      fc.property(
        nasty.value,
        fc.constantFrom(...examples),
        fc.constantFrom(...kinds),
        (value, { frame }, kind) => {
          const text = asJson(value)
          isAnswer(text)
          for (const field of Object.keys(frame)) {
            const rest = Object.entries(frame).filter(([name]) => name !== field)
            isAnswer(
              `{${[...rest.map(([name, each]) => `"${name}":${JSON.stringify(each)}`), `"${field}":${text}`]}}`,
            )
          }
          const refusal = refuseBody(kind, JSON.parse(text))
          if (refusal) expect(["bad-input", "too-large"]).toContain(refusal.code)
        },
      ),
      { numRuns: 500 },
    )
  })

  test("as deep as a frame can be", () => {
    const depth = Math.floor(limits.frameBytesMax / 2) - 100
    const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`
    isAnswer(deep)
    isAnswer(`{"type":"submit","room":"a","kind":"message.posted","body":${deep}}`)
    isAnswer(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`)
    for (const kind of kinds) expect(refuseBody(kind, JSON.parse(deep))).toMatchObject({ code: "bad-input" })
  })
})

describe("a body", () => {
  test("[SUBMIT-6] of a kind that does not exist is refused by the kind's name", () => {
    for (const kind of ["message.sung", "", "__proto__", "toString"])
      expect(refuseBody(kind, {})).toMatchObject({ code: "bad-input" })
    expect(refuseBody("message.sung", {})?.message).toBe("There is no kind of event called message.sung.")
  })

  test.each([
    ["message.posted", { text: 1 }, "body.text must be string."],
    ["message.posted", {}, "body.text is missing."],
    ["message.posted", { text: "a", mood: "b" }, "body.mood is not a field here."],
    ["message.posted", { text: "a", style: "text" }, "body.style must be action or notice."],
    ["message.posted", null, "body must be object."],
    ["room.setting", { key: "limit", value: "many" }, "body.value must be integer."],
    ["room.setting", { key: "pin", value: "king" }, "body.value must be member, voice, moderator or owner."],
    ["room.history", { history: "shared", past: false }, "body.past must be true."],
    ["pin.added", { emoji: "x" }, "body.emoji is not a field here."],
  ])("of %s like %j is refused: %s", (kind, body, said) => {
    expect(refuseBody(kind, body)).toEqual({ code: "bad-input", message: said })
  })

  test("with a reference may name a command on its way by its id", () => {
    expect(refuseBody("message.posted", { text: "a", replyTo: idOf(1), root: 3 })).toBeUndefined()
    expect(refuseBody("message.posted", { text: "a", replyTo: "garden" })).toMatchObject({
      code: "bad-input",
    })
    expect(refuseBody("message.posted", { text: "a", root: 0 })).toMatchObject({ code: "bad-input" })
  })

  test("[TEXT-1] that is only too long is told so", () => {
    const text = "a".repeat(limits.textBytesMax + 1)
    expect(refuseBody("message.posted", { text })).toMatchObject({ code: "too-large" })
    expect(refuseBody("message.posted", { text, mood: "b" })).toMatchObject({ code: "bad-input" })
  })
})
