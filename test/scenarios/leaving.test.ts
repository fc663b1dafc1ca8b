import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import { type Caller, call, enter, eventsHeard, newId } from "../callers.ts"
import type { Name } from "../cast.ts"
import { type Account, adaOwns, castOf, code, done, join, makeRoom, say } from "../people.ts"
import { type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { speak, type Voice, wires } from "../voices.ts"

setDefaultTimeout(60_000)

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

const follow = async (wire: "websocket" | "tcp", room: Uuid, account: Account): Promise<Caller> => {
  const caller = await call(server, wire)
  await enter(caller, { token: account.token })
  caller.say({ type: "follow", rooms: [{ room, after: 0 }] })
  await caller.hear("events", (events) => events.room === room)
  return caller
}

describe.each([
  ["removed", "member.removed"],
  ["banned", "member.banned"],
] as const)("whoever is %s", (how, kind) => {
  test("FOLLOW-9 FOLLOW-10 SEE-1: sees that last, then nothing, on every connection at once", async () => {
    const room = await makeRoom(ada, `yard-${how}`, { visibility: "private" })
    done(await ada.submit(room, "member.invited", { account: people.bob.id }))
    await join(await speak(server, "http", people.bob.token), room)
    const early = await say(ada, room, `earlyword${how}`)
    const callers = [
      await follow("websocket", room, people.bob),
      await follow("websocket", room, people.bob),
      await follow("tcp", room, people.bob),
    ]
    const voices = await Promise.all(wires.map((wire) => speak(server, wire, people.bob.token)))
    await until(async () => {
      const { hits } = done(
        await ada.ask<{ readonly hits: readonly unknown[] }>("search.messages", { q: `earlyword${how}` }),
      )
      return hits.length === 1
    }, "the word in the search")

    // Requests that are on their way at this very moment are part of it: none answers with what came after.
    let isOut = false
    const answers: Promise<unknown>[] = []
    const asking = (async () => {
      while (!isOut) {
        for (const voice of voices)
          answers.push(
            voice.ask("events.list", { room, after: early.seq }),
            voice.ask("messages.list", { room }),
            voice.ask("search.messages", { q: "afterword" }),
          )
        await Bun.sleep(1)
      }
    })()
    const gone = done(await ada.submit(room, kind, { account: people.bob.id, reason: "Too loud" }))
    await say(ada, room, `afterword${how} for those who are here`)
    isOut = true
    await asking
    for (const answer of await Promise.all(answers)) expect(JSON.stringify(answer)).not.toContain("afterword")

    for (const caller of callers) {
      await caller.hear("refused", ({ of, room: at }) => of === "follow" && at === room)
      await caller.settled()
      const events = eventsHeard(caller, room)
      expect(events.at(-1)).toMatchObject({ seq: gone.seq, kind })
      expect(caller.heard.findLast(({ type }) => type === "events" || type === "refused")?.type).toBe(
        "refused",
      )
      expect(JSON.stringify(caller.heard)).not.toContain("afterword")
      caller.say({ type: "follow", rooms: [{ room, after: 0 }] })
      await caller.settled()
      expect(eventsHeard(caller, room).at(-1)?.seq).toBe(gone.seq)
    }
    const refusal = how === "banned" ? "banned" : "not-a-member"
    for (const voice of voices) {
      for (const name of ["events.list", "messages.list", "members.list", "messages.pins", "rooms.get"])
        expect(code(await voice.ask(name, { room }))).toBe(refusal)
      expect(code(await voice.ask("messages.get", { room, message: early.seq }))).toBe(refusal)
      expect(code(await voice.submit(room, "message.posted", { text: "let me in" }))).toBe(refusal)
      expect(code(await voice.submit(room, "reaction.added", { emoji: "🌹" }, early.seq))).toBe(refusal)
      expect(await voice.ask("search.messages", { q: `earlyword${how}` })).toMatchObject({ hits: [] })
      expect(code(await voice.submit(room, "member.joined", {}))).toBe(
        how === "banned" ? "banned" : "invitation-needed",
      )
    }
    await Promise.all(voices.map((voice) => voice.hangUp()))
    for (const caller of callers) caller.hangUp()
  })
})

test("whoever was banned and let in again sees on from there, and a ban of the house ends everything at once", async () => {
  const room = await makeRoom(ada, "courtyard")
  const cleo = await speak(server, "tcp", people.cleo.token)
  await join(cleo, room)
  done(await ada.submit(room, "member.banned", { account: people.cleo.id }))
  expect(code(await cleo.submit(room, "member.joined", {}))).toBe("banned")
  done(await ada.submit(room, "member.unbanned", { account: people.cleo.id }))
  await join(cleo, room)
  await say(cleo, room, "back again")

  const callers = [await follow("websocket", room, people.cleo), await follow("tcp", room, people.cleo)]
  const startedMs = performance.now()
  done(await ada.ask("people.ban", { account: "cleo" }))
  for (const caller of callers) {
    await until(() => caller.isOver(), "the end of a connection")
    expect(caller.heard.at(-1)).toMatchObject({ type: "refused", of: "session", code: "session-ended" })
  }
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  const fetched = await speak(server, "http", people.cleo.token)
  expect(code(await fetched.ask("rooms.list"))).toBe("session-ended")
  expect(code(await fetched.submit(room, "message.posted", { text: "hello", id: newId() }))).toBe(
    "session-ended",
  )
})
