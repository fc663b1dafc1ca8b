import { describe, expect, test } from "bun:test"
import type { Event } from "../protocol/event.ts"
import { ThreadCounts } from "./threads.ts"

const answer = (seq: number, root: number): Event => ({
  seq,
  id: `${seq}`,
  at: seq,
  by: "bob",
  kind: "message.posted",
  body: { text: "hello", root },
})
const deletion = (seq: number, target: number): Event => ({
  seq,
  id: `${seq}`,
  at: seq,
  by: "bob",
  kind: "message.deleted",
  target,
  body: {},
})

describe("how large a thread is", () => {
  test("what the server has counted is not counted again when it arrives", () => {
    const counts = new ThreadCounts()
    counts.tell([[2, { count: 3, last: 9 }]], 10)
    expect(counts.arrived(answer(9, 2))).toBeUndefined()
    expect(counts.arrived(deletion(10, 9))).toBeUndefined()
    expect(counts.arrived(answer(11, 2))).toBe(2)
    expect(counts.get(2)).toEqual({ count: 4, last: 11 })
  })

  test("an older word of the server does not replace a newer", () => {
    const counts = new ThreadCounts()
    counts.tell([[2, { count: 3, last: 9 }]], 10)
    counts.tell([[2, { count: 1, last: 5 }]], 6)
    expect(counts.get(2)).toEqual({ count: 3, last: 9 })
  })

  test("a thread whose only answer is deleted is none", () => {
    const counts = new ThreadCounts()
    counts.arrived(answer(3, 2))
    expect(counts.get(2)).toEqual({ count: 1, last: 3 })
    expect(counts.arrived(deletion(4, 3))).toBe(2)
    expect(counts.get(2)).toBeUndefined()
  })
})
