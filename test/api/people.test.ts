import { beforeEach, describe, expect, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import { ApiHouse, type Neighbour } from "./house.ts"

interface People {
  readonly people: readonly { readonly name: string; readonly banned?: boolean; readonly claimed?: boolean }[]
  readonly next?: string
}

let house: ApiHouse
let ada: Neighbour
let mia: Neighbour

beforeEach(async () => {
  house = await ApiHouse.make()
  ada = await house.person("ada")
  mia = await house.person("mia", "admin")
})

const names = ({ people }: People) => people.map(({ name }) => name)

describe("the directory of people", () => {
  test("is by name, in pages, and completes what was begun", async () => {
    for (const name of ["bob", "beatrix", "cleo"]) await house.person(name)
    await house.get(ada, "me.display", { display: "Ada of the Bees" })
    expect(names(await house.get<People>(ada, "people.list", { search: "@b" }))).toEqual([
      "ada",
      "beatrix",
      "bob",
    ])
    const first = await house.get<People>(ada, "people.list", { limit: 3 })
    expect(names(first)).toEqual(["ada", "beatrix", "bob"])
    expect(names(await house.get<People>(ada, "people.list", { limit: 3, next: first.next }))).toEqual([
      "cleo",
      "mia",
    ])
  })

  test("tells only those who may ban who is banned", async () => {
    await house.person("bob")
    await house.get(mia, "people.ban", { account: "bob" })
    const bob = async (who: Neighbour) =>
      (await house.get<People>(who, "people.list", { search: "bob" })).people[0]
    expect(await bob(mia)).toMatchObject({ banned: true })
    expect(await bob(ada)).not.toHaveProperty("banned")
  })

  test("answers many ids at once and leaves out those that nobody has", async () => {
    const bob = await house.person("bob")
    const ids = [bob.who.id, house.id(), ada.who.id, bob.who.id]
    expect(names(await house.get<People>(ada, "people.known", { ids }))).toEqual(["bob", "ada"])
  })

  test("knows an account by id, by name in any case, and with its @", async () => {
    for (const account of [ada.who.id, "ada", "ADA", "@ada"])
      expect(await house.get(mia, "people.get", { account })).toMatchObject({ id: ada.who.id, name: "ada" })
    for (const account of ["nobody", house.id(), "__proto__"])
      expect(await house.code(mia, "people.get", { account })).toBe("no-such-account")
  })

  test("says who is there", async () => {
    await house.listen(ada, [])
    expect(await house.get(mia, "presence.list", { accounts: [ada.who.id, mia.who.id] })).toEqual({
      presences: [
        { account: ada.who.id, state: "online" },
        { account: mia.who.id, state: "offline" },
      ],
    })
  })
})

describe("oneself", () => {
  test("is told as it is now, after every change", async () => {
    await house.get(ada, "me.rename", { name: "adele" })
    await house.get(ada, "me.display", { display: "Adele" })
    expect(await house.get(ada, "me.get")).toMatchObject({
      account: { id: ada.who.id, name: "adele", display: "Adele" },
      session: ada.who.session,
      self: ada.who.self,
    })
    expect(await house.code(ada, "me.rename", { name: "mia" })).toBe("name-taken")
  })

  test("changes the password with the old one, and only this session stays", async () => {
    const signIn = { name: "ada", password: "ada walks by the river" }
    const other = await house.get<{ token: string }>(undefined, "sessions.create", signIn)
    const change = { old: "a guess in the dark", new: "a heron in the reeds" }
    expect(await house.code(ada, "me.password", change)).toBe("wrong-password")
    expect(await house.code(ada, "me.password", { ...change, old: signIn.password })).toBe("200")
    expect(house.accounts.resume(other.token)).toBeUndefined()
    expect(house.accounts.resume(ada.token)).toBeDefined()
    expect(await house.code(undefined, "sessions.create", signIn)).toBe("wrong-password")
  })

  test("reads what happened to it: a sign-in, an invitation, a mention", async () => {
    const bob = await house.person("bob")
    const room = await house.room("attic", [ada, bob])
    const seq = await house.say(ada, room, "@bob, look")
    await house.follow()
    const { events } = await house.get<{ events: { body: { reason: string; seq?: number } }[] }>(
      bob,
      "me.activity",
    )
    const reasons = events.flatMap(({ body }) => ("reason" in body ? [body.reason] : []))
    expect(reasons.sort()).toEqual(["invited", "mention", "signed-in"])
    expect(events.find(({ body }) => body.reason === "mention")?.body).toMatchObject({ room, seq })
  })
})

describe("sessions", () => {
  test("are listed with the one that asks marked, and ended one by one or all others at once", async () => {
    const signIn = { name: "ada", password: "ada walks by the river", client: "a telephone" }
    const [phone, tablet] = [
      await house.get<{ session: Uuid; token: string }>(undefined, "sessions.create", signIn),
      await house.get<{ session: Uuid; token: string }>(undefined, "sessions.create", signIn),
    ]
    const list = () =>
      house.get<{ sessions: { id: Uuid; client: string; current?: true }[] }>(ada, "sessions.list")
    const { sessions } = await list()
    expect(sessions).toHaveLength(3)
    expect(sessions.filter(({ current }) => current).map(({ id }) => id)).toEqual([ada.who.session])
    expect(sessions.find(({ id }) => id === phone.session)?.client).toBe("a telephone")
    await house.get(ada, "sessions.end", { session: phone.session })
    expect(house.accounts.resume(phone.token)).toBeUndefined()
    await house.get(ada, "sessions.endOthers")
    expect(house.accounts.resume(tablet.token)).toBeUndefined()
    expect((await list()).sessions).toHaveLength(1)
  })

  test("of others are an admin's to see and to end", async () => {
    const { sessions } = await house.get<{ sessions: unknown[] }>(mia, "people.sessions", { account: "ada" })
    expect(sessions).toHaveLength(1)
    await house.get(mia, "people.endSessions", { account: "ada" })
    expect(house.accounts.resume(ada.token)).toBeUndefined()
  })
})

describe("coming in", () => {
  test("by an invitation leads into the room it is for", async () => {
    const room = await house.room("attic", [ada])
    const made = await house.get<{ code: string; invitation: { id: string } }>(ada, "invitations.create", {
      room: "attic",
    })
    const found = await house.get(undefined, "invitations.find", { code: made.code })
    expect(found).toMatchObject({ invitation: { room, usesLeft: 1 }, from: "ada", server: "Parley" })
    await house.get(mia, "house.set", { key: "registration", value: "invite" })
    const newcomer = { name: "nils", password: "a heron in the reeds" }
    expect(await house.code(undefined, "accounts.create", newcomer)).toBe("invitation-needed")
    const nils = await house.get<{ token: string }>(undefined, "accounts.create", {
      ...newcomer,
      invite: made.code,
    })
    const who = house.accounts.resume(nils.token)
    if (!who) throw new Error("Nils is in.")
    expect(await house.code({ name: "nils", token: nils.token, who }, "events.list", { room })).toBe("200")
    expect(await house.code(undefined, "invitations.find", { code: made.code })).toBe("no-such-thing")
  })

  test("by an invitation that was revoked is no way in", async () => {
    const made = await house.get<{ code: string; invitation: { id: string } }>(ada, "invitations.create", {})
    const { invitations } = await house.get<{ invitations: { id: string }[] }>(ada, "invitations.list")
    expect(invitations.map(({ id }) => id)).toEqual([made.invitation.id])
    await house.get(ada, "invitations.revoke", { invitation: made.invitation.id })
    expect(await house.code(undefined, "invitations.find", { code: made.code })).toBe("no-such-thing")
  })

  test("an owner is made once, by the code that the server prints", async () => {
    const code = house.services.setup.code() ?? ""
    expect(await house.get(undefined, "server.get")).toMatchObject({ setup: true, registration: "open" })
    const claim = { name: "olga", password: "a heron in the reeds" }
    expect(await house.code(undefined, "setup.claim", { ...claim, code: "a guess" })).toBe("no-such-thing")
    expect(await house.get(undefined, "setup.claim", { ...claim, code })).toMatchObject({
      account: { role: "owner" },
    })
    expect(await house.code(undefined, "setup.claim", { ...claim, code, name: "otto" })).toBe("no-such-thing")
    expect(await house.get(undefined, "server.get")).toMatchObject({ setup: false })
  })

  test("whoever an admin makes an account for takes it with the reset link, once", async () => {
    const made = await house.get<{ id: Uuid }>(mia, "people.add", { name: "nils", display: "Nils" })
    const { code } = await house.get<{ code: string }>(mia, "resets.create", { account: made.id })
    const use = { code, password: "a heron in the reeds" }
    expect(await house.get(undefined, "resets.use", use)).toMatchObject({ account: { name: "nils" } })
    expect(await house.code(undefined, "resets.use", use)).toBe("no-such-thing")
    expect(await house.code(undefined, "sessions.create", { name: "nils", password: use.password })).toBe(
      "201",
    )
  })
})

describe("the house", () => {
  test("a ban ends every session and every call at once, and can be lifted", async () => {
    await house.get(mia, "people.ban", { account: "ada", reason: "all that noise" })
    const said = await house.http(ada, "GET /api/v1/me")
    expect([said.status, said.body]).toMatchObject([401, { code: "session-ended" }])
    const signIn = { name: "ada", password: "ada walks by the river" }
    expect(await house.code(undefined, "sessions.create", signIn)).toBe("banned")
    await house.get(mia, "people.unban", { account: "ada" })
    expect(await house.code(undefined, "sessions.create", signIn)).toBe("201")
  })

  test("its log says who did what, for those who may read it", async () => {
    await house.get(mia, "people.role", { account: "ada", role: "moderator" })
    const page = await house.get<{ events: { kind: string; body: object }[]; seq: number }>(
      mia,
      "house.events",
      {
        limit: 1,
      },
    )
    expect(page.events).toMatchObject([
      { kind: "house.role", body: { account: ada.who.id, role: "moderator", actor: mia.who.id } },
    ])
  })

  test("a role that is taken away is taken away from the next call on", async () => {
    const olga = await house.person("olga", "owner")
    expect(await house.code(mia, "house.events")).toBe("200")
    await house.get(olga, "people.role", { account: "mia", role: "member" })
    expect(await house.code(mia, "house.events")).toBe("forbidden")
  })

  test("its settings are told to everyone", async () => {
    await house.get(mia, "house.set", { key: "name", value: "The Heronry" })
    expect((await house.http(undefined, "GET /api/v1/server")).body).toMatchObject({ name: "The Heronry" })
    expect(await house.code(mia, "house.set", { key: "registration", value: "sometimes" })).toBe("bad-input")
  })
})

describe("registers", () => {
  test("keep the newest value of a key, count its versions, and tell one's devices", async () => {
    expect(await house.get(ada, "registers.put", { key: "setting:theme", value: "dusk" })).toEqual({
      key: "setting:theme",
      value: "dusk",
      version: 1,
    })
    await house.get(ada, "registers.put", { key: "setting:theme", value: { at: 7 } })
    expect(await house.get(ada, "registers.get", { key: "setting:theme" })).toEqual({
      key: "setting:theme",
      value: { at: 7 },
      version: 2,
    })
    expect(house.heard.map(({ account, signal }) => [account, signal])).toEqual([
      [ada.who.id, { kind: "register", key: "setting:theme", value: "dusk", version: 1 }],
      [ada.who.id, { kind: "register", key: "setting:theme", value: { at: 7 }, version: 2 }],
    ])
  })

  test("are listed by key, in pages, and are nobody else's", async () => {
    for (const key of ["draft:b", "draft:a", "setting:x"])
      await house.get(ada, "registers.put", { key, value: 1 })
    const list = (input: object) =>
      house.get<{ registers: { key: string }[]; next?: string }>(ada, "registers.list", input)
    const first = await list({ limit: 2 })
    expect(first.registers.map(({ key }) => key)).toEqual(["draft:a", "draft:b"])
    expect((await list({ limit: 2, next: first.next })).registers.map(({ key }) => key)).toEqual([
      "setting:x",
    ])
    expect((await list({ prefix: "draft:" })).registers).toHaveLength(2)
    expect(await house.code(mia, "registers.get", { key: "draft:a" })).toBe("no-such-thing")
  })

  test("take no other keys, no marks, and nothing larger than a long message", async () => {
    for (const key of ["mark:x", "theme", "draft:", `draft:${"x".repeat(101)}`, "draft:a b", "__proto__"])
      expect(await house.code(ada, "registers.put", { key, value: 1 })).toBe("bad-input")
    expect(await house.code(ada, "registers.put", { key: "draft:a", value: "é".repeat(17_000) })).toBe(
      "too-large",
    )
    expect(await house.code(ada, "registers.put", { key: "draft:a" })).toBe("bad-input")
    const over = await house.http(ada, "PUT /api/v1/registers/draft%3Aa", { value: null })
    expect([over.status, over.body]).toEqual([200, { key: "draft:a", value: null, version: 1 }])
  })
})

describe("a search", () => {
  test("finds what stands there now, in one's rooms, by author, room and word", async () => {
    const bob = await house.person("bob")
    const [garden, attic] = [await house.room("garden", [ada, bob]), await house.room("attic", [ada])]
    const first = await house.say(ada, garden, "herons in the reeds")
    await house.say(bob, garden, "herons at the lake")
    await house.say(ada, attic, "herons in the attic")
    await house.act(ada, garden, "message.edited", first, { text: "egrets in the reeds" })
    await house.follow()
    const texts = async (who: Neighbour, input: object) => {
      const { hits } = await house.get<{ hits: { message: { text: string } }[] }>(
        who,
        "search.messages",
        input,
      )
      return hits.map(({ message }) => message.text).sort()
    }
    expect(await texts(bob, { q: "herons" })).toEqual(["herons at the lake"])
    expect(await texts(ada, { q: "herons" })).toEqual(["herons at the lake", "herons in the attic"])
    expect(await texts(ada, { q: "herons from:bob" })).toEqual(["herons at the lake"])
    expect(await texts(ada, { q: "herons in:#attic" })).toEqual(["herons in the attic"])
    expect(await texts(ada, { q: "reeds", room: "garden" })).toEqual(["egrets in the reeds"])
    await house.act(ada, garden, "message.deleted", first)
    expect(await texts(ada, { q: "reeds" })).toEqual([])
  })

  test("comes in pages and knows its mistakes", async () => {
    const room = await house.room("garden", [ada])
    for (let number = 1; number <= 5; number++) {
      house.world.pass(1_000)
      await house.say(ada, room, `heron ${number}`)
    }
    await house.follow()
    interface Found {
      readonly hits: readonly { readonly message: { readonly text: string } }[]
      readonly next?: string
    }
    const seen: string[] = []
    for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      const found: Found = await house.get(ada, "search.messages", {
        q: "heron",
        limit: 2,
        ...(next && { next }),
      })
      seen.push(...found.hits.map(({ message }) => message.text))
      next = found.next
    }
    expect(seen).toEqual(["heron 5", "heron 4", "heron 3", "heron 2", "heron 1"])
    for (const [q, code] of [
      ["", "bad-input"],
      ["from:nobody-here x", "no-such-account"],
      ["in:nowhere x", "no-such-room"],
      ["on:yesterday", "bad-input"],
      ["x".repeat(600), "too-large"],
    ] as const)
      expect([q.slice(0, 20), await house.code(ada, "search.messages", { q })]).toEqual([
        q.slice(0, 20),
        code,
      ])
    expect(await house.code(ada, "search.messages", { q: "heron", next: "nonsense" })).toBe("bad-input")
  })
})
