import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import { type Caller, call, enter, newId } from "../callers.ts"
import { cast, type Name } from "../cast.ts"
import { type Account, adaOwns, castOf, code, done, makeRoom, register, signIn } from "../people.ts"
import { type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { http, speak, type Voice } from "../voices.ts"

setDefaultTimeout(60_000)

/** HELLO-6: what is ended is dead everywhere after so long at the latest. */
const DEAD_WITHIN_MS = 2_000

const folders = testFolders()
let server: Server
let people: Readonly<Record<Name, Account>>
let ada: Voice

beforeAll(async () => {
  server = await startServer(folders.next(), { env: adaOwns })
  people = await castOf(server)
  ada = await speak(server, "http", people.ada.token)
})
afterAll(async () => {
  await stopAll(server)
  folders.remove()
})

const asked = (token: string, path = "/me") => http(server.url, "GET", path, {}, token)

/** One token on every wire there is. */
async function everywhere(token: string): Promise<readonly Caller[]> {
  const callers = [await call(server, "websocket"), await call(server, "tcp"), await call(server, "tcp")]
  for (const caller of callers) await enter(caller, { token })
  expect((await asked(token)).status).toBe(200)
  return callers
}

/** Does something that ends a session, and proves it dead in time. */
async function dies(token: string, callers: readonly Caller[], end: () => Promise<unknown>): Promise<void> {
  await end()
  const startedMs = performance.now()
  for (const caller of callers) {
    await until(() => caller.isOver(), "the end of a connection")
    expect(caller.heard.at(-1)).toMatchObject({
      type: "refused",
      of: "session",
      code: "session-ended",
      retry: false,
    })
  }
  expect(performance.now() - startedMs).toBeLessThan(DEAD_WITHIN_MS)
  expect(await asked(token)).toMatchObject({ status: 401, body: { code: "session-ended" } })
  expect((await asked(token, "/rooms")).status).toBe(401)
  for (const wire of ["websocket", "tcp"] as const) {
    const again = await call(server, wire)
    again.say({ type: "hello", version: 1, token })
    expect(await again.hear("refused")).toMatchObject({ of: "session", code: "session-ended" })
    await until(() => again.isOver(), "the end of a connection with a dead token")
  }
}

describe("signing in", () => {
  test.each(["websocket", "tcp"] as const)(
    "HELLO-1 HELLO-2 HELLO-3 HELLO-4: Bob comes in over %s after a wrong password, by name or by token",
    async (wire) => {
      const caller = await call(server, wire)
      caller.say({ type: "ping", id: "too early" })
      expect(await caller.hear("refused", ({ of }) => of === "frame")).toMatchObject({
        code: "sign-in-first",
      })
      caller.say({ type: "hello", version: 99, name: "bob", password: people.bob.password })
      await caller.hear("refused", ({ code }) => code === "bad-version")
      caller.say({ type: "hello", version: 1, name: "bob", password: "not his password" })
      expect(await caller.hear("refused", ({ code }) => code === "wrong-password")).toMatchObject({
        of: "hello",
      })
      const welcome = await enter(caller, { name: "Bob", password: people.bob.password })
      expect(welcome).toMatchObject({
        version: 1,
        account: { id: people.bob.id, name: "bob", role: "member" },
        self: people.bob.self,
        limits: { frameBytesMax: 65_536 },
      })
      expect(welcome.session.token).toBeString()
      caller.say({ type: "hello", version: 1, token: people.bob.token })
      await caller.hear("refused", ({ code }) => code === "bad-frame")
      const other = await call(server, wire)
      const byToken = await enter(other, { token: people.bob.token, rooms: false })
      expect(byToken.session).toEqual({ id: people.bob.session })
      expect(byToken.rooms).toEqual([])
      for (const one of [caller, other]) one.hangUp()
    },
  )

  test("a wrong name and a wrong password are told alike, and names are taken once", async () => {
    const wrong = [
      await signIn(server, "bob", "not his password"),
      await signIn(server, "nobody", "whatever it is"),
    ]
    expect(wrong.map(code)).toEqual(["wrong-password", "wrong-password"])
    expect(new Set(wrong.map((refusal) => JSON.stringify(refusal))).size).toBe(1)
    expect(code(await register(server, "BOB"))).toBe("name-taken")
    // Cyrillic о.
    expect(code(await register(server, "bоb"))).toBe("name-taken")
    expect(code(await register(server, "frank", "short"))).toBe("weak-password")
  })

  test("a guesser is slowed down", async () => {
    const codes: unknown[] = []
    for (let guess = 0; guess < 14 && !codes.includes("too-fast"); guess++)
      codes.push(code(await signIn(server, "dan", `guess number ${guess}`)))
    expect(codes).toContain("too-fast")
  })
})

describe("HELLO-6: a session that is ended is dead on every wire", () => {
  test("Eve lists her sessions and ends one of them", async () => {
    const phone = done(await signIn(server, "eve", people.eve.password))
    const { body } = await asked(people.eve.token, "/sessions")
    const { sessions } = body as {
      readonly sessions: readonly { readonly id: Uuid; readonly current?: true }[]
    }
    expect(sessions.map(({ id }) => id).sort()).toEqual([people.eve.session, phone.session].sort())
    expect(sessions.find(({ current }) => current)?.id).toBe(people.eve.session)
    const callers = await everywhere(phone.token)
    await dies(phone.token, callers, () =>
      http(server.url, "DELETE", "/sessions/{session}", { session: phone.session }, people.eve.token),
    )
    expect((await asked(people.eve.token)).status).toBe(200)
  })

  test("whoever signs out is out", async () => {
    const phone = done(await signIn(server, "eve", people.eve.password))
    const callers = await everywhere(phone.token)
    await dies(phone.token, callers, () =>
      http(server.url, "DELETE", "/sessions/{session}", { session: "current" }, phone.token),
    )
  })

  test("a new password ends the others, and is the only one that counts", async () => {
    const phone = done(await signIn(server, "bob", people.bob.password))
    const callers = await everywhere(phone.token)
    const change = { old: people.bob.password, new: "a quite different password" }
    await dies(phone.token, callers, () => http(server.url, "PUT", "/me/password", change, people.bob.token))
    expect((await asked(people.bob.token)).status).toBe(200)
    expect(code(await signIn(server, "bob", people.bob.password))).toBe("wrong-password")
    done(await signIn(server, "bob", change.new))
  })

  test("an admin's word ends all sessions of somebody, and a ban does and keeps out", async () => {
    const frank = done(await register(server, "frank"))
    await dies(frank.token, await everywhere(frank.token), () =>
      ada.ask("people.endSessions", { account: "frank" }),
    )
    const again = done(await signIn(server, "frank", frank.password))
    await dies(again.token, await everywhere(again.token), () => ada.ask("people.ban", { account: "frank" }))
    expect(code(await signIn(server, "frank", frank.password))).toBe("banned")
    done(await ada.ask("people.unban", { account: "frank" }))
    done(await signIn(server, "frank", frank.password))
  })

  test("a reset link gives a new password once, and ends what was", async () => {
    const gina = done(await register(server, "gina"))
    const callers = await everywhere(gina.token)
    const { code: reset } = done(
      await ada.ask<{ readonly code: string }>("resets.create", { account: "gina" }),
    )
    const use = (password: string) => http(server.url, "POST", "/resets", { code: reset, password })
    expect(await use("short")).toMatchObject({ status: 400, body: { code: "weak-password" } })
    await dies(gina.token, callers, async () => expect((await use("my brand new password")).status).toBe(201))
    expect((await use("yet another password")).status).toBe(404)
    expect(code(await signIn(server, "gina", gina.password))).toBe("wrong-password")
    done(await signIn(server, "gina", "my brand new password"))
  })

  test("a room made by a session goes on when it ends, and a dead session's commands do not count", async () => {
    const hal = done(await register(server, "hal"))
    const voice = await speak(server, "http", hal.token)
    const room = await makeRoom(voice, "shore")
    done(await ada.ask("people.endSessions", { account: hal.id }))
    const id = newId()
    const event = { room, id, kind: "message.posted", body: { text: "am I dead?" } }
    expect((await http(server.url, "POST", "/rooms/{room}/events", event, hal.token)).status).toBe(401)
    const back = done(await signIn(server, "hal", hal.password))
    const { body } = await http(server.url, "GET", "/rooms/{room}/events", { room }, back.token)
    expect(JSON.stringify(body)).not.toContain(id)
  })
})

test("HELLO-5: with `names` every event tells who its author is now", async () => {
  const room = await makeRoom(ada, "named")
  const caller = await call(server, "tcp")
  await enter(caller, { token: people.ada.token, names: true })
  caller.say({ type: "follow", rooms: [{ room, after: 0 }] })
  const { events } = await caller.hear("events")
  expect(events[0]).toMatchObject({ kind: "room.created", by: people.ada.id, name: cast.ada.name })
  caller.hangUp()
})
