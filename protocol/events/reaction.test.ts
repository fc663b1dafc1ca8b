import { describe, expect, test } from "bun:test"
import { cast } from "../../test/cast.ts"
import { actorOf, makeRoom, shownAt, type TestLog } from "../testing.ts"
import type { Message } from "../timeline.ts"

const [ada, bob, eve] = [actorOf(cast.ada), actorOf(cast.bob), actorOf(cast.eve)]

function garden() {
  const log = makeRoom([ada, bob])
  return { log, seq: log.add(bob, "message.posted", { text: "The roses are out" }).seq }
}

const reactions = (log: TestLog, seq: number) => (shownAt(log, seq) as Message).reactions

describe("a reaction", () => {
  test("shows on its message, counted, with those who have it", () => {
    const { log, seq } = garden()
    log.add(ada, "reaction.added", { emoji: "🌹" }, seq)
    log.add(bob, "reaction.added", { emoji: "🌹" }, seq)
    log.add(bob, "reaction.added", { emoji: "👍🏽" }, seq)
    expect(reactions(log, seq)).toEqual([
      { emoji: "🌹", count: 2, by: [ada.account, bob.account] },
      { emoji: "👍🏽", count: 1, by: [bob.account] },
    ])
    log.add(ada, "reaction.removed", { emoji: "🌹" }, seq)
    log.add(bob, "reaction.removed", { emoji: "👍🏽" }, seq)
    expect(reactions(log, seq)).toEqual([{ emoji: "🌹", count: 1, by: [bob.account] }])
  })

  test("[REACTION-1] is there once for each person, and may be taken back and given again", () => {
    const { log, seq } = garden()
    expect(log.refusal(ada, "reaction.removed", { emoji: "🌹" }, seq)).toBe("already")
    log.add(ada, "reaction.added", { emoji: "🌹" }, seq)
    expect(log.refusal(ada, "reaction.added", { emoji: "🌹" }, seq)).toBe("already")
    expect(log.refusal(ada, "reaction.added", { emoji: "👍" }, seq)).toBeUndefined()
    log.add(ada, "reaction.removed", { emoji: "🌹" }, seq)
    expect(log.refusal(ada, "reaction.removed", { emoji: "🌹" }, seq)).toBe("already")
    expect(log.refusal(ada, "reaction.added", { emoji: "🌹" }, seq)).toBeUndefined()
  })

  test("[REACTION-1] is taken back by whoever gave it only, for nobody else has it", () => {
    const { log, seq } = garden()
    log.add(bob, "reaction.added", { emoji: "🌹" }, seq)
    expect(log.refusal(ada, "reaction.removed", { emoji: "🌹" }, seq)).toBe("already")
  })

  test("is given by members to messages", () => {
    const { log, seq } = garden()
    expect(log.refusal(eve, "reaction.added", { emoji: "🌹" }, seq)).toBe("not-a-member")
    expect(log.refusal(ada, "reaction.added", { emoji: "🌹" }, 2)).toBe("no-such-message")
    expect(log.refusal(ada, "reaction.added", { emoji: "🌹" }, 99)).toBe("no-such-message")
    log.add(bob, "message.deleted", {}, seq)
    expect(log.refusal(ada, "reaction.added", { emoji: "🌹" }, seq)).toBe("no-such-message")
  })

  test("does not need the right to post: an announcement may be answered with a rose", () => {
    const { log, seq } = garden()
    log.add(ada, "room.setting", { key: "posting", value: "owner" })
    expect(log.refusal(bob, "reaction.added", { emoji: "🌹" }, seq)).toBeUndefined()
  })

  test.each(["", " ", "+1", "rose", ":rose:", "🌹🌹", "🌹 ", "a", "1", "🌹\u0000"])(
    "[TEXT-3] is one emoji, so %j is refused",
    (emoji) => {
      const { log, seq } = garden()
      expect(log.refusal(ada, "reaction.added", { emoji }, seq)).toBe(emoji === "" ? "bad-input" : "bad-text")
    },
  )

  test("[TEXT-3] is fully qualified, and the refusal shows how", () => {
    const { log, seq } = garden()
    const verdict = log.judge(ada, "reaction.added", { emoji: "❤" }, seq)
    expect(verdict).toEqual({ refused: "bad-text", message: "Send this emoji in its full form, ❤️." })
    expect(log.refusal(ada, "reaction.added", { emoji: "❤️" }, seq)).toBeUndefined()
  })
})
