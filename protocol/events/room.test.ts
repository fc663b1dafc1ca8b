import { describe, expect, test } from "bun:test"
import { cast } from "../../test/cast.ts"
import type { HouseRole } from "../head.ts"
import { limits } from "../limits.ts"
import type { Actor } from "../policy.ts"
import { actorOf, fold, makeRoom, makeTestLog, shownAt, type TestLog } from "../testing.ts"

const [ada, bob, cleo, dan, eve] = [
  actorOf(cast.ada),
  actorOf(cast.bob),
  actorOf(cast.cleo),
  actorOf(cast.dan),
  actorOf(cast.eve),
]
const server = actorOf(cast.dan, { system: true })
const inHouse = (actor: Actor, role: HouseRole): Actor => ({ ...actor, role })
const from = (log: TestLog, actor: Actor) => log.head.members.get(actor.account)?.from

const bodyOf = (more: object = {}) => ({
  type: "room",
  name: "garden",
  visibility: "public",
  history: "shared",
  members: [ada.account],
  ...more,
})
const nameless = (more: object) => {
  const { name: _, ...body } = bodyOf({ visibility: "private", ...more })
  return body
}
const make = (actor: Actor, body: object) => makeTestLog().refusal(actor, "room.created", body)

describe("making a room", () => {
  test("[LOG-3] is the first event of a log, and no later one", () => {
    const log = makeTestLog()
    log.add(ada, "room.created", bodyOf({ topic: "What grows" }))
    expect(log.head).toMatchObject({
      type: "room",
      name: "garden",
      topic: "What grows",
      visibility: "public",
    })
    expect(log.head.members.get(ada.account)).toEqual({ role: "owner", joined: 1, from: 1 })
    expect(log.refusal(ada, "room.created", bodyOf())).toBe("already")
    expect(log.refusal(server, "room.created", bodyOf())).toBe("already")
  })

  test("[LOG-3] nothing is said in a log that does not begin, by the server neither", () => {
    const kinds = ["message.posted", "member.joined", "room.topic", "self.activity", "house.setting"]
    const body = [
      { text: "hi" },
      {},
      { topic: "x" },
      { reason: "password-changed" },
      { key: "name", value: "x" },
    ]
    for (const [index, kind] of kinds.entries())
      expect(makeTestLog().refusal(server, kind, body[index])).toMatch(/no-such-room|forbidden/)
  })

  test("[ROOM-1] people make rooms for themselves alone, guests none", () => {
    expect(make(ada, bodyOf())).toBeUndefined()
    expect(make(inHouse(ada, "guest"), bodyOf())).toBe("forbidden")
    expect(make(bob, bodyOf())).toBe("forbidden")
    expect(make(ada, bodyOf({ members: [ada.account, bob.account] }))).toBe("forbidden")
    expect(make(ada, bodyOf({ members: [] }))).toBe("forbidden")
    expect(make(ada, nameless({ type: "direct" }))).toBe("forbidden")
    expect(make(server, bodyOf({ members: [] }))).toBeUndefined()
  })

  test.each(["", "two words", "#garden", "a,b", "-", "019b0000-0000-7000-8000-00000000b002"])(
    "[NAME-2] is not done by the name %j",
    (name) => expect(make(ada, bodyOf({ name }))).toMatch(/bad-name|bad-input/),
  )

  test("[NAME-2] is done by a name, and one that fits", () => {
    const { name: _, ...body } = bodyOf()
    expect(make(ada, body)).toBe("bad-name")
    expect(make(ada, bodyOf({ name: "g".repeat(limits.roomNameCharsMax) }))).toBeUndefined()
    expect(make(ada, bodyOf({ name: "g".repeat(limits.roomNameCharsMax + 1) }))).toBe("too-large")
  })

  test("[ROOM-1] of another type is the server's, private, and has neither name nor topic", () => {
    expect(make(server, nameless({ type: "direct", members: [ada.account, bob.account] }))).toBeUndefined()
    expect(make(server, nameless({ type: "self" }))).toBeUndefined()
    expect(make(server, nameless({ type: "house", members: [] }))).toBeUndefined()
    expect(make(server, bodyOf({ type: "direct", visibility: "private" }))).toBe("bad-input")
    expect(make(server, nameless({ type: "direct", topic: "us" }))).toBe("bad-input")
    expect(make(server, nameless({ type: "direct", visibility: "public" }))).toBe("bad-input")
  })

  test("[ROOM-3] a direct room is of one person, as a notebook, or of a few, each once", () => {
    const of = (members: readonly string[]) => make(server, nameless({ type: "direct", members }))
    expect(of([ada.account])).toBeUndefined()
    expect(of([ada.account, ada.account])).toBe("bad-input")
    const crowd = Array.from({ length: limits.membersPerDirectMax + 1 }, (_, at) =>
      cast.ada.id.replace(/.$/, at.toString(16)),
    )
    expect(of(crowd.slice(1))).toBeUndefined()
    expect(of(crowd)).toBe("bad-input")
  })

  test("shows as a notice", () => {
    expect(shownAt(makeRoom([ada]), 1)).toMatchObject({
      type: "notice",
      kind: "room.created",
      by: ada.account,
    })
  })
})

describe("changing a room", () => {
  const lobby = () => makeRoom([ada, bob], { name: "lobby" })

  test("is told in the head", () => {
    const log = lobby()
    log.add(ada, "room.renamed", { name: "hall" })
    log.add(bob, "room.topic", { topic: "Welcome" })
    log.add(ada, "room.setting", { key: "posting", value: "voice" })
    log.add(ada, "room.setting", { key: "limit", value: 12 })
    log.add(ada, "room.archived", { archived: true })
    expect(log.head).toMatchObject({ name: "hall", topic: "Welcome", archived: true })
    expect(log.head.settings).toMatchObject({ posting: "voice", limit: 12, pin: "member" })
  })

  test.each([
    ["room.renamed", { name: "lobby" }],
    ["room.topic", { topic: "" }],
    ["room.setting", { key: "pin", value: "member" }],
    ["room.setting", { key: "limit", value: limits.membersPerRoomMax }],
    ["room.visibility", { visibility: "public" }],
    ["room.history", { history: "shared" }],
    ["room.archived", { archived: false }],
  ])("[ROOM-4] %s to what is so already is refused", (kind, body) => {
    expect(lobby().refusal(ada, kind, body)).toBe("already")
  })

  test.each([
    ["room.renamed", { name: "hall" }],
    ["room.setting", { key: "pin", value: "owner" }],
    ["room.visibility", { visibility: "private" }],
    ["room.history", { history: "joined" }],
    ["room.archived", { archived: true }],
  ])("%s is for owners, and for admins of the house where it is public", (kind, body) => {
    const log = lobby()
    log.add(ada, "member.role", { account: bob.account, role: "moderator" })
    expect(log.refusal(bob, kind, body)).toBe("forbidden")
    expect(log.refusal(inHouse(bob, "admin"), kind, body)).toBeUndefined()
    expect(log.refusal(eve, kind, body)).toBe("not-a-member")
  })

  test("[ROOM-7] but for the archive itself waits until the archive is opened", () => {
    const log = lobby()
    log.add(ada, "room.archived", { archived: true })
    expect(log.refusal(ada, "room.topic", { topic: "new" })).toBe("archived")
    expect(log.refusal(ada, "room.visibility", { visibility: "private" })).toBe("archived")
    log.add(ada, "room.archived", { archived: false })
    expect(log.refusal(ada, "room.topic", { topic: "new" })).toBeUndefined()
  })

  test("[ROOM-3] is not done to a direct room", () => {
    const log = makeTestLog()
    log.add(server, "room.created", nameless({ type: "direct", members: [ada.account, bob.account] }))
    expect(log.refusal(ada, "room.topic", { topic: "us" })).toBe("forbidden")
    expect(log.refusal(server, "room.visibility", { visibility: "public" })).toBe("forbidden")
    expect(log.refusal(server, "room.history", { history: "joined" })).toBe("forbidden")
  })

  test("[ROOM-2] a name that is none is refused, the same name in other letters is not", () => {
    expect(lobby().refusal(ada, "room.renamed", { name: "the hall" })).toBe("bad-name")
    expect(lobby().refusal(ada, "room.renamed", { name: "Lobby" })).toBeUndefined()
  })

  test("[TEXT-2] a topic is one line", () => {
    expect(lobby().refusal(ada, "room.topic", { topic: "two\nlines" })).toBe("bad-text")
    expect(lobby().refusal(ada, "room.topic", { topic: "turned \u202e round" })).toBe("bad-text")
    expect(lobby().refusal(ada, "room.topic", { topic: "é".repeat(limits.topicBytesMax) })).toBe("too-large")
    expect(make(ada, bodyOf({ topic: "two\nlines" }))).toBe("bad-text")
  })

  test("[FORM-3] a setting that a newer server wrote changes nothing here", () => {
    const { head } = lobby()
    const event = { seq: 9, at: 9, by: ada.account, kind: "room.setting" }
    for (const key of ["masks", "__proto__", "toString"])
      expect(fold(head, { ...event, body: { key, value: "owner" } }).settings).toEqual(head.settings)
  })
})

describe("who sees the past", () => {
  test("[SEE-2] where history is shared, those who join see it all; where it is not, what follows", () => {
    const log = makeRoom([ada, bob])
    log.add(cleo, "member.joined")
    expect(from(log, cleo)).toBe(1)
    log.add(ada, "room.history", { history: "joined" })
    const joined = log.add(dan, "member.joined")
    expect(from(log, dan)).toBe(joined.seq)
  })

  test("[ROOM-6] narrowing hides nothing from those who are here; widening opens what follows", () => {
    const log = makeRoom([ada, bob], { history: "joined" })
    const bobSees = from(log, bob)
    const widened = log.add(ada, "room.history", { history: "shared" })
    log.add(cleo, "member.joined")
    expect(from(log, cleo)).toBe(widened.seq)
    expect(from(log, bob)).toBe(bobSees ?? 0)
    log.add(ada, "room.history", { history: "joined" })
    expect(from(log, cleo)).toBe(widened.seq)
  })

  test("[ROOM-6] only an event that says so opens the past, to everyone", () => {
    const log = makeRoom([ada, bob], { history: "joined" })
    log.add(ada, "room.history", { history: "shared", past: true })
    log.add(cleo, "member.joined")
    expect([from(log, ada), from(log, bob), from(log, cleo)]).toEqual([1, 1, 1])
    expect(log.refusal(ada, "room.history", { history: "joined", past: true })).toBe("bad-input")
  })

  test("[ROOM-5] a private room that goes public shows newcomers what follows, not what was said in private", () => {
    const log = makeRoom([ada, bob], { visibility: "private" })
    log.add(bob, "message.posted", { text: "between us" })
    const opened = log.add(ada, "room.visibility", { visibility: "public" })
    log.add(eve, "member.joined")
    expect(from(log, eve)).toBe(opened.seq)
    expect(from(log, bob)).toBe(1)
    log.add(ada, "room.visibility", { visibility: "private" })
    expect(from(log, eve)).toBe(opened.seq)
    log.add(ada, "member.invited", { account: cleo.account })
    log.add(cleo, "member.joined")
    expect(from(log, cleo)).toBe(opened.seq)
  })

  test("[ROOM-5] it shows its past where the event says so", () => {
    const log = makeRoom([ada, bob], { visibility: "private" })
    log.add(ada, "room.visibility", { visibility: "public", past: true })
    log.add(eve, "member.joined")
    expect(from(log, eve)).toBe(1)
    expect(log.refusal(ada, "room.visibility", { visibility: "private", past: true })).toBe("bad-input")
  })

  test("[RIGHT-2] the past is opened by those whose room it is, not by whoever owns it for the house", () => {
    const log = makeRoom([ada, bob], { visibility: "private" })
    log.add(ada, "room.visibility", { visibility: "public" })
    const admin = inHouse(eve, "owner")
    log.add(admin, "member.joined")
    expect(log.refusal(admin, "room.history", { history: "shared", past: true })).toBe("forbidden")
    expect(log.refusal(admin, "room.history", { history: "joined" })).toBeUndefined()
    expect(log.refusal(server, "room.history", { history: "shared", past: true })).toBeUndefined()
    expect(log.refusal(ada, "room.history", { history: "shared", past: true })).toBeUndefined()
  })

  test("[SEE-2] who left and comes back sees what anyone does who comes then", () => {
    const log = makeRoom([ada, bob])
    log.add(ada, "room.history", { history: "joined" })
    log.add(bob, "member.left")
    const back = log.add(bob, "member.joined")
    expect(from(log, bob)).toBe(back.seq)
  })
})
