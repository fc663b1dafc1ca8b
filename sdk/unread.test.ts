import { describe, expect, test } from "bun:test"
import type { Event } from "../protocol/event.ts"
import { Unread } from "./unread.ts"

const ME = "me"

const posted = (seq: number, text = "hello", by = "other"): Event => ({
  seq,
  id: `${seq}`,
  at: seq,
  by,
  kind: "message.posted",
  body: { text },
})
const changed = (seq: number, kind: string, target: number): Event => ({
  seq,
  id: `${seq}`,
  at: seq,
  by: "other",
  kind,
  target,
  body: kind === "message.edited" ? { text: "new" } : {},
})

/** Ten messages, as the server counts them: the mark at 2, so that eight are unread and three of those call me. */
function told(): Unread {
  const unread = new Unread()
  unread.tell({ seq: 10, mark: 2, joined: 1, unread: 8, mentions: 3 })
  return unread
}

const count = (unread: Unread) => unread.count(undefined, [], ME)

describe("the count of what is unread, where the scroll does not reach back", () => {
  test("what the server has counted is not counted again when it arrives", () => {
    const unread = told()
    unread.arrived(posted(9, "@room look"), ME)
    expect(unread.mentions).toBe(3)
    unread.arrived(posted(11, "@room look"), ME)
    expect(unread.mentions).toBe(4)
    expect(unread.isStale).toBe(false)
  })

  test("a mark within what the server counted makes its count void", () => {
    const unread = told()
    unread.mark(5)
    expect(unread.isStale).toBe(true)
    unread.tell({ seq: 10, mark: 5, joined: 1, unread: 5, mentions: 1 })
    expect([count(unread), unread.mentions, unread.isStale]).toEqual([5, 1, false])
  })

  test("a mark behind what the server counted leaves nothing of it, and nothing to ask", () => {
    const unread = told()
    unread.mark(10)
    expect([count(unread), unread.mentions, unread.isStale]).toEqual([0, 0, false])
  })

  test("a count that the server made before it heard of the newest mark is void", () => {
    const unread = new Unread()
    unread.mark(6)
    unread.tell({ seq: 10, mark: 2, joined: 1, unread: 8, mentions: 3 })
    expect(unread.isStale).toBe(true)
  })

  test.each(["message.deleted", "message.edited"])(
    "%s of what the server counted makes its count void",
    (kind) => {
      const unread = told()
      unread.arrived(changed(11, kind, 7), ME)
      expect(unread.isStale).toBe(true)
    },
  )

  test("what happens to messages that are read is no matter", () => {
    const unread = told()
    unread.arrived(changed(11, "message.deleted", 2), ME)
    expect(unread.isStale).toBe(false)
  })

  test("who is told of a call after its message was deleted is not called", () => {
    const unread = told()
    unread.arrived(posted(11, "@me"), ME)
    unread.arrived(changed(12, "message.deleted", 11), ME)
    unread.called(11)
    expect([unread.mentions, unread.isStale]).toEqual([3, false])
  })

  test("whether an edited message still calls is for the server to say", () => {
    const unread = told()
    unread.called(11)
    unread.arrived(changed(12, "message.edited", 11), ME)
    expect(unread.isStale).toBe(true)
  })

  test("a call that is told twice counts once", () => {
    const unread = told()
    unread.called(11)
    unread.called(11)
    expect(unread.mentions).toBe(4)
  })
})
