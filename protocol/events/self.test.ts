import { describe, expect, test } from "bun:test"
import { cast, castId } from "../../test/cast.ts"
import { actorOf, makeRoom, makeTestLog } from "../testing.ts"

const [ada, eve] = [actorOf(cast.ada), actorOf(cast.eve)]
const server = actorOf(cast.ada, { system: true })
const mention = { reason: "mention", room: castId(0xb002), seq: 7 }

function selfLog() {
  const log = makeTestLog()
  const body = { type: "self", visibility: "private", history: "shared", members: [ada.account] }
  log.add(server, "room.created", body)
  return log
}

describe("a self log", () => {
  test.each([
    mention,
    { ...mention, reason: "reply" },
    { ...mention, reason: "invited" },
    { ...mention, reason: "removed" },
    { ...mention, reason: "banned" },
    { reason: "signed-in", session: castId(0xc001) },
    { reason: "password-changed" },
  ])("[SELF-1] tells what happened: %j", (body) => {
    const log = selfLog()
    expect(log.add(server, "self.activity", body).body).toEqual(body)
    expect(log.refusal(ada, "self.activity", body)).toBe("forbidden")
  })

  test("[SELF-1] names a place and never quotes", () => {
    expect(selfLog().refusal(server, "self.activity", { ...mention, text: "come" })).toBe("bad-input")
    expect(selfLog().refusal(server, "self.activity", { reason: "mention" })).toBe("bad-input")
    expect(selfLog().refusal(server, "self.activity", { reason: "signed-in" })).toBe("bad-input")
  })

  test("[RIGHT-3] takes nothing from its own account, and is not there for others", () => {
    const log = selfLog()
    const tries = [
      ["message.posted", { text: "dear diary" }],
      ["member.left", {}],
      ["member.invited", { account: eve.account }],
      ["room.topic", { topic: "me" }],
    ] as const
    for (const [kind, body] of tries) {
      expect(log.refusal(ada, kind, body)).toBe("forbidden")
      expect(log.refusal(eve, kind, body)).toBe("no-such-room")
    }
    expect(log.refusal(eve, "member.joined")).toBe("no-such-room")
  })

  test("is the only place for activities", () => {
    expect(makeRoom([ada]).refusal(server, "self.activity", mention)).toBe("forbidden")
  })
})
