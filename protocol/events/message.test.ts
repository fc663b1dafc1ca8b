import { describe, expect, test } from "bun:test"
import { cast } from "../../test/cast.ts"
import { limits } from "../limits.ts"
import type { Actor } from "../policy.ts"
import { actorOf, makeRoom, makeTestLog, shownAt, type TestLog } from "../testing.ts"
import type { Message } from "../timeline.ts"

const [ada, bob, cleo, eve] = [actorOf(cast.ada), actorOf(cast.bob), actorOf(cast.cleo), actorOf(cast.eve)]
const system = actorOf(cast.dan, { system: true })

/** Ada's garden, with Bob in it. */
const garden = () => makeRoom([ada, bob])

const say = (log: TestLog, actor: Actor, text: string, more: object = {}) =>
  log.add(actor, "message.posted", { text, ...more }).seq

const message = (log: TestLog, seq: number) => shownAt(log, seq) as Message

describe("a message", () => {
  test("[MESSAGE-1] is said by a member, and shows as it was said", () => {
    const log = garden()
    const seq = say(log, bob, "Good *morning*\n\tall", { style: "action" })
    expect(message(log, seq)).toEqual({
      type: "message",
      seq,
      id: log.events[seq - 1]?.id ?? "",
      at: 3_000,
      by: bob.account,
      style: "action",
      text: "Good *morning*\n\tall",
      reactions: [],
    })
    expect(log.events[seq - 1]?.body).toEqual({ text: "Good *morning*\n\tall", style: "action" })
  })

  test("[MESSAGE-1] is not said by outsiders, who may know of a public room and not of a private one", () => {
    expect(garden().refusal(eve, "message.posted", { text: "hi" })).toBe("not-a-member")
    const attic = makeRoom([ada, bob], { visibility: "private" })
    expect(attic.refusal(eve, "message.posted", { text: "hi" })).toBe("no-such-room")
    expect(makeTestLog().refusal(ada, "message.posted", { text: "hi" })).toBe("no-such-room")
    expect(makeTestLog().refusal(system, "message.posted", { text: "hi" })).toBe("no-such-room")
  })

  test("[MESSAGE-1] needs the role that the room asks for", () => {
    const log = garden()
    log.add(ada, "room.setting", { key: "posting", value: "voice" })
    expect(log.refusal(bob, "message.posted", { text: "hi" })).toBe("forbidden")
    log.add(ada, "member.role", { account: bob.account, role: "voice" })
    expect(log.refusal(bob, "message.posted", { text: "hi" })).toBeUndefined()
  })

  test.each([
    ["nothing", "", "bad-text"],
    ["only blanks", " \n\t", "bad-text"],
    ["only what is not seen", "\u200b\u2060\ufe0f\u3164", "bad-text"],
    ["a control character", "a\u0007b", "bad-text"],
    ["half a character", "a\ud83d", "bad-text"],
    ["more characters than fit", "a".repeat(limits.textBytesMax + 1), "too-large"],
    ["more bytes than fit", "é".repeat(limits.textBytesMax / 2 + 1), "too-large"],
  ])("[TEXT-1] with %s is refused", (_, text, code) => {
    const log = garden()
    const seq = say(log, bob, "hello")
    expect(log.refusal(bob, "message.posted", { text })).toBe(code as "bad-text")
    expect(log.refusal(bob, "message.edited", { text }, seq)).toBe(code as "bad-text")
  })

  test("[MESSAGE-2] may answer another one that its author sees", () => {
    const log = garden()
    const seq = say(log, bob, "Who waters the roses?")
    const answer = say(log, ada, "I do", { replyTo: seq })
    expect(message(log, answer).replyTo).toBe(seq)
    expect(log.events[answer - 1]?.cites).toBe(seq)
  })

  test("[MESSAGE-2] answers no other sort of event, none that was erased and none that is not there", () => {
    const log = garden()
    const seq = say(log, bob, "Forget this")
    log.add(bob, "message.deleted", {}, seq)
    for (const replyTo of [2, seq, seq + 1, 99])
      expect(log.refusal(ada, "message.posted", { text: "yes", replyTo })).toBe("no-such-message")
  })

  test("[MESSAGE-3] may grow a thread, in which answers stay", () => {
    const log = garden()
    const root = say(log, bob, "Roses")
    const other = say(log, bob, "Tulips")
    const inside = say(log, ada, "are red", { root })
    const answer = say(log, bob, "and white", { root, replyTo: inside })
    expect(message(log, answer)).toMatchObject({ root, replyTo: inside })
    expect(say(log, bob, "really", { root, replyTo: root })).toBeGreaterThan(0)
    const refusal = (body: object) => log.refusal(bob, "message.posted", { text: "no", ...body })
    expect(refusal({ root: inside })).toBe("bad-input")
    expect(refusal({ root, replyTo: other })).toBe("bad-input")
    expect(refusal({ replyTo: inside })).toBe("bad-input")
    expect(refusal({ root: other, replyTo: inside })).toBe("bad-input")
    expect(refusal({ root: 99 })).toBe("no-such-message")
  })

  test("[LOG-4] takes no target, and a change takes one", () => {
    const log = garden()
    expect(log.refusal(bob, "message.posted", { text: "hi" }, 1)).toBe("bad-input")
    expect(log.refusal(bob, "message.edited", { text: "hi" })).toBe("bad-input")
    expect(log.refusal(bob, "message.deleted")).toBe("bad-input")
  })
})

describe("an edit", () => {
  test("[MESSAGE-4] replaces the text and leaves everything else", () => {
    const log = garden()
    const root = say(log, ada, "Roses")
    const seq = say(log, bob, "are rde", { root, replyTo: root })
    const edit = log.add(bob, "message.edited", { text: "are red" }, seq)
    expect(edit).toMatchObject({ root, cites: root, target: seq })
    expect(message(log, seq)).toMatchObject({ text: "are red", editedAt: edit.at, root, replyTo: root })
  })

  test("[MESSAGE-4] is the author's alone: Ada's edit is refused when the words are Bob's, though she owns the room", () => {
    const log = garden()
    const seq = say(log, bob, "mine")
    expect(log.refusal(ada, "message.edited", { text: "hers" }, seq)).toBe("not-yours")
    expect(log.refusal(system, "message.edited", { text: "the server's" }, seq)).toBe("not-yours")
    expect(log.refusal(eve, "message.edited", { text: "Eve's" }, seq)).toBe("not-a-member")
    log.add(bob, "member.left")
    expect(log.refusal(bob, "message.edited", { text: "from afar" }, seq)).toBe("not-a-member")
  })

  test("[MESSAGE-4] of what is no message, or is gone, is refused", () => {
    const log = garden()
    const seq = say(log, bob, "gone soon")
    log.add(bob, "message.deleted", {}, seq)
    for (const target of [2, seq, 99])
      expect(log.refusal(bob, "message.edited", { text: "x" }, target)).toBe("no-such-message")
  })
})

describe("a deletion", () => {
  test("[MESSAGE-5] is the author's, a moderator's or the server's, and nobody else's", () => {
    const log = garden()
    log.add(cleo, "member.joined")
    const seq = say(log, bob, "words")
    const words = (actor: Actor) => log.refusal(actor, "message.deleted", {}, seq)
    expect(words(bob)).toBeUndefined()
    expect(words(ada)).toBeUndefined()
    expect(words(system)).toBeUndefined()
    expect(words(cleo)).toBe("not-yours")
    expect(words(eve)).toBe("not-a-member")
    log.add(ada, "member.role", { account: cleo.account, role: "moderator" })
    expect(words(cleo)).toBeUndefined()
  })

  test("[ERASE-1] erases the message and all its edits, and leaves its place and its thread", () => {
    const log = garden()
    const root = say(log, ada, "Roses")
    const seq = say(log, bob, "secret", { root })
    log.add(bob, "message.edited", { text: "secret, too" }, seq)
    log.add(ada, "reaction.added", { emoji: "🌹" }, seq)
    expect(log.judge(bob, "message.deleted", {}, seq)).toEqual({
      kind: "message.deleted",
      body: {},
      target: seq,
      root,
      cites: root,
      erases: seq,
    })
    log.add(bob, "message.deleted", {}, seq)
    expect(JSON.stringify(log.events)).not.toContain("secret")
    expect(Object.keys(message(log, seq)).sort()).toEqual([
      "at",
      "by",
      "deleted",
      "id",
      "reactions",
      "root",
      "seq",
      "style",
      "text",
      "type",
    ])
    expect(message(log, seq)).toMatchObject({ by: bob.account, root, text: "", deleted: true, reactions: [] })
  })

  test("[MESSAGE-5] happens once", () => {
    const log = garden()
    const seq = say(log, bob, "words")
    log.add(bob, "message.deleted", {}, seq)
    expect(log.refusal(bob, "message.deleted", {}, seq)).toBe("no-such-message")
  })

  test("takes away the pin", () => {
    const log = garden()
    const seq = say(log, bob, "rules")
    log.add(ada, "pin.added", {}, seq)
    expect(log.head.pins.has(seq)).toBe(true)
    log.add(bob, "message.deleted", {}, seq)
    expect(log.head.pins.size).toBe(0)
  })
})

describe("what someone may not see they may not touch", () => {
  /** Cleo came after the first message, and this room hides its past. */
  function hiding() {
    const log = makeRoom([ada, bob], { history: "joined" })
    const old = say(log, bob, "before Cleo")
    log.add(cleo, "member.joined")
    const pointing = say(log, ada, "as Bob said", { replyTo: old })
    return { log, old, pointing }
  }

  test("[SEE-3] neither answer it, nor aim at it, nor learn that it is there", () => {
    const { log, old } = hiding()
    expect(log.refusal(cleo, "message.posted", { text: "what?", replyTo: old })).toBe("no-such-message")
    expect(log.refusal(cleo, "message.posted", { text: "what?", root: old })).toBe("no-such-message")
    expect(log.refusal(cleo, "reaction.added", { emoji: "👍" }, old)).toBe("no-such-message")
    expect(log.refusal(cleo, "pin.added", {}, old)).toBe("no-such-message")
    expect(log.refusal(cleo, "message.deleted", {}, old)).toBe("no-such-message")
  })

  test("[SEE-3] nor what points at it, however far along", () => {
    const { log, old, pointing } = hiding()
    expect(log.events[pointing - 1]?.cites).toBe(old)
    expect(log.refusal(cleo, "reaction.added", { emoji: "👍" }, pointing)).toBe("no-such-message")
    const further = say(log, bob, "and so on", { replyTo: pointing })
    expect(log.events[further - 1]?.cites).toBe(old)
    expect(log.refusal(cleo, "message.posted", { text: "?", replyTo: further })).toBe("no-such-message")
    const reaction = log.add(ada, "reaction.added", { emoji: "👍" }, further)
    expect(reaction.cites).toBe(old)
  })
})

describe("[ROOM-7] an archived room", () => {
  function archived() {
    const log = garden()
    const seq = say(log, bob, "old words")
    log.add(bob, "reaction.added", { emoji: "👍" }, seq)
    log.add(ada, "pin.added", {}, seq)
    log.add(ada, "room.archived", { archived: true })
    return { log, seq }
  }

  test("takes nothing that adds or changes words", () => {
    const { log, seq } = archived()
    expect(log.refusal(bob, "message.posted", { text: "new" })).toBe("archived")
    expect(log.refusal(bob, "message.edited", { text: "new" }, seq)).toBe("archived")
    expect(log.refusal(ada, "reaction.added", { emoji: "👍" }, seq)).toBe("archived")
    expect(log.refusal(ada, "pin.added", {}, seq)).toBe("archived")
  })

  test("lets people take away what is theirs", () => {
    const { log, seq } = archived()
    expect(log.refusal(bob, "reaction.removed", { emoji: "👍" }, seq)).toBeUndefined()
    expect(log.refusal(ada, "pin.removed", {}, seq)).toBeUndefined()
    expect(log.refusal(bob, "message.deleted", {}, seq)).toBeUndefined()
    expect(log.refusal(bob, "member.left")).toBeUndefined()
    for (const kind of ["member.removed", "member.banned"])
      expect(log.refusal(ada, kind, { account: bob.account })).toBeUndefined()
    expect(log.refusal(ada, "member.role", { account: bob.account, role: "voice" })).toBeUndefined()
  })
})
