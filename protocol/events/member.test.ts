import { describe, expect, test } from "bun:test"
import { cast } from "../../test/cast.ts"
import type { HouseRole } from "../head.ts"
import { limits } from "../limits.ts"
import type { Actor } from "../policy.ts"
import { actorOf, fold, idOf, makeRoom, makeTestLog, type TestLog } from "../testing.ts"

const [ada, bob, cleo, dan, eve] = [
  actorOf(cast.ada),
  actorOf(cast.bob),
  actorOf(cast.cleo),
  actorOf(cast.dan),
  actorOf(cast.eve),
]
const inHouse = (actor: Actor, role: HouseRole): Actor => ({ ...actor, role })
const asServer = (actor: Actor): Actor => ({ ...actor, system: true })
const whom = (actor: Actor) => ({ account: actor.account })
const role = (log: TestLog, actor: Actor) => log.head.members.get(actor.account)?.role

const lobby = () => makeRoom([ada, bob, cleo], { name: "lobby" })
const attic = () => makeRoom([ada, bob], { name: "attic", visibility: "private" })

function direct() {
  const log = makeTestLog()
  const members = [ada.account, bob.account]
  const body = { type: "direct", visibility: "private", history: "shared", members }
  log.add(asServer(ada), "room.created", body)
  return log
}

describe("joining", () => {
  test("[MEMBER-1] is free in a public room, but guests of the house need an invitation", () => {
    const log = lobby()
    expect(log.refusal(inHouse(eve, "guest"), "member.joined")).toBe("invitation-needed")
    log.add(eve, "member.joined")
    expect(log.head.members.get(eve.account)).toEqual({ role: "member", joined: 4, from: 1 })
    expect(log.refusal(eve, "member.joined")).toBe("already-member")
  })

  test("[MEMBER-1] needs an invitation in a private room, which outsiders are told is not there", () => {
    const log = attic()
    expect(log.refusal(eve, "member.joined")).toBe("no-such-room")
    expect(log.refusal(inHouse(eve, "owner"), "member.joined")).toBe("no-such-room")
    log.add(bob, "member.invited", whom(eve))
    log.add(inHouse(eve, "guest"), "member.joined")
    expect(log.head.invited.size).toBe(0)
    log.add(eve, "member.left")
    expect(log.refusal(eve, "member.joined")).toBe("invitation-needed")
    expect(log.refusal(asServer(eve), "member.joined")).toBeUndefined()
  })

  test("[MEMBER-2] is refused to the banned; who has never been in a private room does not learn why", () => {
    const log = attic()
    log.add(ada, "member.banned", whom(bob))
    log.add(ada, "member.banned", whom(eve))
    expect(log.refusal(bob, "member.joined")).toBe("banned")
    expect(log.refusal(eve, "member.joined")).toBe("no-such-room")
    expect(log.refusal(asServer(eve), "member.joined")).toBe("banned")
  })

  test("[MEMBER-2] is refused where the room is full or archived", () => {
    const log = lobby()
    log.add(ada, "room.setting", { key: "limit", value: 3 })
    expect(log.refusal(eve, "member.joined")).toBe("room-full")
    log.add(ada, "room.setting", { key: "limit", value: 4 })
    log.add(ada, "room.archived", { archived: true })
    expect(log.refusal(eve, "member.joined")).toBe("archived")
  })

  test("[MEMBER-2] is open to moderators and admins of the house in any public room, which they may have to put right", () => {
    const log = lobby()
    log.add(ada, "member.banned", whom(dan))
    log.add(ada, "room.setting", { key: "limit", value: 1 })
    log.add(ada, "room.archived", { archived: true })
    expect(log.refusal(dan, "member.joined")).toBe("banned")
    log.add(inHouse(dan, "moderator"), "member.joined")
    expect(log.head.banned.size).toBe(0)
    expect(log.refusal(inHouse(dan, "admin"), "room.archived", { archived: false })).toBeUndefined()
  })

  test("[MEMBER-8] is not possible in a direct room", () => {
    const log = direct()
    expect(log.refusal(eve, "member.joined")).toBe("no-such-room")
    expect(log.refusal(asServer(eve), "member.joined")).toBe("no-such-room")
    expect(log.refusal(ada, "member.joined")).toBe("already-member")
  })
})

describe("leaving and being put out", () => {
  test("[MEMBER-3] ends the membership; the head remembers the last event they may see", () => {
    const log = lobby()
    const left = log.add(bob, "member.left")
    expect(log.head.members.has(bob.account)).toBe(false)
    expect(log.head.gone.get(bob.account)).toBe(left.seq)
    expect(log.refusal(bob, "member.left")).toBe("not-a-member")
    log.add(bob, "member.joined")
    expect(log.head.gone.has(bob.account)).toBe(false)
  })

  test("[MEMBER-3] a moderator removes a member or withdraws an invitation, and tells why", () => {
    const log = lobby()
    log.add(ada, "member.role", { ...whom(bob), role: "moderator" })
    log.add(bob, "member.removed", { ...whom(cleo), reason: "Too loud" })
    expect(log.events.at(-1)?.body).toEqual({ account: cleo.account, reason: "Too loud" })
    expect(log.refusal(bob, "member.removed", whom(cleo))).toBe("no-such-account")
    log.add(ada, "member.invited", whom(dan))
    log.add(bob, "member.removed", whom(dan))
    expect(log.head.invited.size).toBe(0)
    expect(log.head.gone.has(dan.account)).toBe(false)
  })

  test("[MEMBER-5] nobody puts out whoever stands as high, nor themselves", () => {
    const log = lobby()
    for (const one of [bob, cleo]) log.add(ada, "member.role", { ...whom(one), role: "moderator" })
    for (const kind of ["member.removed", "member.banned"]) {
      expect(log.refusal(bob, kind, whom(cleo))).toBe("forbidden")
      expect(log.refusal(bob, kind, whom(ada))).toBe("forbidden")
      expect(log.refusal(ada, kind, whom(ada))).toBe("forbidden")
      expect(log.refusal(asServer(dan), kind, whom(ada))).toBeUndefined()
    }
  })

  test("[TEXT-2] a reason is one line", () => {
    const log = lobby()
    const why = (reason: string) => log.refusal(ada, "member.removed", { ...whom(bob), reason })
    expect(why("two\nlines")).toBe("bad-text")
    expect(why("turned \u202e round")).toBe("bad-text")
    expect(why("é".repeat(limits.reasonBytesMax))).toBe("too-large")
    expect(why("")).toBeUndefined()
  })

  test("[MEMBER-4] a ban keeps out who is there and who is not, until it is lifted", () => {
    const log = lobby()
    log.add(ada, "member.invited", whom(eve))
    log.add(ada, "member.banned", whom(eve))
    log.add(ada, "member.banned", whom(bob))
    expect(log.head.invited.has(eve.account)).toBe(false)
    expect(log.head.gone.has(eve.account)).toBe(false)
    expect(log.refusal(ada, "member.banned", whom(bob))).toBe("already")
    expect(log.refusal(bob, "message.posted", { text: "let me in" })).toBe("banned")
    expect(log.refusal(cleo, "member.unbanned", whom(bob))).toBe("forbidden")
    log.add(ada, "member.unbanned", whom(bob))
    expect(log.refusal(ada, "member.unbanned", whom(bob))).toBe("already")
    expect(log.refusal(bob, "member.joined")).toBeUndefined()
  })

  test("[MEMBER-3] when the last owner goes, the highest of the others becomes owner, the longest there among equals", () => {
    const log = lobby()
    log.add(dan, "member.joined")
    log.add(ada, "member.role", { ...whom(cleo), role: "moderator" })
    log.add(ada, "member.role", { ...whom(dan), role: "moderator" })
    log.add(ada, "member.left")
    expect([role(log, bob), role(log, cleo), role(log, dan)]).toEqual(["member", "owner", "moderator"])
    log.add(cleo, "member.left")
    expect(role(log, dan)).toBe("owner")
    log.add(dan, "member.left")
    log.add(bob, "member.left")
    expect(log.head.members.size).toBe(0)
  })

  test("[MEMBER-3] as long as there is another owner, nobody else becomes one", () => {
    const log = lobby()
    log.add(ada, "member.role", { ...whom(cleo), role: "owner" })
    log.add(ada, "member.left")
    expect([role(log, bob), role(log, cleo)]).toEqual(["member", "owner"])
  })

  test("[FOLLOW-10] only the newest to go are remembered", () => {
    const log = lobby()
    let { head } = log
    for (let count = 1; count <= limits.departuresKeptPerRoomMax + 2; count++) {
      const event = { by: idOf(0x1000 + count), at: head.at, body: {} }
      head = fold(head, { ...event, seq: head.seq + 1, kind: "member.joined" })
      head = fold(head, { ...event, seq: head.seq + 1, kind: "member.left" })
    }
    expect(head.gone.size).toBe(limits.departuresKeptPerRoomMax)
    expect(head.gone.has(idOf(0x1002))).toBe(false)
    expect(head.gone.has(idOf(0x1003))).toBe(true)
  })
})

describe("inviting", () => {
  test("[MEMBER-7] is for who has the role, and for no guest of the house", () => {
    const log = attic()
    expect(log.refusal(inHouse(bob, "guest"), "member.invited", whom(eve))).toBe("forbidden")
    expect(log.refusal(eve, "member.invited", whom(eve))).toBe("no-such-room")
    log.add(bob, "member.invited", whom(eve))
    log.add(ada, "room.setting", { key: "invite", value: "moderator" })
    expect(log.refusal(bob, "member.invited", whom(dan))).toBe("forbidden")
  })

  test("[MEMBER-7] says what is so already", () => {
    const log = attic()
    expect(log.refusal(ada, "member.invited", whom(bob))).toBe("already-member")
    log.add(ada, "member.invited", whom(eve))
    expect(log.refusal(ada, "member.invited", whom(eve))).toBe("already")
    log.add(ada, "member.banned", whom(dan))
    expect(log.refusal(ada, "member.invited", whom(dan))).toBe("banned")
    log.add(ada, "room.archived", { archived: true })
    expect(log.refusal(ada, "member.invited", whom(cleo))).toBe("archived")
  })

  test("[MEMBER-7] [MEMBER-4] invitations and bans are bounded, as what one person may make many of", () => {
    const some = (count: number) => new Set(Array.from({ length: count }, (_, at) => idOf(0x1000 + at)))
    const { head } = attic()
    const crowded = (invited: number, banned: number) =>
      makeTestLog({ ...head, invited: some(invited), banned: some(banned) })
    const { invitationsPerRoomMax, bansPerRoomMax } = limits
    const full = crowded(invitationsPerRoomMax, bansPerRoomMax)
    expect(full.refusal(ada, "member.invited", whom(eve))).toBe("too-many")
    expect(full.refusal(ada, "member.banned", whom(eve))).toBe("too-many")
    const nearly = crowded(invitationsPerRoomMax - 1, bansPerRoomMax - 1)
    expect(nearly.refusal(ada, "member.invited", whom(eve))).toBeUndefined()
    expect(nearly.refusal(ada, "member.banned", whom(eve))).toBeUndefined()
  })
})

describe("roles", () => {
  test("[MEMBER-6] owners give any role to anyone", () => {
    const log = lobby()
    log.add(ada, "member.role", { ...whom(bob), role: "owner" })
    log.add(bob, "member.role", { ...whom(ada), role: "voice" })
    expect([role(log, ada), role(log, bob)]).toEqual(["voice", "owner"])
    expect(log.refusal(bob, "member.role", { ...whom(ada), role: "voice" })).toBe("already")
    expect(log.refusal(bob, "member.role", { ...whom(eve), role: "voice" })).toBe("no-such-account")
  })

  test("[MEMBER-6] moderators give roles below their own to those below them", () => {
    const log = lobby()
    log.add(ada, "member.role", { ...whom(bob), role: "moderator" })
    expect(log.refusal(bob, "member.role", { ...whom(cleo), role: "voice" })).toBeUndefined()
    expect(log.refusal(bob, "member.role", { ...whom(cleo), role: "moderator" })).toBe("forbidden")
    expect(log.refusal(bob, "member.role", { ...whom(ada), role: "member" })).toBe("forbidden")
    expect(log.refusal(cleo, "member.role", { ...whom(cleo), role: "voice" })).toBe("forbidden")
  })

  test("[MEMBER-6] anyone steps down, but the last owner", () => {
    const log = lobby()
    log.add(ada, "member.role", { ...whom(bob), role: "moderator" })
    log.add(bob, "member.role", { ...whom(bob), role: "voice" })
    log.add(bob, "member.role", { ...whom(bob), role: "member" })
    expect(log.refusal(ada, "member.role", { ...whom(ada), role: "member" })).toBe("forbidden")
    expect(log.refusal(asServer(dan), "member.role", { ...whom(ada), role: "member" })).toBe("forbidden")
    log.add(ada, "member.role", { ...whom(cleo), role: "owner" })
    expect(log.refusal(ada, "member.role", { ...whom(ada), role: "member" })).toBeUndefined()
  })

  test("[MEMBER-6] an admin of the house may make an owner of a public room, and no owner fewer", () => {
    const log = lobby()
    const admin = inHouse(dan, "admin")
    log.add(admin, "member.joined")
    expect(log.refusal(admin, "member.role", { ...whom(ada), role: "member" })).toBe("forbidden")
    log.add(admin, "member.role", { ...whom(bob), role: "owner" })
    expect(log.refusal(admin, "member.role", { ...whom(ada), role: "member" })).toBeUndefined()
  })

  test("a role outlives neither leaving nor being put out", () => {
    const log = lobby()
    log.add(ada, "member.role", { ...whom(bob), role: "moderator" })
    log.add(bob, "member.left")
    log.add(bob, "member.joined")
    expect(role(log, bob)).toBe("member")
  })
})

describe("[MEMBER-8] the members of a direct room never change", () => {
  test.each([
    ["member.left", {}],
    ["member.invited", whom(eve)],
    ["member.removed", whom(bob)],
    ["member.banned", whom(bob)],
    ["member.unbanned", whom(bob)],
    ["member.role", { ...whom(bob), role: "owner" }],
  ])("%s is refused, by the server too", (kind, body) => {
    const log = direct()
    expect(log.refusal(asServer(ada), kind, body)).toBe("members-fixed")
    expect(log.refusal(ada, kind, body)).toMatch(/members-fixed|forbidden/)
    expect(log.refusal(eve, kind, body)).toBe("no-such-room")
  })
})
