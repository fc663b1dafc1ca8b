import { describe, expect, test } from "bun:test"
import { Compile } from "typebox/compile"
import { readUp, refuseBody } from "./check.ts"
import type { Event } from "./event.ts"
import { bodySchema, decide, isClientKind, isKind, kinds } from "./events/index.ts"
import { Down } from "./frames.ts"
import { emptyHead } from "./head.ts"
import { limits } from "./limits.ts"
import { isAccountName, isRoomName, reservedNames } from "./names.ts"
import { policy } from "./policy.ts"
import { refusals } from "./refusals.ts"
import { idOf } from "./testing.ts"

const spec = await Bun.file(new URL("SPEC.md", import.meta.url)).text()

/** The rows of the table under a heading, as cells. */
function rows(heading: string): string[][] {
  const [, after = ""] = spec.split(`\n${heading}\n`)
  const lines = after.trimStart().split("\n")
  const end = lines.findIndex((line) => !line.startsWith("|"))
  return lines.slice(1, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const words = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word)

const examples = [...spec.matchAll(/^```json\n([\s\S]*?)^```/gm)]
  .flatMap(([, lines = ""]) => lines.trim().split("\n"))
  .map((text) => ({ text, type: String(JSON.parse(text).type) }))
const up = new Set(["hello", "submit", "follow", "unfollow", "signal", "request", "ping"])

describe("the examples of SPEC.md", () => {
  const isDown = Compile(Down)

  test("show every type of frame", () => {
    const down = ["welcome", "accepted", "refused", "events", "reset", "signals", "response", "pong"]
    expect(new Set(examples.map(({ type }) => type))).toEqual(new Set([...up, ...down]))
  })

  test.each(examples)("are frames: $type", ({ type, text }) => {
    const frame = JSON.parse(text)
    if (up.has(type)) expect(readUp(text)).toEqual(frame)
    else expect(isDown.Errors(frame)).toEqual([])
    if (type === "submit") expect(refuseBody(frame.kind, frame.body)).toBeUndefined()
    if (type === "refused") expect(refusals).toHaveProperty(frame.code)
  })
})

describe("the lists of SPEC.md are those of the code", () => {
  test("[REFUSE-1] refusals", () => {
    const told = rows("| code | retry | HTTP | IRC |")
    const known = Object.entries(refusals).map(([code, { retry, status, irc }]) => [
      `\`${code}\``,
      retry ? "yes" : "",
      String(status),
      irc,
    ])
    expect(told).toEqual(known)
  })

  test("[LIMIT-1] limits, each with its unit in its name", () => {
    expect(rows("| limit | |")).toEqual(
      Object.entries(limits).map(([name, value]) => [`\`${name}\``, String(value)]),
    )
    for (const name of Object.keys(limits)) expect(name).toMatch(/(?:Max|Min)$/)
    expect(spec.match(/`\w+(?:Max|Min)`/g)?.filter((name) => !(name.slice(1, -1) in limits))).toEqual([])
  })

  test("[RIGHT-1] rights", () => {
    const told = rows("| | needs |").flatMap(([name = ""]) => words(name))
    expect(new Set(told)).toEqual(new Set(Object.keys(policy)))
    expect(told).toHaveLength(Object.keys(policy).length)
  })

  test("[SUBMIT-6] kinds, with their fields, and those that change another event", () => {
    const told = new Map(
      rows("| kind | body | target |").flatMap(([names = "", body = "", target = ""]) =>
        words(names).map((kind) => [kind, { fields: words(body), aims: target !== "" }] as const),
      ),
    )
    expect([...told.keys()].sort()).toEqual([...kinds].sort())
    const server = { account: "", role: "owner", system: true } as const
    for (const [kind, { fields, aims }] of told) {
      if (!isKind(kind)) continue
      for (const field of fieldsOf(bodySchema(kind))) expect(fields).toContain(field)
      // The other way round: without the target it needs, or with one it does not take.
      const command = { id: "", kind, body: {}, ...(!aims && { target: 1 }) }
      expect(decide(emptyHead, server, command, {})).toMatchObject({
        refused: "bad-input",
        message: expect.stringContaining("target"),
      })
    }
  })

  test("[SUBMIT-6] kinds that only the server writes", () => {
    const own = kinds.filter((kind) => !isClientKind(kind))
    expect(own.map(String).sort()).toEqual([
      "house.ban",
      "house.revocation",
      "house.role",
      "house.setting",
      "room.created",
      "self.activity",
    ])
    expect(["__proto__", "message.sung", ""].filter(isClientKind)).toEqual([])
  })
})

/** The fields of an object's schema, or of every branch of a union's, with `?` behind those that may be absent. */
function fieldsOf(schema: object): string[] {
  const branches: object[] = Reflect.get(schema, "anyOf") ?? [schema]
  return branches.flatMap((branch) => {
    const required: string[] = Reflect.get(branch, "required") ?? []
    return Object.keys(Reflect.get(branch, "properties")).map((field) =>
      required.includes(field) ? field : `${field}?`,
    )
  })
}

describe("the chain, computed by the words of SPEC.md alone", () => {
  const said = (/^```text\n([\s\S]*?)^```/m.exec(spec)?.[1] ?? "").trim().split("\n")
  const frame = examples.map(({ text }) => JSON.parse(text)).find(({ type }) => type === "events")
  const [ada, bob] = ["019b0000-0000-7000-8000-00000000a001", "019b0000-0000-7000-8000-00000000a002"]
  const members = `{"type":"room","name":"garden","visibility":"public","history":"shared","members":["${ada}"]}`
  const began = [
    { seq: 1, by: ada, kind: "room.created", body: JSON.parse(members) },
    { seq: 2, by: bob, kind: "member.joined", body: {} },
  ].map((event) => ({
    ...event,
    id: `019b0000-0000-7000-8000-00000000000${event.seq}`,
    at: 1767225600000 + event.seq * 1000,
  }))

  const utf8 = (text: string | number) => new TextEncoder().encode(String(text))
  const digest = async (bytes: number[]) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)))
  const f = (bytes: Uint8Array) => [0, 0, bytes.length >> 8, bytes.length & 255, ...bytes]

  async function chain(previous: Uint8Array, event: Event): Promise<Uint8Array> {
    const { seq, id, at, by, kind, target = "" } = event
    const salt = Array<number>(16).fill(seq)
    const seal = await digest([...salt, ...utf8(JSON.stringify(event.body))])
    const fields = [frame.room, frame.epoch, seq, id, at, by, kind, target].map(utf8)
    return digest([previous, ...fields, seal].flatMap(f))
  }

  test("[LOG-6] is the one written there", async () => {
    const chains: string[] = []
    let last = new Uint8Array(32)
    for (const event of [...began, ...frame.events]) {
      last = new Uint8Array(await chain(last, event))
      chains.push(`${event.seq} ${Buffer.from(last).toString("hex")}`)
    }
    expect(chains).toEqual(said)
  })

  test("[LOG-7] begins with the check that frames tell", () => {
    const checks = examples.flatMap(({ text }) => text.match(/"check":"(\w+)"/)?.[1] ?? [])
    expect(checks).toEqual([said[1], said[3]].map((line) => line?.slice(2, 18) ?? ""))
  })
})

describe("names", () => {
  test("[NAME-1] of accounts", () => {
    for (const name of ["ada", "Zoë", "名前", "a.b-c_d", "[ada]", "ada|away", "a".repeat(32)])
      expect([name, isAccountName(name)]).toEqual([name, true])
    for (const name of [
      "",
      "a b",
      "1ada",
      "-ada",
      "a@b",
      "#a",
      "a,b",
      "..",
      "a\u200bb",
      "a".repeat(33),
      "A\u030a",
    ])
      expect([name, isAccountName(name)]).toEqual([name, false])
    const reserved = /calls everyone \((.*?)\) or the server \((.*?)\)/.exec(spec)
    expect([...reservedNames]).toEqual(words(`${reserved?.[1]} ${reserved?.[2]}`))
    for (const name of reservedNames) expect([name, isAccountName(name)]).toEqual([name, false])
  })

  test("[NAME-2] of rooms", () => {
    for (const name of ["lobby", "2026", "a".repeat(64)])
      expect([name, isRoomName(name)]).toEqual([name, true])
    for (const name of ["", "-a", "#lobby", "a b", "a".repeat(65), idOf(1)])
      expect([name, isRoomName(name)]).toEqual([name, false])
  })
})
