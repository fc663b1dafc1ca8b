import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { connect, type Socket } from "node:net"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { type Caller, call, enter, eventsHeard, newId } from "../callers.ts"
import type { Name } from "../cast.ts"
import {
  type Account,
  adaOwns,
  castOf,
  code,
  done,
  join,
  makeRoom,
  register,
  say,
  signIn,
} from "../people.ts"
import { type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { http, speak, type Voice, wires } from "../voices.ts"

setDefaultTimeout(90_000)

const MiB = 1_048_576
/** Generous: what is bounded must not grow with what is sent, of which there is more. */
const RSS_GROWTH_MAX = 160 * MiB

const folders = testFolders()
const sockets: Socket[] = []
let server: Server
let people: Readonly<Record<Name, Account>>
let room: Uuid
let rssBefore = 0
/** Dan, who goes on talking while others misbehave. */
let dan: Caller
let ada: Voice

beforeAll(async () => {
  server = await startServer(folders.next(), { env: adaOwns })
  people = await castOf(server)
  ada = await speak(server, "http", people.ada.token)
  room = await makeRoom(ada, "lobby")
  for (const { token } of [people.bob, people.dan]) await join(await speak(server, "http", token), room)
  dan = await call(server, "websocket")
  await enter(dan, { token: people.dan.token })
  dan.say({ type: "follow", rooms: [{ room, after: 0 }] })
  await dan.hear("events")
  rssBefore = server.rss()
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await stopAll(server)
  folders.remove()
})

/** The server is up, and Dan has noticed nothing. */
async function unharmed(): Promise<void> {
  expect(server.isOver()).toBe(false)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  const id = newId()
  dan.say({ type: "submit", room, id, kind: "message.posted", body: { text: "all is well" } })
  await dan.hear("accepted", (accepted) => accepted.id === id)
  await until(() => eventsHeard(dan, room).some((event) => event.id === id), "Dan's own word")
  expect(dan.isOver()).toBe(false)
  expect(server.log()).not.toContain('"level":"error"')
}

const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`

describe.each(["websocket", "tcp"] as const)("frames that are none, over %s", (wire) => {
  let bob: Caller
  const open = async () => {
    bob = await call(server, wire)
    await enter(bob, { token: people.bob.token })
  }

  test("FORM-1 FORM-2 SUBMIT-1: what is too large, too deep, ill formed or clever is refused, and the session goes on", async () => {
    await open()
    const text = "x".repeat(limits.frameBytesMax)
    const submit = { type: "submit", room, kind: "message.posted" }
    const tries: readonly (readonly [string | object, string])[] = [
      [{ ...submit, body: { text } }, "too-large"],
      [deep(20_000), "bad-frame"],
      [`{"type":"submit","body":${deep(20_000)}}`, "bad-frame"],
      ["this is no JSON", "bad-frame"],
      ['{"type":"submit"', "bad-frame"],
      ["null", "bad-frame"],
      ['{"__proto__":{"type":"ping"}}', "bad-frame"],
      ['{"type":"__proto__"}', "bad-frame"],
      ['{"type":"constructor"}', "bad-frame"],
      [`{"type":"ping","__proto__":{"x":1}}`, "bad-frame"],
      [{ ...submit, body: { text: "x" }, extra: 1 }, "bad-frame"],
    ]
    for (const [what, refusal] of tries) {
      const before = bob.heard.length
      bob.say(what)
      await until(
        () => bob.heard.length > before,
        () => `a refusal of ${JSON.stringify(what).slice(0, 80)}`,
      )
      expect(bob.heard.at(-1)).toMatchObject({ type: "refused", code: refusal })
    }
    await bob.settled()
    expect(bob.isOver()).toBe(false)
    bob.hangUp()
    await unharmed()
  })

  test("TEXT-1 SUBMIT-6: texts and commands that would do harm are refused with their id", async () => {
    await open()
    const tries: readonly (readonly [object, string])[] = [
      [{ kind: "message.posted", body: { text: "a\u0000b" } }, "bad-text"],
      [{ kind: "message.posted", body: { text: "\u200b\u2060" } }, "bad-text"],
      [{ kind: "message.posted", body: { text: "\ud800" } }, "bad-text"],
      [{ kind: "message.posted", body: { text: "x".repeat(limits.textBytesMax + 1) } }, "too-large"],
      [{ kind: "message.posted", body: { text: "x", by: people.ada.id } }, "bad-input"],
      [
        { kind: "message.posted", body: JSON.parse('{"text":"x","__proto__":{"style":"action"}}') },
        "bad-input",
      ],
      [{ kind: "constructor", body: {} }, "bad-input"],
      [{ kind: "room.topic", body: { topic: "left \u202e right" } }, "bad-text"],
      [{ kind: "message.edited", body: { text: "x" } }, "bad-input"],
      [{ kind: "message.edited", body: { text: "x" }, target: 9_007_199_254_740_991 }, "no-such-message"],
    ]
    for (const [command, refusal] of tries) {
      const id = newId()
      bob.say({ type: "submit", room, id, ...command })
      const refused = await bob.hear("refused", (frame) => frame.id === id || frame.of === "frame")
      expect({ command, code: refused.code }).toEqual({ command, code: refusal as typeof refused.code })
    }
    bob.say({ type: "submit", room, id: newId(), kind: "message.posted", body: { text: "fine" } })
    await bob.hear("accepted")
    bob.hangUp()
    await unharmed()
  })

  test("WIRE-3: what is no UTF-8 is refused", async () => {
    await open()
    if (wire === "tcp") {
      bob.say(Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d))
      expect(await bob.hear("refused")).toMatchObject({ of: "frame", code: "bad-frame" })
      await bob.settled()
    } else {
      bob.say(Uint8Array.of(0x7b, 0xff, 0x7d))
      expect(await bob.hear("refused")).toMatchObject({ code: "bad-frame" })
    }
    bob.hangUp()
    await unharmed()
  })

  test("WIRE-1 WIRE-4: whoever sends nothing but garbage is sent away, as often as they come", async () => {
    for (let visit = 0; visit < 20; visit++) {
      const eve = await call(server, wire)
      if (visit % 2) await enter(eve, { token: people.eve.token })
      for (let line = 0; line < 200; line++) eve.say(`garbage ${line} ${"{".repeat(line)}`)
      await until(() => eve.isOver(), "the end of a connection full of garbage")
      expect(eve.heard.at(-1)).toMatchObject({ type: "refused", of: "session" })
    }
    await unharmed()
  })
})

/** Many commands as one write. */
function flood(bob: Caller, count: number): readonly Uuid[] {
  const ids = Array.from({ length: count }, newId)
  const submit = { type: "submit", room, kind: "message.posted" }
  bob.say(
    ids.map((id, index) => JSON.stringify({ ...submit, id, body: { text: `flood ${index}` } })).join("\n"),
  )
  return ids
}

test("SUBMIT-7 SUBMIT-8: a flood of good frames is slowed down, each is answered and in order, and others go on", async () => {
  const bob = await call(server, "tcp")
  await enter(bob, { token: people.bob.token })
  const answers = () => bob.heard.filter(({ type }) => type === "accepted" || type === "refused")
  for (let times = 1; times <= 3; times++) {
    flood(bob, 900)
    await until(
      () => answers().length === times * 900,
      () => `${times * 900} answers, there are ${answers().length}: ${JSON.stringify(bob.heard.at(-1))}`,
    )
  }
  expect(bob.isOver()).toBe(false)
  const seqs = bob.heard.flatMap((frame) => (frame.type === "accepted" ? [frame.seq] : []))
  expect(seqs.length).toBeGreaterThan(900)
  expect(seqs).toEqual([...seqs].sort((one, other) => one - other))
  const refused = bob.heard.flatMap((frame) => (frame.type === "refused" ? [frame] : []))
  expect(refused.length).toBeGreaterThan(0)
  for (const { code: why, retry, waitMs } of refused) {
    expect([why, retry]).toEqual(["too-fast", true])
    expect(waitMs).toBeGreaterThan(0)
  }
  bob.hangUp()
  await unharmed()
})

test("WIRE-4: whoever sends far more than they wait for is told why and closed, and may come back", async () => {
  const bob = await call(server, "tcp")
  await enter(bob, { token: people.bob.token })
  flood(bob, 5_000)
  await until(() => bob.isOver(), "the end of a flood")
  expect(bob.heard.at(-1)).toMatchObject({ type: "refused", of: "session", code: "too-fast", retry: true })
  await unharmed()
  const again = await call(server, "tcp")
  await enter(again, { token: people.bob.token })
  again.hangUp()
})

test("a line that never ends and connections that never say anything hold up nobody", async () => {
  const plug = (port: number, first: string | Uint8Array) => {
    const socket = connect({ host: "127.0.0.1", port })
    socket.on("error", () => {})
    socket.write(first)
    sockets.push(socket)
    return socket
  }
  for (let count = 0; count < 150; count++) {
    plug(server.tcp, '{"type":')
    plug(server.http, "POST /api/v1/sessions HTTP/1.1\r\nHost: parley\r\nContent-Le")
  }
  const endless = plug(server.tcp, "x")
  const block = Buffer.alloc(MiB, "y")
  for (let count = 0; count < 48 && !endless.destroyed; count++)
    await new Promise<void>((written) => endless.write(block, () => written()))
  await unharmed()
  done(await signIn(server, "cleo", people.cleo.password))
})

describe("HTTP requests that are none", () => {
  const post = (
    body: string | Uint8Array,
    headers: Record<string, string> = {},
    path = `/rooms/${room}/events`,
  ) =>
    fetch(`${server.url}/api/v1${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : new Uint8Array(body),
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${people.bob.token}`,
        ...headers,
      },
    })

  test("are refused with a status and a code", async () => {
    const message = (text: string) => JSON.stringify({ kind: "message.posted", body: { text } })
    const tries: readonly (readonly [Promise<Response>, number])[] = [
      [post(message("x".repeat(limits.frameBytesMax))), 413],
      [post("x".repeat(3 * MiB)), 413],
      [post(deep(30_000)), 400],
      [post(`{"kind":"message.posted","body":${deep(30_000)}}`), 400],
      [post(Uint8Array.of(0x7b, 0xff, 0x7d)), 400],
      [post('{"__proto__":{"kind":"message.posted"},"body":{"text":"x"}}'), 400],
      [post("[]"), 400],
      [post(message("x"), { "content-type": "text/plain" }), 415],
      [post(message("x"), { authorization: "Bearer __proto__" }), 401],
      [post(message("x"), {}, "/rooms/__proto__/events"), 404],
      [post(message("x"), {}, "/rooms/%00/events"), 404],
      [post(message("x"), {}, "/rooms/%ff/events"), 404],
      [post(message("x"), {}, "/constructor"), 404],
      [fetch(`${server.url}/../../../etc/passwd`), 404],
      [fetch(`${server.url}/%2e%2e/%2e%2e/etc/passwd`), 404],
    ]
    for (const [index, [asked, status]] of tries.entries()) {
      const response = await asked
      expect({ index, status: response.status }).toEqual({ index, status })
      if (response.headers.get("content-type")?.startsWith("application/json"))
        expect((await response.json()).code).toBeString()
    }
    await unharmed()
  })
})

describe("names", () => {
  test("NAME-1 NAME-2 ROOM-2: of nothing, of tricks and of other people's looks are refused", async () => {
    for (const name of [
      "",
      " ",
      "a b",
      "1ada",
      "a\u0000b",
      "a\u200bb",
      "\u202eada",
      "ada\u202e",
      "a".repeat(33),
      "room",
      "system",
      "a@b",
    ])
      expect({ name, code: code(await register(server, name)) }).toMatchObject({
        code: expect.stringMatching(/^bad-(name|input)$/),
      })
    for (const name of ["аdа", "ADA", "ａda", "b0b"]) {
      const answer = await register(server, name)
      expect({ name, code: code(answer) }).toMatchObject({
        code: expect.stringMatching(/^(name-taken|bad-name)$/),
      })
    }
    for (const name of ["l\u200bobby", "lоbby", "LOBBY", "lobby\u202e", "a".repeat(65), newId()])
      expect({ name, code: code(await ada.ask("rooms.create", { name })) }).toMatchObject({
        code: expect.stringMatching(/^(name-taken|bad-name|too-large)$/),
      })
    await unharmed()
  })

  test("that mean something to a program are names like others", async () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const one = done(await register(server, name))
      expect(
        (await http(server.url, "GET", "/people/{account}", { account: name }, people.ada.token)).body,
      ).toMatchObject({
        id: one.id,
        name,
      })
      const at = await makeRoom(ada, name)
      const voice = await speak(server, "http", one.token)
      expect((await join(voice, `#${name}`)).room).toBe(at)
      await say(ada, at, `Welcome, @${name}`)
      await until(async () => {
        const told = done(await voice.ask<{ readonly mentions: number }>("rooms.get", { room: at }))
        return told.mentions === 1
      }, `the mention of ${name}`)
    }
    await unharmed()
  })
})

test("after all this the server holds hardly more memory than before, and what it holds checks out on every wire", async () => {
  expect(server.rss() - rssBefore).toBeLessThan(RSS_GROWTH_MAX)
  for (const wire of wires) {
    const voice = await speak(server, wire, people.dan.token)
    await say(voice, room, `still here, over ${wire}`)
    await voice.hangUp()
  }
})
