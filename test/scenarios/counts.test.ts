import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { dirname, join as path } from "node:path"
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { type Caller, call, enter } from "../callers.ts"
import type { Name } from "../cast.ts"
import { type Account, adaOwns, castOf, code, done, join, makeRoom, say, voicesOf } from "../people.ts"
import { parley, type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { speak, type Voice, wires } from "../voices.ts"

setDefaultTimeout(60_000)

const folders = testFolders()
let server: Server
let people: Readonly<Record<Name, Account>>

beforeAll(async () => {
  server = await startServer(folders.next(), { env: adaOwns })
  people = await castOf(server)
})
afterAll(async () => {
  await stopAll(server)
  folders.remove()
})

interface Counts {
  readonly unread: number
  readonly mentions: number
}

const counts = async (voice: Voice, room: Uuid): Promise<Counts> => {
  const { unread, mentions } = done(await voice.ask<Counts>("rooms.get", { room }))
  return { unread, mentions }
}

/** Mentions follow the log within a second; a count that has come right must stay so. */
const counted = async (voice: Voice, room: Uuid, wanted: Counts) => {
  let last: Counts | undefined
  await until(
    async () => {
      last = await counts(voice, room)
      return Bun.deepEquals(last, wanted)
    },
    () => `${JSON.stringify(wanted)}, they are ${JSON.stringify(last)}`,
    15_000,
  )
}

describe.each(wires)("what is unread, over %s", (wire) => {
  let voices: Readonly<Record<Name, Voice>>
  beforeAll(async () => {
    voices = await voicesOf(server, people, wire)
  })
  afterAll(() => Promise.all(Object.values(voices).map((voice) => voice.hangUp())))

  test("UNREAD-1 UNREAD-2: is what others said, not erased, outside threads, since the mark, the joining and one's own last word", async () => {
    const { ada, bob } = voices
    const room = await makeRoom(ada, `counts-${wire}`)
    await say(ada, room, "before Bob came, @bob")
    await join(bob, room)
    await counted(bob, room, { unread: 0, mentions: 0 })
    const root = await say(ada, room, "one")
    const called = await say(ada, room, "two, @bob")
    const gone = await say(ada, room, "three, @bob")
    await say(ada, room, "in a thread, @bob", { root: root.seq })
    await say(ada, room, "not in `@bob` code")
    await say(ada, room, "everyone: @room")
    await counted(bob, room, { unread: 5, mentions: 4 })
    await counted(ada, room, { unread: 0, mentions: 0 })
    done(await ada.submit(room, "message.deleted", {}, gone.seq))
    await counted(bob, room, { unread: 4, mentions: 3 })
    done(await ada.submit(room, "message.edited", { text: "two, nobody" }, called.seq))
    await counted(bob, room, { unread: 4, mentions: 2 })
    done(await bob.submit(room, "reaction.added", { emoji: "👍" }, root.seq))
    await counted(bob, room, { unread: 4, mentions: 2 })
    done(await bob.ask("rooms.mark", { room, seq: called.seq }))
    await counted(bob, room, { unread: 2, mentions: 2 })
    await say(bob, room, "here I am")
    await counted(bob, room, { unread: 0, mentions: 0 })
    await counted(ada, room, { unread: 1, mentions: 0 })
    await say(ada, room, "good")
    await counted(bob, room, { unread: 1, mentions: 0 })
    const rooms = done(
      await bob.ask<{ readonly rooms: readonly (Counts & { readonly id: Uuid })[] }>("rooms.list"),
    ).rooms
    expect(rooms.find(({ id }) => id === room)).toMatchObject({ unread: 1, mentions: 0 })
  })

  test("a mark only rises, never beyond the room, and Bob's activity says who called him, never in which words", async () => {
    const { ada, bob, eve } = voices
    const room = await makeRoom(ada, `marks-${wire}`)
    await join(bob, room)
    const { seq } = await say(ada, room, "secretword @bob")
    const mark = (seq: number) => bob.ask<{ readonly seq: number }>("rooms.mark", { room, seq })
    expect(done(await mark(seq)).seq).toBe(seq)
    expect(done(await mark(1)).seq).toBe(seq)
    expect(code(await mark(seq + 1))).toBe("bad-input")
    expect(code(await eve.ask("rooms.mark", { room, seq: 1 }))).toBe("not-a-member")
    let activity = ""
    await until(async () => {
      const answer = await bob.ask<{ readonly events: readonly { readonly body: unknown }[] }>(
        "me.activity",
        { limit: 500 },
      )
      if (isRefusal(answer)) return false
      activity = JSON.stringify(answer.events)
      return activity.includes(`"reason":"mention","room":"${room}","seq":${seq}`)
    }, "the mention in Bob's self log")
    expect(activity).not.toContain("secretword")
    expect(code(await eve.ask("events.list", { room: people.bob.self }))).toBe("no-such-room")
    expect(code(await ada.ask("events.list", { room: people.bob.self }))).toBe("no-such-room")
  })
})

test("UNREAD-1: what an import brings is unread by number and calls nobody", async () => {
  const talk = path(dirname(server.data), "talk.ndjson")
  const lines = Array.from({ length: 130 }, (_, i) =>
    JSON.stringify({
      i,
      room: "archive",
      at: new Date(1_100_000_000_000 + i * 1_000).toISOString(),
      author: `old hand ${i % 3}`,
      text: i % 2 ? "@bob @room come" : "quiet",
      kind: "said",
    }),
  )
  writeFileSync(talk, `${lines.join("\n")}\n`)
  for (let times = 0; times < 2; times++)
    expect((await parley("import", talk, "--data", server.data)).code).toBe(0)
  const bob = await speak(server, "http", people.bob.token)
  const { room } = await join(bob, "archive")
  await counted(bob, room, { unread: 0, mentions: 0 })
  const { messages } = done(
    await bob.ask<{ readonly messages: readonly unknown[] }>("messages.list", { room, limit: 500 }),
  )
  expect(messages.length).toBeGreaterThanOrEqual(130)
  expect(messages.length).toBeLessThan(140)
})

describe("what one device does the others hear of", () => {
  let phone: Caller
  let laptop: Caller
  beforeAll(async () => {
    phone = await call(server, "tcp")
    laptop = await call(server, "websocket")
    for (const caller of [phone, laptop]) await enter(caller, { token: people.bob.token })
  })
  afterAll(() => {
    for (const caller of [phone, laptop]) caller.hangUp()
  })

  /** The first signal of a kind that fits. */
  const signal = async (caller: Caller, fits: object) => {
    const signals = () => caller.heard.flatMap((frame) => (frame.type === "signals" ? frame.signals : []))
    const find = () =>
      signals().find((one) =>
        Object.entries(fits).every(([field, value]) => Bun.deepEquals(Reflect.get(one, field), value)),
      )
    await until(
      () => find() !== undefined,
      () => `a signal ${JSON.stringify(fits)}; heard ${JSON.stringify(signals().slice(-5))}`,
    )
    return find()
  }

  test("SIGNAL-5: read marks and registers, with a version that rises", async () => {
    const ada = await speak(server, "http", people.ada.token)
    const bob = await speak(server, "http", people.bob.token)
    const room = await makeRoom(ada, "devices")
    await join(bob, room)
    const { seq } = await say(ada, room, "read me")
    done(await bob.ask("rooms.mark", { room, seq }))
    for (const caller of [phone, laptop])
      await signal(caller, { kind: "register", key: `mark:${room}`, value: seq })
    done(await bob.ask("registers.put", { key: "setting:theme", value: "dark" }))
    done(await bob.ask("registers.put", { key: "setting:theme", value: "light" }))
    for (const caller of [phone, laptop]) {
      const first = await signal(caller, { key: "setting:theme", value: "dark" })
      const second = await signal(caller, { key: "setting:theme", value: "light" })
      expect(Reflect.get(second ?? {}, "version")).toBeGreaterThan(
        Number(Reflect.get(first ?? {}, "version")),
      )
    }
    expect(done(await bob.ask<object>("registers.get", { key: "setting:theme" }))).toMatchObject({
      value: "light",
    })
    expect(code(await ada.ask("registers.get", { key: "setting:theme" }))).toBe("no-such-thing")
  })

  test("SIGNAL-1 SIGNAL-2: who types is told to those who follow the room, not to oneself, and never logged", async () => {
    const ada = await call(server, "tcp")
    await enter(ada, { token: people.ada.token })
    const owner = await speak(server, "http", people.ada.token)
    const room = await makeRoom(owner, "typing")
    const bob = await speak(server, "http", people.bob.token)
    await join(bob, room)
    for (const caller of [ada, phone, laptop]) caller.say({ type: "follow", rooms: [{ room, after: 0 }] })
    for (const caller of [ada, phone, laptop]) await caller.hear("events", (events) => events.room === room)
    const seq = eventsSeq(ada, room)
    phone.say({ type: "signal", kind: "typing", room })
    await signal(ada, { kind: "typing", room, account: people.bob.id, on: true })
    phone.say({ type: "signal", kind: "typing", room, on: false })
    await signal(ada, { kind: "typing", room, account: people.bob.id, on: false })
    await phone.settled()
    const own = phone.heard.some(
      (frame) => frame.type === "signals" && frame.signals.some(({ kind }) => kind === "typing"),
    )
    expect(own).toBe(false)
    expect(eventsSeq(ada, room)).toBe(seq)
    ada.hangUp()
  })

  test("SIGNAL-3 SIGNAL-4: presence is what several devices say together", async () => {
    const ada = await call(server, "websocket")
    await enter(ada, { token: people.ada.token })
    const account = people.bob.id
    ada.say({ type: "signal", kind: "watch", accounts: [account, people.dan.id] })
    await signal(ada, { kind: "presence", account, state: "online" })
    await signal(ada, { kind: "presence", account: people.dan.id, state: "offline" })
    phone.say({ type: "signal", kind: "presence", state: "idle" })
    await phone.settled()
    laptop.say({ type: "signal", kind: "presence", state: "idle" })
    await signal(ada, { kind: "presence", account, state: "idle" })
    phone.say({ type: "signal", kind: "presence", state: "do-not-disturb" })
    await signal(ada, { kind: "presence", account, state: "do-not-disturb" })
    const fetched = await speak(server, "http", people.ada.token)
    expect(done(await fetched.ask<object>("presence.list", { accounts: [account] }))).toMatchObject({
      presences: [{ account, state: "do-not-disturb" }],
    })
    const dan = await call(server, "tcp")
    await enter(dan, { token: people.dan.token })
    await signal(ada, { kind: "presence", account: people.dan.id, state: "online" })
    for (const caller of [ada, dan]) caller.hangUp()
  })
})

/** How far a connection has come in a room. */
function eventsSeq({ heard }: Caller, room: Uuid): number {
  const last = heard.findLast((frame) => frame.type === "events" && frame.room === room)
  return last?.type === "events" ? last.to : 0
}
