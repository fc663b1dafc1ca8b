import { beforeEach, describe, expect, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import type { Listed } from "../../server/api/fold.ts"
import { ApiHouse, type Neighbour } from "./house.ts"

interface Page {
  readonly messages: readonly Listed[]
  readonly from: number
  readonly to: number
  readonly asOf: number
  readonly next?: string
}

interface Changes {
  readonly events: readonly { readonly seq: number; readonly kind: string; readonly target?: number }[]
  readonly asOf: number
  readonly more: boolean
}

let house: ApiHouse
let ada: Neighbour
let bob: Neighbour
let room: Uuid

beforeEach(async () => {
  house = await ApiHouse.make()
  ada = await house.person("ada")
  bob = await house.person("bob")
  room = await house.room("garden", [ada], { visibility: "public" })
  await house.get(bob, "members.join", { room })
})

const page = (input: object = {}, who = ada) => house.get<Page>(who, "messages.list", { room, ...input })
const seqs = ({ messages }: Page) => messages.map(({ seq }) => seq)
const textAt = ({ messages }: Page, seq: number) => {
  const found = messages.find((message) => message.seq === seq)
  return found?.type === "message" ? found.text : undefined
}

describe("a page of a room", () => {
  test("shows messages with their newest words, reactions, pins and threads, and notices between them", async () => {
    const first = await house.say(ada, room, "herons")
    await house.act(ada, room, "message.edited", first, { text: "egrets" })
    await house.act(bob, room, "reaction.added", first, { emoji: "🌿" })
    await house.act(ada, room, "reaction.added", first, { emoji: "🌿" })
    await house.act(bob, room, "reaction.added", first, { emoji: "🎉" })
    await house.act(bob, room, "reaction.removed", first, { emoji: "🎉" })
    await house.act(bob, room, "pin.added", first)
    await house.say(bob, room, "in the thread", { root: first })
    const last = await house.say(bob, room, "also in the thread", { root: first })
    const found = await page()
    expect(seqs(found)).toEqual([1, 2, first])
    expect(found.messages[2]).toMatchObject({
      type: "message",
      text: "egrets",
      editedAt: expect.any(Number),
      pinned: true,
      reactions: [{ emoji: "🌿", count: 2, by: [bob.who.id, ada.who.id] }],
      thread: { count: 2, last },
    })
    expect(found.messages[0]).toMatchObject({ type: "notice", kind: "room.created" })
    expect(found).toMatchObject({ from: 1, to: last, asOf: last })
    expect(found.next).toBeUndefined()
  })

  test("keeps a deleted message's place and thread, and none of its words", async () => {
    const first = await house.say(ada, room, "zanzibar")
    await house.act(ada, room, "message.edited", first, { text: "zanzibar once more" })
    await house.say(bob, room, "an answer", { root: first })
    await house.act(ada, room, "message.deleted", first)
    const found = await page()
    expect(JSON.stringify(found)).not.toContain("zanzibar")
    expect(found.messages.at(-1)).toMatchObject({ seq: first, deleted: true, text: "", thread: { count: 1 } })
  })

  test("names at most twenty of those who reacted, and counts them all", async () => {
    const seq = await house.say(ada, room, "who is there?")
    const crowd = await Promise.all(
      Array.from({ length: 23 }, (_, index) => house.person(`reader-${index + 1}x`)),
    )
    for (const one of crowd) {
      await house.get(one, "members.join", { room })
      await house.act(one, room, "reaction.added", seq, { emoji: "👋" })
    }
    const { message } = await house.get<{ message: Listed }>(ada, "messages.get", { room, message: seq })
    const [reaction] = message.type === "message" ? message.reactions : []
    expect([reaction?.count, reaction?.by.length]).toEqual([23, 20])
  })

  test("goes on downwards until nothing is left, each thing once", async () => {
    for (let number = 1; number <= 23; number++) await house.say(ada, room, `message ${number}`)
    const seen: number[] = []
    let next: string | undefined
    let reaches = 25
    do {
      const found: Page = await page({ limit: 7, ...(next && { next }) })
      expect(found.to).toBe(reaches)
      reaches = found.from - 1
      seen.unshift(...seqs(found))
      next = found.next
    } while (next !== undefined)
    expect(reaches).toBe(0)
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
  })

  test("goes on upwards from a place", async () => {
    for (let number = 1; number <= 10; number++) await house.say(ada, room, `message ${number}`)
    const first = await page({ after: 3, limit: 4 })
    expect(seqs(first)).toEqual([4, 5, 6, 7])
    expect(first).toMatchObject({ from: 4, to: 7, next: "after:7" })
    const second = await page({ after: 3, limit: 40, next: first.next })
    expect(seqs(second)).toEqual([8, 9, 10, 11, 12])
    expect(second).toMatchObject({ from: 8, to: 12 })
    expect(second.next).toBeUndefined()
  })

  test("stands around a place, also near the ends", async () => {
    for (let number = 1; number <= 10; number++) await house.say(ada, room, `message ${number}`)
    expect(seqs(await page({ around: 6, limit: 4 }))).toEqual([5, 6, 7, 8])
    expect(await page({ around: 6, limit: 4 })).toMatchObject({ from: 5, to: 8 })
    expect(seqs(await page({ around: 1, limit: 4 }))).toEqual([1, 2, 3])
    expect(seqs(await page({ around: 12, limit: 4 }))).toEqual([11, 12])
    expect(seqs(await page({ around: 10_000, limit: 4 }))).toEqual([11, 12])
    expect(seqs(await page({ around: 6, limit: 1 }))).toEqual([6])
    expect(await house.code(ada, "messages.list", { room, around: 3, before: 9 })).toBe("bad-input")
  })

  test("gives at most two hundred things, whatever is asked for", async () => {
    for (let number = 1; number <= 210; number++) await house.say(ada, room, `message ${number}`)
    expect((await page({ limit: 100_000 })).messages).toHaveLength(200)
    expect((await page()).messages).toHaveLength(50)
  })

  test("has the names of its authors where they are asked for", async () => {
    await house.say(bob, room, "hello")
    const found = await page({ names: true, limit: 1 })
    expect(found.messages[0]).toMatchObject({ by: bob.who.id, name: "bob" })
  })

  test("refuses a next that the server never said", async () => {
    for (const next of ["after:", "before:x", "sideways:3", "__proto__"])
      expect(await house.code(ada, "messages.list", { room, next })).toBe("bad-input")
  })
})

describe("a thread", () => {
  test("is paged like a room, and holds its own messages alone", async () => {
    const root = await house.say(ada, room, "a question")
    await house.say(bob, room, "elsewhere")
    const answers = [
      await house.say(bob, room, "first", { root }),
      await house.say(ada, room, "second", { root }),
      await house.say(bob, room, "third", { root }),
    ]
    await house.act(ada, room, "message.edited", answers[1] ?? 0, { text: "the second" })
    const found = await page({ root, limit: 2 })
    expect(seqs(found)).toEqual(answers.slice(1))
    expect(textAt(found, answers[1] ?? 0)).toBe("the second")
    expect(seqs(await page({ root, limit: 2, next: found.next }))).toEqual(answers.slice(0, 1))
    expect(seqs(await page())).not.toContain(answers[0] ?? 0)
  })

  test("of a message that is none, or stands in a thread itself, is refused", async () => {
    const root = await house.say(ada, room, "a question")
    const answer = await house.say(bob, room, "an answer", { root })
    for (const wrong of [1, answer, 999])
      expect(await house.code(ada, "messages.list", { room, root: wrong })).toBe("no-such-message")
  })
})

describe("one message", () => {
  test("is found by its place and by its id, with its changes", async () => {
    const id = house.id()
    const body = { text: "herons" }
    await house.get(ada, "events.create", { room, kind: "message.posted", body }, id)
    await house.act(ada, room, "message.edited", 3, { text: "egrets" })
    const byPlace = await house.get(bob, "messages.get", { room, message: 3 })
    expect(byPlace).toMatchObject({ message: { seq: 3, id, text: "egrets" }, asOf: 4 })
    expect(await house.get(bob, "messages.get", { room, message: id })).toEqual(byPlace)
  })

  test("that is none is refused alike: a change, a hole, another room's id", async () => {
    await house.say(ada, room, "herons")
    await house.act(ada, room, "message.edited", 3, { text: "egrets" })
    const other = await house.room("attic", [ada])
    const id = house.id()
    await house.get(ada, "events.create", { room: other, kind: "message.posted", body: { text: "x" } }, id)
    for (const message of [4, 5, 999, id])
      expect(await house.code(ada, "messages.get", { room, message })).toBe("no-such-message")
  })
})

describe("what changed since a page was kept", () => {
  test("is told from where the page stood, for its own messages alone", async () => {
    const [first, second] = [await house.say(ada, room, "one"), await house.say(ada, room, "two")]
    const kept = await page()
    await house.act(ada, room, "message.edited", first, { text: "one, edited" })
    await house.act(bob, room, "reaction.added", second, { emoji: "🌿" })
    const third = await house.say(bob, room, "three")
    await house.act(bob, room, "message.edited", third, { text: "three, edited" })
    const changes = await house.get<Changes>(ada, "messages.changes", {
      room,
      from: kept.from,
      to: kept.to,
      asOf: kept.asOf,
    })
    expect(changes.events.map(({ target }) => target)).toEqual([first, second])
    expect(changes).toMatchObject({ asOf: third + 1, more: false })
    const again = { room, from: kept.from, to: kept.to, asOf: changes.asOf }
    expect(await house.get<Changes>(ada, "messages.changes", again)).toMatchObject({
      events: [],
      more: false,
    })
  })

  test("comes in parts that join without a seam", async () => {
    const seq = await house.say(ada, room, "one")
    for (const emoji of ["🌿", "🎉", "👋", "🍀", "🌊"])
      await house.act(bob, room, "reaction.added", seq, { emoji })
    const seen: number[] = []
    let asOf = seq
    for (let more = true; more; ) {
      const part: Changes = await house.get(ada, "messages.changes", {
        room,
        from: 1,
        to: seq,
        asOf,
        limit: 2,
      })
      seen.push(...part.events.map((event) => event.seq))
      asOf = part.asOf
      more = part.more
    }
    expect(seen).toEqual([4, 5, 6, 7, 8])
  })
})

describe("the past", () => {
  test("[SEE-2] [SEE-3] of a room that shows only what follows is hidden from newcomers, with all that points at it", async () => {
    const closed = await house.room("attic", [ada], { history: "joined" })
    const old = await house.say(ada, closed, "zanzibar")
    await house.act(ada, closed, "pin.added", old)
    await house.get(ada, "members.invite", { room: closed, account: "bob" })
    await house.get(bob, "members.join", { room: closed })
    await house.say(ada, closed, "zanzibar, as I said", { replyTo: old })
    await house.say(ada, closed, "more of zanzibar", { root: old })
    await house.act(ada, closed, "message.edited", old, { text: "zanzibar, really" })
    const seen = await house.say(ada, closed, "welcome")
    for (const [name, input] of [
      ["messages.list", {}],
      ["messages.list", { around: old }],
      ["events.list", { after: 0 }],
      ["events.list", {}],
      ["messages.pins", {}],
      ["messages.changes", { from: 1, to: 100, asOf: 0 }],
    ] as const) {
      const { body } = await house.ask(bob, name, { room: closed, ...input })
      expect(JSON.stringify(body)).not.toContain("zanzibar")
    }
    expect(await house.code(bob, "messages.get", { room: closed, message: old })).toBe("no-such-message")
    expect(await house.code(bob, "messages.list", { room: closed, root: old })).toBe("no-such-message")
    expect((await house.get<Page>(bob, "messages.list", { room: closed })).messages.at(-1)?.seq).toBe(seen)
    expect(await house.get(bob, "rooms.get", { room: closed })).toMatchObject({ pins: [] })
    expect(await house.get<{ seq: number }>(bob, "rooms.seqAt", { room: closed, at: 0 })).toMatchObject({
      seq: 5,
    })
  })
})

describe("raw events", () => {
  interface Events {
    readonly events: readonly { readonly seq: number }[]
    readonly to: number
    readonly next?: string
  }
  const events = (input: object) => house.get<Events>(ada, "events.list", { room, ...input })
  const numbers = (found: Events) => found.events.map(({ seq }) => seq)

  test("are the last ones unless a place is given, ascending either way", async () => {
    for (let number = 1; number <= 8; number++) await house.say(ada, room, `message ${number}`)
    expect(numbers(await events({ limit: 3 }))).toEqual([8, 9, 10])
    expect(numbers(await events({ before: 5, limit: 3 }))).toEqual([2, 3, 4])
    expect(numbers(await events({ after: 5, limit: 3 }))).toEqual([6, 7, 8])
    expect(numbers(await events({ after: 5, before: 8 }))).toEqual([6, 7])
    expect(numbers(await events({ after: 10 }))).toEqual([])
    expect(await events({ after: 99 })).toMatchObject({ events: [], to: 99 })
    expect(numbers(await events({ before: 1 }))).toEqual([])
  })

  test("go on by next, in both directions", async () => {
    for (let number = 1; number <= 8; number++) await house.say(ada, room, `message ${number}`)
    for (const start of [{ after: 0 }, {}]) {
      const seen = new Set<number>()
      let next: string | undefined
      do {
        const found: Events = await events({ ...start, limit: 3, ...(next && { next }) })
        for (const seq of numbers(found)) seen.add(seq)
        next = found.next
      } while (next !== undefined)
      expect([...seen].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    }
  })

  test("tell of an erased message only that it was there", async () => {
    const root = await house.say(ada, room, "a question")
    const seq = await house.say(ada, room, "zanzibar", { root })
    await house.act(ada, room, "message.deleted", seq)
    const found = await events({ after: seq - 1, limit: 1 })
    expect(found.events[0]).toMatchObject({ seq, body: null, root })
    expect(JSON.stringify(await events({}))).not.toContain("zanzibar")
  })

  test("a time leads to the first event at or after it", async () => {
    const began = house.world.now()
    house.world.pass(60_000)
    const seq = await house.say(ada, room, "a minute later")
    const at = (ms: number) => house.get<{ seq: number }>(ada, "rooms.seqAt", { room, at: ms })
    expect((await at(began)).seq).toBe(1)
    expect((await at(began + 1)).seq).toBe(seq)
    expect((await at(began + 90_000)).seq).toBe(seq + 1)
  })
})
