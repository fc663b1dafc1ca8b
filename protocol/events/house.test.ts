import { describe, expect, test } from "bun:test"
import { cast, castId } from "../../test/cast.ts"
import { actorOf, makeRoom, makeTestLog } from "../testing.ts"

const owner = actorOf(cast.ada, { role: "owner" })
const server = actorOf(cast.ada, { system: true })
const [account, actor] = [cast.bob.id, cast.ada.id]

function houseLog() {
  const log = makeTestLog()
  log.add(server, "room.created", { type: "house", visibility: "private", history: "shared", members: [] })
  return log
}

describe("the house log", () => {
  test.each([
    ["house.role", { account, role: "admin", actor }],
    ["house.ban", { account, banned: true, reason: "Spam", actor }],
    ["house.ban", { account, banned: false }],
    ["house.setting", { key: "registration", value: "closed", actor }],
    ["house.revocation", { account, session: castId(0xc001), actor }],
    ["house.revocation", { account, except: castId(0xc001) }],
    ["house.revocation", { account }],
  ])("[HOUSE-1] records %s %j", (kind, body) => {
    const log = houseLog()
    expect(log.add(server, kind, body).body).toEqual(body)
  })

  test.each([
    ["house.role", { account, role: "king" }],
    ["house.role", { role: "admin" }],
    ["house.ban", { account }],
    ["house.setting", { key: "__proto__", value: "x" }],
    ["house.revocation", { session: castId(0xc001) }],
  ])("[HOUSE-1] and nothing malformed: %s %j", (kind, body) => {
    expect(houseLog().refusal(server, kind, body)).toBe("bad-input")
  })

  test("[RIGHT-3] is written by the server alone, and is there for nobody", () => {
    const log = houseLog()
    const body = { account: owner.account, role: "owner" }
    expect(log.refusal(owner, "house.role", body)).toBe("forbidden")
    expect(log.refusal(owner, "message.posted", { text: "hear, hear" })).toBe("no-such-room")
    expect(log.refusal(owner, "member.joined")).toBe("no-such-room")
    expect(makeRoom([owner]).refusal(server, "house.role", body)).toBe("forbidden")
  })
})
