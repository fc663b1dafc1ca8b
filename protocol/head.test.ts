import { describe, expect, test } from "bun:test"
import { cast } from "../test/cast.ts"
import { changesHead, evolve, kinds } from "./events/index.ts"
import { emptyHead, isVisible, packHead, setWithout, unpackHead } from "./head.ts"
import { actorOf, idOf, makeRoom } from "./testing.ts"

const [ada, bob, cleo] = [actorOf(cast.ada), actorOf(cast.bob), actorOf(cast.cleo)]

function eventful() {
  const log = makeRoom([ada, bob], { history: "joined" })
  log.add(ada, "member.invited", { account: idOf(1) })
  log.add(ada, "member.banned", { account: idOf(2) })
  log.add(cleo, "member.joined")
  log.add(bob, "member.left")
  log.add(ada, "room.setting", { key: "limit", value: 9 })
  log.add(ada, "room.topic", { topic: "Compost" })
  const { seq } = log.add(ada, "message.posted", { text: "Rules" })
  log.add(ada, "pin.added", {}, seq)
  return log
}

describe("a head", () => {
  test("packed and unpacked is the same, with everything in it", () => {
    const { head } = eventful()
    expect(unpackHead(packHead(head))).toEqual(head)
    expect([...unpackHead(packHead(head)).members.keys()]).toEqual([...head.members.keys()])
    for (const part of [head.members, head.gone, head.banned, head.invited, head.pins])
      expect(part.size).toBeGreaterThan(0)
  })

  test("packed before a field was thought of unpacks with what that field begins as", () => {
    const { sharedFrom: _, pins: __, ...older } = JSON.parse(packHead(eventful().head))
    expect(unpackHead(JSON.stringify(older))).toMatchObject({
      sharedFrom: emptyHead.sharedFrom,
    })
  })

  test("[FORM-3] is left as it is, but for seq and time, by a kind nobody knows and by an erased body", () => {
    const { head } = eventful()
    const event = { seq: 99, at: 99, by: ada.account }
    const untouched = packHead({ ...head, seq: 99, at: 99 })
    expect(packHead(evolve(head, { ...event, kind: "poll.opened", body: { question: "?" } }))).toBe(untouched)
    expect(packHead(evolve(head, { ...event, kind: "member.joined", body: null }))).toBe(untouched)
    expect(packHead(evolve(head, { ...event, kind: "__proto__", body: {} }))).toBe(untouched)
  })

  test("is changed by these kinds and by no others", () => {
    expect(kinds.filter((kind) => !changesHead(kind))).toEqual([
      "message.posted",
      "message.edited",
      "reaction.added",
      "reaction.removed",
      "self.activity",
      "house.role",
      "house.ban",
      "house.setting",
      "house.revocation",
    ])
  })
})

describe("[SEE-3] an event", () => {
  test.each([
    [7, undefined, 7, true],
    [7, undefined, 8, false],
    [7, 3, 3, true],
    [7, 3, 4, false],
    [7, 7, 7, true],
  ])("%i that points back to %p is seen from %i on: %p", (seq, cites, from, seen) => {
    expect(isVisible({ seq, cites }, from)).toBe(seen)
  })
})

test("a set without what it does not hold is the same set", () => {
  const set = new Set([1, 2])
  expect(setWithout(set, 3)).toBe(set)
  expect([...setWithout(set, 1)]).toEqual([2])
  expect([...set]).toEqual([1, 2])
})
