import { beforeEach, describe, expect, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import { ApiHouse, type Neighbour } from "./house.ts"

interface Rooms {
  readonly rooms: readonly {
    readonly id: Uuid
    readonly name: string
    readonly members: number
    readonly standing: string
  }[]
  readonly next?: string
}

interface Accounts {
  readonly accounts: readonly Uuid[]
  readonly next?: string
}

let house: ApiHouse
let ada: Neighbour
let bob: Neighbour
let cleo: Neighbour

beforeEach(async () => {
  house = await ApiHouse.make()
  ada = await house.person("ada")
  bob = await house.person("bob")
  cleo = await house.person("cleo")
})

const names = ({ rooms }: Rooms) => rooms.map(({ name }) => name)

/** Every page of a list, by its next. */
async function pages<Page extends { readonly next?: string }>(
  who: Neighbour,
  name: string,
  input: object,
): Promise<readonly Page[]> {
  const all: Page[] = []
  for (let next: string | undefined; ; ) {
    const page: Page = await house.get(who, name, { ...input, ...(next !== undefined && { next }) })
    all.push(page)
    next = page.next
    if (next === undefined) return all
  }
}

describe("the list of one's rooms", () => {
  test("holds the rooms and direct rooms one is in, and nothing else", async () => {
    const garden = await house.room("garden", [ada, bob])
    await house.room("attic", [ada])
    const direct = await house.get<{ id: Uuid }>(bob, "direct.open", { accounts: ["ada"] })
    const { rooms } = await house.get<Rooms>(bob, "rooms.list")
    expect(rooms.map(({ id }) => id).sort()).toEqual([garden, direct.id].sort())
  })

  test("comes in pages, each room once", async () => {
    for (let number = 1; number <= 5; number++) await house.room(`room-${number}`, [ada])
    const found = await pages<Rooms>(ada, "rooms.list", { limit: 2 })
    expect(found.map(({ rooms }) => rooms.length)).toEqual([2, 2, 1])
    expect(found.flatMap(names).sort()).toEqual(["room-1", "room-2", "room-3", "room-4", "room-5"])
  })

  test("tells where one stands in each", async () => {
    const room = await house.room("garden", [ada, bob])
    await house.get(ada, "members.role", { room, account: "bob", role: "moderator" })
    const { rooms } = await house.get<Rooms>(bob, "rooms.list")
    expect(rooms[0]).toMatchObject({ role: "moderator", joined: 3, from: 1, members: 2, standing: "member" })
  })
})

describe("the directory", () => {
  test("holds the public rooms, by name, and how one stands to each", async () => {
    for (const name of ["garden", "Lobby", "beach"]) await house.room(name, [ada], { visibility: "public" })
    await house.room("attic", [ada, bob])
    await house.get(bob, "members.join", { room: "beach" })
    await house.get(ada, "bans.add", { room: "garden", account: "bob" })
    const found = await house.get<Rooms>(bob, "rooms.directory")
    expect(found.rooms.map(({ name, standing }) => [name, standing])).toEqual([
      ["beach", "member"],
      ["garden", "banned"],
      ["Lobby", "outside"],
    ])
  })

  test("is searched by a part of the name, in which nothing is a pattern", async () => {
    for (const name of ["sea_side", "seaXside", "riverside"])
      await house.room(name, [ada], { visibility: "public" })
    expect(names(await house.get<Rooms>(bob, "rooms.directory", { search: "SIDE" }))).toEqual([
      "riverside",
      "sea_side",
      "seaXside",
    ])
    expect(names(await house.get<Rooms>(bob, "rooms.directory", { search: "#sea_" }))).toEqual(["sea_side"])
    expect(names(await house.get<Rooms>(bob, "rooms.directory", { search: "%" }))).toEqual([])
  })

  test("comes in pages", async () => {
    for (let number = 1; number <= 5; number++)
      await house.room(`room-${number}`, [ada], { visibility: "public" })
    const found = await pages<Rooms>(bob, "rooms.directory", { limit: 2 })
    expect(found.map(names)).toEqual([["room-1", "room-2"], ["room-3", "room-4"], ["room-5"]])
  })

  test("drops a room that goes private, and can leave out archived ones", async () => {
    const [garden, beach] = [
      await house.room("garden", [ada], { visibility: "public" }),
      await house.room("beach", [ada], { visibility: "public" }),
    ]
    await house.get(ada, "rooms.visibility", { room: garden, visibility: "private" })
    await house.get(ada, "rooms.archived", { room: beach, archived: true })
    expect(names(await house.get<Rooms>(bob, "rooms.directory"))).toEqual(["beach"])
    expect(names(await house.get<Rooms>(bob, "rooms.directory", { archived: false }))).toEqual([])
  })
})

describe("making a room", () => {
  test("makes it private unless told, with its maker as owner", async () => {
    expect(await house.get(ada, "rooms.create", { name: "#attic", topic: "herons" })).toMatchObject({
      name: "attic",
      topic: "herons",
      visibility: "private",
      history: "shared",
      role: "owner",
      seq: 1,
      members: 1,
    })
  })

  test("refuses names that are taken, look alike, or are none", async () => {
    await house.room("garden", [ada])
    for (const [name, code] of [
      ["GARDEN", "name-taken"],
      ["gаrden", "name-taken"],
      ["a b", "bad-name"],
      ["", "bad-input"],
      ["-x", "bad-name"],
    ] as const)
      expect(await house.code(bob, "rooms.create", { name })).toBe(code)
  })

  test("two who take the same name at once: one has it", async () => {
    const codes = await Promise.all([
      house.code(ada, "rooms.create", { name: "garden" }),
      house.code(bob, "rooms.create", { name: "garden" }),
    ])
    expect(codes.sort()).toEqual(["201", "name-taken"])
  })

  test("a room that was renamed is found by its new name alone, and the old one is free", async () => {
    const room = await house.room("garden", [ada])
    await house.get(ada, "rooms.rename", { room: "#garden", name: "orchard" })
    expect(await house.code(ada, "rooms.get", { room: "garden" })).toBe("no-such-room")
    expect(await house.get<{ id: Uuid }>(ada, "rooms.get", { room: "Orchard" })).toMatchObject({ id: room })
    expect(await house.code(bob, "rooms.create", { name: "garden" })).toBe("201")
  })
})

describe("settings of a room", () => {
  test("are events, and each is told with its place", async () => {
    const room = await house.room("garden", [ada, bob])
    expect(await house.get(ada, "rooms.setting", { room, key: "posting", value: "moderator" })).toMatchObject(
      { seq: 4 },
    )
    expect(await house.get(ada, "rooms.setting", { room, key: "limit", value: 7 })).toMatchObject({ seq: 5 })
    expect(await house.get(ada, "rooms.get", { room })).toMatchObject({
      settings: { posting: "moderator", limit: 7 },
    })
    expect(
      await house.code(bob, "events.create", { room, kind: "message.posted", body: { text: "x" } }),
    ).toBe("forbidden")
    expect(await house.code(ada, "rooms.setting", { room, key: "limit", value: "voice" })).toBe("bad-input")
    expect(await house.code(ada, "rooms.setting", { room, key: "posting", value: "moderator" })).toBe(
      "already",
    )
  })
})

describe("a direct room", () => {
  test("[ROOM-3] is the same for the same people, whoever opens it and in whatever order they are named", async () => {
    const first = await house.ask(ada, "direct.open", { accounts: ["bob", cleo.who.id] })
    expect(first.status).toBe(201)
    const room = first.body as { id: Uuid; accounts: Uuid[]; type: string }
    expect(room.type).toBe("direct")
    expect([...room.accounts].sort()).toEqual([ada, bob, cleo].map(({ who }) => who.id).sort())
    const second = await house.ask(bob, "direct.open", { accounts: ["@cleo", "ada", "ada", "bob"] })
    expect(second.status).toBe(200)
    expect(second.body).toMatchObject({ id: room.id })
    expect((await house.get<{ id: Uuid }>(ada, "direct.open", { accounts: ["bob"] })).id).not.toBe(room.id)
  })

  test("opened by both sides at once is one", async () => {
    const [one, other] = await Promise.all([
      house.get<{ id: Uuid }>(ada, "direct.open", { accounts: ["bob"] }),
      house.get<{ id: Uuid }>(bob, "direct.open", { accounts: ["ada"] }),
    ])
    expect(one.id).toBe(other.id)
    expect((await house.get<Rooms>(bob, "rooms.list")).rooms).toHaveLength(1)
  })

  test("keeps its members, and is nobody else's to see", async () => {
    const { id: room } = await house.get<{ id: Uuid }>(ada, "direct.open", { accounts: ["bob"] })
    expect(await house.code(ada, "members.invite", { room, account: "cleo" })).toBe("members-fixed")
    expect(await house.code(ada, "members.leave", { room })).toBe("members-fixed")
    expect(await house.code(cleo, "rooms.get", { room })).toBe("no-such-room")
    expect(await house.code(cleo, "members.join", { room })).toBe("no-such-room")
  })

  test("of somebody who does not exist, or of too many, is refused", async () => {
    expect(await house.code(ada, "direct.open", { accounts: ["nobody"] })).toBe("no-such-account")
    const crowd = await Promise.all(Array.from({ length: 12 }, (_, index) => house.person(`guest-${index}x`)))
    expect(await house.code(ada, "direct.open", { accounts: crowd.map(({ who }) => who.id) })).toBe(
      "too-many",
    )
  })
})

describe("members", () => {
  test("are listed in pages in the order of joining, with their names", async () => {
    const room = await house.room("garden", [ada, bob, cleo])
    const found = await pages<{ members: { name: string; role: string; joined: number }[]; next?: string }>(
      bob,
      "members.list",
      { room, limit: 2 },
    )
    expect(found.map(({ members }) => members.map(({ name, role, joined }) => [name, role, joined]))).toEqual(
      [
        [
          ["ada", "owner", 1],
          ["bob", "member", 3],
        ],
        [["cleo", "member", 5]],
      ],
    )
  })

  test("who joined at once are each on one page", async () => {
    const { id: room } = await house.get<{ id: Uuid }>(ada, "direct.open", { accounts: ["bob", "cleo"] })
    const found = await pages<{ members: { account: Uuid }[]; next?: string }>(ada, "members.list", {
      room,
      limit: 1,
    })
    expect(found.flatMap(({ members }) => members.map(({ account }) => account)).sort()).toEqual(
      [ada, bob, cleo].map(({ who }) => who.id).sort(),
    )
  })

  test("come by invitation, and those who are invited are listed until they do", async () => {
    const room = await house.room("attic", [ada])
    await house.get(ada, "members.invite", { room, account: "@bob" })
    await house.get(ada, "members.invite", { room, account: "cleo" })
    const invited = await pages<Accounts>(ada, "members.invited", { room, limit: 1 })
    expect(invited.flatMap(({ accounts }) => accounts)).toEqual([bob.who.id, cleo.who.id].sort())
    expect(await house.get(bob, "rooms.get", { room })).toMatchObject({ standing: "invited", name: "attic" })
    await house.get(bob, "members.join", { room })
    await house.get(ada, "members.uninvite", { room, account: "cleo" })
    expect(await house.get<Accounts>(ada, "members.invited", { room })).toMatchObject({ accounts: [] })
    expect(await house.code(cleo, "members.join", { room })).toBe("no-such-room")
    expect(await house.code(ada, "members.uninvite", { room, account: "bob" })).toBe("already-member")
  })

  test("leave by their own path or by their own name", async () => {
    const room = await house.room("garden", [ada, bob, cleo], { visibility: "public" })
    expect((await house.http(bob, `DELETE /api/v1/rooms/${room}/members/me`)).status).toBe(200)
    expect((await house.http(cleo, `DELETE /api/v1/rooms/${room}/members/cleo`)).status).toBe(200)
    expect(await house.code(bob, "events.list", { room })).toBe("not-a-member")
    expect(await house.get(ada, "rooms.get", { room })).toMatchObject({ members: 1 })
  })

  test("are banned and unbanned, and those who may ban see who is", async () => {
    const room = await house.room("garden", [ada, bob], { visibility: "public" })
    await house.get(ada, "bans.add", { room, account: "bob", reason: "all that noise" })
    expect(await house.code(bob, "members.join", { room })).toBe("banned")
    expect(await house.get<Accounts>(ada, "bans.list", { room })).toMatchObject({ accounts: [bob.who.id] })
    await house.get(ada, "bans.remove", { room, account: "bob" })
    expect(await house.code(bob, "members.join", { room })).toBe("201")
  })
})
