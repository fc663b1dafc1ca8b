import { describe, expect, test } from "bun:test"
import { cast } from "../../test/cast.ts"
import { limits } from "../limits.ts"
import { actorOf, makeRoom, shownAt } from "../testing.ts"

const [ada, bob, eve] = [actorOf(cast.ada), actorOf(cast.bob), actorOf(cast.eve)]

function garden() {
  const log = makeRoom([ada, bob])
  return { log, seq: log.add(bob, "message.posted", { text: "Mind the bees" }).seq }
}

describe("a pin", () => {
  test("[PIN-1] stands in the head and on its message, until it is taken away", () => {
    const { log, seq } = garden()
    log.add(bob, "pin.added", {}, seq)
    expect([...log.head.pins]).toEqual([seq])
    expect(shownAt(log, seq)).toMatchObject({ pinned: true })
    expect(log.refusal(ada, "pin.added", {}, seq)).toBe("already")
    log.add(ada, "pin.removed", {}, seq)
    expect(log.head.pins.size).toBe(0)
    expect(shownAt(log, seq)).not.toHaveProperty("pinned")
    expect(log.refusal(ada, "pin.removed", {}, seq)).toBe("already")
  })

  test("needs the role that the room asks for", () => {
    const { log, seq } = garden()
    log.add(ada, "room.setting", { key: "pin", value: "moderator" })
    expect(log.refusal(bob, "pin.added", {}, seq)).toBe("forbidden")
    expect(log.refusal(eve, "pin.added", {}, seq)).toBe("not-a-member")
    log.add(ada, "pin.added", {}, seq)
    expect(log.refusal(bob, "pin.removed", {}, seq)).toBe("forbidden")
  })

  test("[PIN-1] is on a message that is there", () => {
    const { log, seq } = garden()
    expect(log.refusal(bob, "pin.added", {}, 1)).toBe("no-such-message")
    log.add(bob, "pin.added", {}, seq)
    log.add(bob, "message.deleted", {}, seq)
    expect(log.head.pins.size).toBe(0)
    expect(log.refusal(bob, "pin.removed", {}, seq)).toBe("no-such-message")
    expect(log.refusal(bob, "pin.added", {}, seq)).toBe("no-such-message")
  })

  test("[PIN-1] has a room for so many and no more", () => {
    const { log } = garden()
    for (let count = 0; count < limits.pinsPerRoomMax; count++)
      log.add(bob, "pin.added", {}, log.add(bob, "message.posted", { text: `note ${count}` }).seq)
    const one = log.add(bob, "message.posted", { text: "one more" }).seq
    expect(log.refusal(bob, "pin.added", {}, one)).toBe("too-many")
    log.add(bob, "pin.removed", {}, one - 2)
    expect(log.refusal(bob, "pin.added", {}, one)).toBeUndefined()
  })
})
