import { describe, expect, test } from "bun:test"
import { cast } from "../test/cast.ts"
import type { Head, HouseRole, RoomRole, RoomType, Visibility } from "./head.ts"
import { emptyHead } from "./head.ts"
import {
  type Actor,
  forbids,
  forbidsEntry,
  houseRights,
  mayInHouse,
  outside,
  policy,
  type Right,
  rankIn,
} from "./policy.ts"

const ada = cast.ada.id
const rights = Object.keys(policy) as Right[]

function headWith(role: RoomRole | undefined, visibility: Visibility, type: RoomType | null = "room"): Head {
  const members = new Map(role ? [[ada, { role, joined: 1, from: 1 }]] : [])
  return { ...emptyHead, seq: 1, type, visibility, members }
}

const actor = (role: HouseRole = "member", system = false): Actor =>
  system ? { account: ada, role, system } : { account: ada, role }

interface Standing {
  readonly is: string
  readonly head: Head
  readonly who: Actor
}

const inRoom = (
  is: string,
  role: RoomRole,
  house: HouseRole = "member",
  visibility: Visibility = "private",
) => ({ is, head: headWith(role, visibility), who: actor(house) }) satisfies Standing

/** A line for each right, a column for each standing: x where it may. */
function table(standings: readonly Standing[], asked: readonly Right[] = rights): string {
  const row = (name: string, cells: readonly string[]) =>
    [name.padEnd(26), ...cells.map((cell) => cell.padEnd(10))].join("").trimEnd()
  const lines = asked.map((right) =>
    row(
      right,
      standings.map(({ head, who }) => (forbids(head, who, right) === undefined ? "x" : ".")),
    ),
  )
  const heading = row(
    "",
    standings.map(({ is }) => is),
  )
  return [heading, ...lines].join("\n")
}

describe("who may what in a room", () => {
  test("[RIGHT-1] by their role in it", () => {
    const roles = [
      inRoom("member", "member"),
      inRoom("voice", "voice"),
      inRoom("moderator", "moderator"),
      inRoom("owner", "owner"),
      inRoom("guest", "member", "guest"),
    ]
    const server = { is: "server", head: headWith(undefined, "private"), who: actor("guest", true) }
    expect(`\n${table([...roles, server])}\n`).toBe(`
                          member    voice     moderator owner     guest     server
message.posted            x         x         x         x         x         x
message.edited            x         x         x         x         x         x
message.deleted           x         x         x         x         x         x
message.deleted of others .         .         x         x         .         x
reaction.added            x         x         x         x         x         x
reaction.removed          x         x         x         x         x         x
pin.added                 x         x         x         x         x         x
pin.removed               x         x         x         x         x         x
member.left               x         x         x         x         x         x
member.invited            x         x         x         x         .         x
member.removed            .         .         x         x         .         x
member.banned             .         .         x         x         .         x
member.unbanned           .         .         x         x         .         x
member.role               .         .         x         x         .         x
member.role of oneself    x         x         x         x         x         x
room.renamed              .         .         .         x         .         x
room.topic                x         x         x         x         x         x
room.setting              .         .         .         x         .         x
room.visibility           .         .         .         x         .         x
room.history              .         .         .         x         .         x
room.history of the past  .         .         .         x         .         x
room.archived             .         .         .         x         .         x
`)
  })

  test("[RIGHT-1] where its settings ask for more", () => {
    const raised = (is: string, role: RoomRole): Standing => {
      const settings = {
        ...emptyHead.settings,
        posting: "voice",
        topic: "owner",
        invite: "moderator",
      } as const
      return { is, head: { ...headWith(role, "public"), settings }, who: actor() }
    }
    const roles = [
      raised("member", "member"),
      raised("voice", "voice"),
      raised("moderator", "moderator"),
      raised("owner", "owner"),
    ]
    const asked = ["message.posted", "message.edited", "member.invited", "room.topic", "pin.added"] as const
    expect(`\n${table(roles, asked)}\n`).toBe(`
                          member    voice     moderator owner
message.posted            .         x         x         x
message.edited            x         x         x         x
member.invited            .         .         x         x
room.topic                .         .         .         x
pin.added                 x         x         x         x
`)
  })

  test("[RIGHT-2] by their role in the house, where the room is public and nowhere else", () => {
    const house = (["moderator", "admin", "owner"] as const).flatMap((role) =>
      (["public", "private"] as const).map((visibility) => inRoom(role, "member", role, visibility)),
    )
    const asked = ["message.posted", "message.deleted of others", "room.renamed", "room.history of the past"]
    expect(`\n${table(house, asked as Right[])}\n`).toBe(`
                          moderator moderator admin     admin     owner     owner
message.posted            x         x         x         x         x         x
message.deleted of others x         .         x         .         x         .
room.renamed              .         .         x         .         x         .
room.history of the past  .         .         .         .         .         .
`)
    expect(rankIn(headWith("owner", "public"), actor("moderator"))).toBe(3)
    expect(rankIn({ ...headWith("member", "public"), type: "direct" }, actor("owner"))).toBe(0)
  })

  test("[RIGHT-3] nobody but the server in self logs and the house log", () => {
    for (const type of ["self", "house"] as const)
      for (const right of rights) {
        const head = headWith("owner", "private", type)
        expect(forbids(head, actor("owner"), right)).toBe("forbidden")
        expect(forbids(head, actor("owner", true), right)).toBeUndefined()
      }
  })
})

describe("[RIGHT-4] who is outside", () => {
  const away = (more: Partial<Head> = {}): Head => ({ ...headWith(undefined, "private"), ...more })
  const known = [
    { visibility: "public" },
    { invited: new Set([ada]) },
    { gone: new Map([[ada, 1]]) },
  ] as const

  test("of a room they know of is told so, whatever they ask", () => {
    for (const more of known)
      for (const right of rights) expect(forbids(away(more), actor("owner"), right)).toBe("not-a-member")
    expect(outside(away({ visibility: "public", banned: new Set([ada]) }), ada)).toBe("banned")
  })

  test("of any other is told that it is not there, banned or not, and the same of no room at all", () => {
    const hidden = [
      away(),
      away({ banned: new Set([ada]) }),
      headWith(undefined, "private", null),
      headWith(undefined, "public", "direct"),
      headWith(undefined, "private", "self"),
      headWith(undefined, "private", "house"),
    ]
    for (const head of hidden) {
      for (const right of rights) expect(forbids(head, actor("owner"), right)).toBe("no-such-room")
      expect(outside(head, ada)).toBe("no-such-room")
      expect(forbidsEntry(head, actor())).toBe("no-such-room")
    }
  })
})

describe("what may be asked of the house", () => {
  test("by the role that may", () => {
    const roles = ["guest", "member", "moderator", "admin", "owner"] as const
    const may = Object.keys(houseRights).map((right) =>
      [right, ...roles.filter((role) => mayInHouse(role, right as keyof typeof houseRights))].join(" "),
    )
    expect(may).toEqual([
      "room.create member moderator admin owner",
      "direct.open member moderator admin owner",
      "invitation.create member moderator admin owner",
      "people.see guest member moderator admin owner",
      "account.reset admin owner",
      "house.role admin owner",
      "house.ban moderator admin owner",
      "house.setting admin owner",
      "house.revocation admin owner",
      "house.read admin owner",
    ])
  })
})
