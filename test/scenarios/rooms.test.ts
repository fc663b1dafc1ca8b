import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import type { Name } from "../cast.ts"
import { type Account, adaOwns, castOf, code, done, join, makeRoom, say, voicesOf } from "../people.ts"
import { parley, type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { type Ear, type Voice, wires } from "../voices.ts"

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

interface Page {
  readonly messages: readonly {
    readonly type: string
    readonly seq: number
    readonly text: string
    readonly deleted?: true
    readonly pinned?: true
    readonly editedAt?: number
    readonly replyTo?: number
    readonly root?: number
    readonly reactions: readonly {
      readonly emoji: string
      readonly count: number
      readonly by: readonly Uuid[]
    }[]
    readonly thread?: { readonly count: number; readonly last: number }
  }[]
}

const page = async (voice: Voice, room: string, more: object = {}) =>
  done(await voice.ask<Page>("messages.list", { room, ...more })).messages

const shownAt = async (voice: Voice, room: string, seq: number) => {
  const found = (await page(voice, room)).find((message) => message.seq === seq)
  if (!found) throw new Error(`Nothing is shown at ${seq}.`)
  return found
}

const texts = (ear: Ear) =>
  ear.events.flatMap(({ kind, body }) =>
    kind === "message.posted" ? [(body as { readonly text: string }).text] : [],
  )

describe.each(wires)("a room, over %s", (wire) => {
  let voices: Readonly<Record<Name, Voice>>
  beforeAll(async () => {
    voices = await voicesOf(server, people, wire)
  })
  afterAll(() => Promise.all(Object.values(voices).map((voice) => voice.hangUp())))

  test("LOG-1: Ada makes a public room, Bob joins, each hears the other, in the one order there is", async () => {
    const { ada, bob } = voices
    const garden = await makeRoom(ada, `garden-${wire}`)
    await join(bob, `#garden-${wire}`)
    const ears = await Promise.all([ada.listen(garden), bob.listen(garden)])
    await say(ada, garden, "Good morning")
    await say(bob, garden, "Good morning, Ada")
    await say(ada, garden, "Rain today")
    for (const ear of ears) {
      await ear.until((events) => events.length === 5, "five events")
      expect(ear.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
      expect(ear.events.map(({ kind }) => kind)).toEqual([
        "room.created",
        "member.joined",
        "message.posted",
        "message.posted",
        "message.posted",
      ])
      expect(texts(ear)).toEqual(["Good morning", "Good morning, Ada", "Rain today"])
      expect(ear.events.map(({ by }) => by).slice(2)).toEqual([people.ada.id, people.bob.id, people.ada.id])
      const times = ear.events.map(({ at }) => at)
      expect([...times].sort((one, other) => one - other)).toEqual(times)
    }
  })

  test("SEE-1 FORM-6: Eve, who is not in it, reads nothing of a public room, and cannot tell that a private one is there", async () => {
    const { ada, eve } = voices
    const open = await makeRoom(ada, `open-${wire}`)
    const attic = await makeRoom(ada, `attic-${wire}`, { visibility: "private" })
    await say(ada, open, "in the open")
    await say(ada, attic, "up here")
    for (const [room, name, refusal] of [
      [open, `open-${wire}`, "not-a-member"],
      [attic, `attic-${wire}`, "no-such-room"],
    ] as const)
      for (const ref of [room, name, `#${name}`])
        for (const asked of [
          eve.ask("events.list", { room: ref }),
          eve.ask("messages.list", { room: ref }),
          eve.ask("messages.get", { room: ref, message: 2 }),
          eve.ask("messages.pins", { room: ref }),
          eve.ask("members.list", { room: ref }),
          eve.ask("search.messages", { q: "open", room: ref }),
          eve.submit(ref, "message.posted", { text: "hello" }),
          eve.submit(ref, "reaction.added", { emoji: "🌹" }, 2),
        ] as readonly Promise<object>[])
          expect(code(await asked)).toBe(refusal)
    // Exactly as for a room that does not exist.
    const nowhere = await eve.ask("events.list", { room: `nowhere-${wire}` })
    expect(await eve.ask("events.list", { room: `attic-${wire}` })).toEqual(nowhere)
    expect(code(await eve.submit(attic, "member.joined", {}))).toBe("no-such-room")
    expect(code(await eve.ask("rooms.create", { name: `attic-${wire}` }))).toBe("name-taken")
    const { rooms } = done(
      await eve.ask<{ readonly rooms: readonly { readonly id: Uuid }[] }>("rooms.directory", {}),
    )
    expect(rooms.map(({ id }) => id)).toContain(open)
    expect(rooms.map(({ id }) => id)).not.toContain(attic)
  })

  test("a private room opens to whom it invites, and to nobody else", async () => {
    const { ada, bob, eve } = voices
    const room = await makeRoom(ada, `shed-${wire}`, { visibility: "private" })
    await say(ada, room, "before anyone came")
    done(await ada.submit(room, "member.invited", { account: people.bob.id }))
    expect(code(await eve.submit(room, "member.joined", {}))).toBe("no-such-room")
    await join(bob, room)
    const ear = await bob.listen(room)
    await ear.until((events) => events.some(({ kind }) => kind === "member.joined"), "his own joining")
    expect(texts(ear)).toEqual(["before anyone came"])
  })

  test("a direct room is the same for the same people, and nobody else gets in", async () => {
    const { ada, bob, eve } = voices
    const open = (voice: Voice, ...accounts: readonly string[]) =>
      voice.ask<{ readonly id: Uuid; readonly accounts: readonly Uuid[] }>("direct.open", { accounts })
    const room = done(await open(ada, "bob"))
    expect(done(await open(bob, "ada")).id).toBe(room.id)
    expect([...room.accounts].sort()).toEqual([people.ada.id, people.bob.id].sort())
    await say(ada, room.id, `between us, over ${wire}`)
    const ear = await bob.listen(room.id)
    await ear.until(() => texts(ear).includes(`between us, over ${wire}`), "what Ada said")
    expect(code(await eve.ask("events.list", { room: room.id }))).toBe("no-such-room")
    expect(code(await eve.submit(room.id, "member.joined", {}))).toBe("no-such-room")
    expect(code(await bob.submit(room.id, "member.left", {}))).toBe("members-fixed")
    expect(code(await bob.submit(room.id, "member.invited", { account: people.eve.id }))).toBe(
      "members-fixed",
    )
  })

  test("Bob edits his words and nobody else's", async () => {
    const { ada, bob } = voices
    const room = await makeRoom(ada, `edits-${wire}`)
    await join(bob, room)
    const { seq } = await say(bob, room, "Tulpis")
    expect(code(await ada.submit(room, "message.edited", { text: "Roses" }, seq))).toBe("not-yours")
    done(await bob.submit(room, "message.edited", { text: "Tulips" }, seq))
    const shown = await shownAt(ada, room, seq)
    expect(shown.text).toBe("Tulips")
    expect(shown.editedAt).toBeNumber()
  })

  test("ERASE-2: what is deleted is gone from events, pages, search, export and the files on the disk", async () => {
    const { ada, bob } = voices
    const room = await makeRoom(ada, `erased-${wire}`)
    await join(bob, room)
    const [secret, first] = [`zanzibarword${wire}`, `pemberword${wire}`]
    const { seq } = await say(bob, room, `the first word was ${first}`)
    done(await bob.submit(room, "message.edited", { text: `the password is ${secret}` }, seq))
    const hits = async (word: string) =>
      done(await ada.ask<{ readonly hits: readonly unknown[] }>("search.messages", { q: word })).hits.length
    await until(async () => (await hits(secret)) === 1, "the word in the search")
    done(await bob.submit(room, "message.deleted", {}, seq))
    // The promise is not "soon": nobody who asks after the answer sees it.
    expect(await hits(secret)).toBe(0)
    expect(await hits(first)).toBe(0)
    const answers = await Promise.all([
      ada.ask("events.list", { room }),
      ada.ask("messages.list", { room }),
      ada.ask("messages.get", { room, message: seq }),
      ada.ask("messages.changes", { room, from: 1, to: seq, asOf: seq }),
      bob.ask("events.list", { room }),
    ])
    for (const answer of answers) expect(JSON.stringify(answer)).not.toMatch(/zanzibarword|pemberword/)
    const { events } = done(
      await ada.ask<{ readonly events: readonly { readonly seq: number; readonly body: unknown }[] }>(
        "events.list",
        { room },
      ),
    )
    expect(events.find((event) => event.seq === seq)?.body).toBeNull()
    expect(events.find((event) => event.seq === seq + 1)?.body).toBeNull()
    expect(await shownAt(bob, room, seq)).toMatchObject({ text: "", deleted: true })
    for (const form of [[], ["--messages"]])
      expect((await parley("export", "--data", server.data, ...form)).out).not.toMatch(
        /zanzibarword|pemberword/,
      )
    expect((await parley("verify", "--data", server.data)).code).toBe(0)
  })

  test("reactions are counted once each, and taken back by whoever gave them", async () => {
    const { ada, bob } = voices
    const room = await makeRoom(ada, `roses-${wire}`)
    await join(bob, room)
    const { seq } = await say(ada, room, "Look")
    done(await ada.submit(room, "reaction.added", { emoji: "🌹" }, seq))
    done(await bob.submit(room, "reaction.added", { emoji: "🌹" }, seq))
    expect(code(await bob.submit(room, "reaction.added", { emoji: "🌹" }, seq))).toBe("already")
    done(await bob.submit(room, "reaction.added", { emoji: "👍" }, seq))
    expect((await shownAt(bob, room, seq)).reactions).toEqual([
      { emoji: "🌹", count: 2, by: [people.ada.id, people.bob.id] },
      { emoji: "👍", count: 1, by: [people.bob.id] },
    ])
    done(await bob.submit(room, "reaction.removed", { emoji: "👍" }, seq))
    expect(code(await ada.submit(room, "reaction.removed", { emoji: "👍" }, seq))).toBe("already")
    expect((await shownAt(bob, room, seq)).reactions).toHaveLength(1)
  })

  test("a pinned message stands in the list of pins until it is unpinned or deleted", async () => {
    const { ada, bob } = voices
    const room = await makeRoom(ada, `pins-${wire}`)
    await join(bob, room)
    const [one, two] = [await say(ada, room, "keep this"), await say(bob, room, "and this")]
    for (const { seq } of [one, two]) done(await bob.submit(room, "pin.added", {}, seq))
    expect(code(await ada.submit(room, "pin.added", {}, one.seq))).toBe("already")
    const pins = async () =>
      done(await ada.ask<Page>("messages.pins", { room })).messages.map(({ seq }) => seq)
    expect(await pins()).toEqual([one.seq, two.seq])
    expect((await shownAt(ada, room, one.seq)).pinned).toBe(true)
    done(await ada.submit(room, "pin.removed", {}, one.seq))
    done(await bob.submit(room, "message.deleted", {}, two.seq))
    expect(await pins()).toEqual([])
  })

  test("SUBMIT-5: an answer names what it answers, a thread stands beside the room", async () => {
    const { ada, bob } = voices
    const room = await makeRoom(ada, `threads-${wire}`)
    await join(bob, room)
    const root = await say(ada, room, "Who waters the roses?")
    const reply = await say(bob, room, "I do", { replyTo: root.id })
    const inside = await say(bob, room, "On Mondays", { root: root.seq })
    await say(ada, room, "And I on Fridays", { root: root.id, replyTo: inside.seq })
    expect(await shownAt(ada, room, reply.seq)).toMatchObject({ replyTo: root.seq })
    expect((await page(ada, room)).map(({ seq }) => seq)).not.toContain(inside.seq)
    expect((await shownAt(ada, room, root.seq)).thread).toEqual({ count: 2, last: inside.seq + 1 })
    const thread = await page(bob, room, { root: root.seq })
    expect(thread.filter(({ root: of }) => of === root.seq).map(({ text }) => text)).toEqual([
      "On Mondays",
      "And I on Fridays",
    ])
    const wrong = await bob.submit(room, "message.posted", { text: "x", root: root.seq, replyTo: reply.seq })
    expect(code(wrong)).toBe("bad-input")
    const none = await bob.submit(room, "message.posted", { text: "x", replyTo: 999 })
    expect(code(none)).toBe("no-such-message")
  })

  test("names, topics and roles are changed by those who may", async () => {
    const { ada, bob, cleo } = voices
    const room = await makeRoom(ada, `roles-${wire}`, { topic: "Seeds" })
    for (const voice of [bob, cleo]) await join(voice, room)
    done(await bob.submit(room, "room.topic", { topic: "Seeds and bulbs" }))
    expect(code(await bob.submit(room, "room.renamed", { name: `bulbs-${wire}` }))).toBe("forbidden")
    expect(code(await bob.submit(room, "member.removed", { account: people.cleo.id }))).toBe("forbidden")
    done(await ada.submit(room, "member.role", { account: people.bob.id, role: "moderator" }))
    expect(code(await bob.submit(room, "member.role", { account: people.ada.id, role: "member" }))).toBe(
      "forbidden",
    )
    const { seq } = await say(cleo, room, "spam")
    done(await bob.submit(room, "message.deleted", {}, seq))
    done(await ada.submit(room, "room.setting", { key: "posting", value: "voice" }))
    expect(code(await cleo.submit(room, "message.posted", { text: "hello?" }))).toBe("forbidden")
    done(await bob.submit(room, "member.role", { account: people.cleo.id, role: "voice" }))
    await say(cleo, room, "hello")
    done(await ada.submit(room, "room.renamed", { name: `bulbs-${wire}` }))
    expect(code(await cleo.ask("rooms.get", { room: `roles-${wire}` }))).toBe("no-such-room")
    expect(await cleo.ask("rooms.get", { room: `#bulbs-${wire}` })).toMatchObject({
      id: room,
      topic: "Seeds and bulbs",
      role: "voice",
    })
    expect(code(await cleo.submit(room, "room.created", {}))).toBe("bad-input")
    expect(code(await cleo.submit(room, "house.role", { account: people.cleo.id, role: "owner" }))).toBe(
      "bad-input",
    )
  })

  test("an archived room is read and not written, until it is opened again", async () => {
    const { ada, bob } = voices
    const room = await makeRoom(ada, `autumn-${wire}`)
    await join(bob, room)
    const { seq } = await say(bob, room, "Leaves")
    done(await ada.submit(room, "room.archived", { archived: true }))
    expect(code(await bob.submit(room, "message.posted", { text: "more" }))).toBe("archived")
    expect(code(await bob.submit(room, "reaction.added", { emoji: "🍁" }, seq))).toBe("archived")
    expect((await shownAt(bob, room, seq)).text).toBe("Leaves")
    done(await bob.submit(room, "message.deleted", {}, seq))
    done(await ada.submit(room, "room.archived", { archived: false }))
    await say(bob, room, "Spring")
  })

  test("where history is `joined` newcomers see what is said from their coming on; `past` opens the rest", async () => {
    const { ada, bob, cleo } = voices
    const room = await makeRoom(ada, `history-${wire}`, { history: "joined" })
    const early = await say(ada, room, `earlyword${wire} from the beginning`)
    await join(bob, room)
    const ear = await bob.listen(room)
    await say(ada, room, "with Bob here")
    await ear.until(() => texts(ear).length > 0, "what is said now")
    expect(texts(ear)).toEqual(["with Bob here"])
    const seen = async (voice: Voice) => (await page(voice, room)).map(({ text }) => text)
    expect(await seen(bob)).not.toContain(`earlyword${wire} from the beginning`)
    expect(code(await bob.ask("messages.get", { room, message: early.seq }))).toBe("no-such-message")
    expect(code(await bob.submit(room, "reaction.added", { emoji: "🌹" }, early.seq))).toBe("no-such-message")
    expect(code(await bob.submit(room, "message.posted", { text: "x", replyTo: early.seq }))).toBe(
      "no-such-message",
    )
    // Whoever answers what Bob may not see says something Bob may not see.
    await say(ada, room, "an answer to the hidden", { replyTo: early.seq })
    await say(ada, room, "for all again")
    await ear.until(() => texts(ear).includes("for all again"), "what is for all")
    expect(texts(ear)).toEqual(["with Bob here", "for all again"])
    await until(async () => {
      const { hits } = done(
        await ada.ask<{ readonly hits: readonly unknown[] }>("search.messages", { q: `earlyword${wire}` }),
      )
      return hits.length === 1
    }, "the early word in Ada's search")
    expect(await bob.ask("search.messages", { q: `earlyword${wire}` })).toMatchObject({ hits: [] })
    done(await ada.submit(room, "room.history", { history: "shared" }))
    expect(await seen(bob)).not.toContain(`earlyword${wire} from the beginning`)
    await join(cleo, room)
    expect(await seen(cleo)).not.toContain(`earlyword${wire} from the beginning`)
    done(await ada.submit(room, "room.history", { history: "shared", past: true }))
    expect(await seen(bob)).toContain(`earlyword${wire} from the beginning`)
    expect(await seen(cleo)).toContain(`earlyword${wire} from the beginning`)
  })

  test("a private room made public opens from there on, and closing it again puts nobody out", async () => {
    const { ada, bob, eve } = voices
    const room = await makeRoom(ada, `gate-${wire}`, { visibility: "private" })
    await say(ada, room, "behind the gate")
    expect(code(await eve.submit(room, "member.joined", {}))).toBe("no-such-room")
    done(await ada.submit(room, "room.visibility", { visibility: "public" }))
    await join(bob, room)
    const seen = (await page(bob, room)).map(({ text }) => text)
    expect(seen).not.toContain("behind the gate")
    done(await ada.submit(room, "room.visibility", { visibility: "private" }))
    expect(code(await eve.submit(room, "member.joined", {}))).toBe("no-such-room")
    await say(bob, room, "still here")
  })
})
