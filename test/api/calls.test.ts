import { describe, expect, test } from "bun:test"
import { uuid7 } from "../../protocol/ids.ts"
import { ApiHouse } from "./house.ts"

const json = (body: unknown) => JSON.parse(JSON.stringify(body))

describe("the calls that anyone scripts against", () => {
  test("registering answers 201, and its token is a session", async () => {
    const house = await ApiHouse.make()
    const made = await house.http(undefined, "POST /api/v1/accounts", {
      name: "ada",
      password: "a heron in the reeds",
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ account: { name: "ada", role: "member" }, token: expect.any(String) })
    const taken = await house.http(undefined, "POST /api/v1/accounts", {
      name: "ADA",
      password: "a heron in the reeds",
    })
    expect([taken.status, json(taken.body).code]).toEqual([409, "name-taken"])
  })

  test("signing in answers 201 with token and account, a wrong password 401 without a word more", async () => {
    const house = await ApiHouse.make()
    await house.person("ada")
    const right = { name: "ada", password: "ada walks by the river" }
    const signed = await house.http(undefined, "POST /api/v1/sessions", right)
    expect(signed.status).toBe(201)
    expect(signed.body).toMatchObject({ token: expect.any(String), account: { name: "ada" } })
    for (const name of ["ada", "nobody-here"]) {
      const wrong = await house.http(undefined, "POST /api/v1/sessions", {
        name,
        password: "a guess in the dark",
      })
      expect(wrong.status).toBe(401)
      expect(wrong.body).toEqual({ code: "wrong-password", message: "The name or the password is wrong." })
      expect(wrong.headers.get("www-authenticate")).toBe("Bearer")
    }
  })

  test("without a token the answer is 401 sign-in-first, with one that ended session-ended", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const bare = await house.http(undefined, "GET /api/v1/rooms")
    expect([bare.status, json(bare.body).code]).toEqual([401, "sign-in-first"])
    expect((await house.http(ada, "DELETE /api/v1/sessions/current")).status).toBe(200)
    const ended = await house.http(ada, "GET /api/v1/rooms")
    expect([ended.status, json(ended.body).code]).toEqual([401, "session-ended"])
  })

  test("Ada makes a room, Bob joins it by its name, says something, and both read and find it", async () => {
    const house = await ApiHouse.make()
    const [ada, bob] = [await house.person("ada"), await house.person("bob")]
    const made = await house.http(ada, "POST /api/v1/rooms", { name: "lobby", visibility: "public" })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      id: expect.any(String),
      name: "lobby",
      visibility: "public",
      role: "owner",
    })
    const joined = await house.http(bob, "POST /api/v1/rooms/lobby/members")
    expect(joined.status).toBe(201)
    const again = await house.http(bob, "POST /api/v1/rooms/%23lobby/members")
    expect([again.status, again.body]).toEqual([200, joined.body])

    const id = uuid7(house.world.now(), house.world.random(10))
    const message = { id, kind: "message.posted", body: { text: "good morning" } }
    const said = await house.http(bob, "POST /api/v1/rooms/lobby/events", message)
    expect(said.status).toBe(201)
    expect(said.body).toMatchObject({ seq: 3, at: house.world.now(), id })
    house.world.pass(60_000)
    const twice = await house.http(bob, "POST /api/v1/rooms/lobby/events", message)
    expect([twice.status, twice.body]).toEqual([201, said.body])

    await house.follow()
    const read = await house.http(ada, "GET /api/v1/rooms/lobby/events?after=0&limit=10")
    expect(json(read.body).events.map((event: { kind: string }) => event.kind)).toEqual([
      "room.created",
      "member.joined",
      "message.posted",
    ])
    const found = await house.http(ada, "GET /api/v1/search?q=morning")
    expect(json(found.body).hits).toHaveLength(1)
    expect(json(found.body).hits[0].message).toMatchObject({ seq: 3, text: "good morning" })
    const rooms = await house.http(ada, "GET /api/v1/rooms")
    expect(json(rooms.body).rooms).toHaveLength(1)
    expect(json(rooms.body).rooms[0]).toMatchObject({
      name: "lobby",
      type: "room",
      topic: "",
      visibility: "public",
      seq: 3,
      unread: 1,
      mentions: 0,
      mark: 0,
    })
  })

  test("a changing call without an id works, and does its work each time", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const room = await house.room("lobby", [ada])
    const message = { kind: "message.posted", body: { text: "twice" } }
    const first = await house.http(ada, `POST /api/v1/rooms/${room}/events`, message)
    const second = await house.http(ada, `POST /api/v1/rooms/${room}/events`, message)
    expect([json(first.body).seq, json(second.body).seq]).toEqual([2, 3])
  })

  test("an event whose id is another's, or no UUIDv7, is refused", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const room = await house.room("lobby", [ada])
    const id = house.id()
    const say = (text: string, as: string) =>
      house.http(ada, `POST /api/v1/rooms/${room}/events`, { id: as, kind: "message.posted", body: { text } })
    expect((await say("one", id)).status).toBe(201)
    expect(json((await say("two", id)).body).code).toBe("id-taken")
    expect((await say("three", "2f1d5c7e-8a0b-4d8e-9c3f-0123456789ab")).body).toEqual({
      code: "bad-input",
      message: "The id of a request that changes something is a UUID of version 7.",
    })
    expect(json((await say("four", "no uuid")).body).code).toBe("bad-input")
  })

  test("kinds that only the server writes are refused", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const room = await house.room("lobby", [ada])
    for (const kind of ["room.created", "self.activity", "house.role", "nothing.known"])
      expect(await house.code(ada, "events.create", { room, kind, body: {} })).toBe("bad-input")
  })

  test("what is wrong is told in a sentence that names the field", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const messageOf = async (line: string, body?: unknown) =>
      json((await house.http(ada, line, body)).body).message
    expect(await messageOf("POST /api/v1/rooms", { visibility: "public" })).toBe("name is missing.")
    expect(await messageOf("POST /api/v1/rooms", { name: "lobby", visibility: "open" })).toBe(
      "visibility must be public or private.",
    )
    expect(await messageOf("POST /api/v1/rooms", { name: "lobby", colour: "red" })).toBe(
      "colour is not a field here.",
    )
    expect(await messageOf("GET /api/v1/rooms?limit=many")).toContain("limit")
    const room = await house.room("lobby", [ada])
    const wrong = { kind: "message.posted", body: { text: 7 } }
    expect(await messageOf(`POST /api/v1/rooms/${room}/events`, wrong)).toContain("body.text")
  })

  test("[REQUEST-1] requests over one connection are answered each under its id, in whatever order", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const room = await house.room("lobby", [ada])
    const [one, two, three] = [house.id(), house.id(), house.id()]
    const said = await house.converse(ada, [
      { type: "request", id: one, name: "rooms.create", input: { name: "attic" } },
      { type: "request", id: two, name: "me.get" },
      { type: "request", id: three, name: "members.list", input: { room } },
    ])
    const answers = new Map(said.flatMap((frame) => (frame.type === "response" ? [[frame.id, frame]] : [])))
    expect(answers.size).toBe(3)
    expect(answers.get(one)).toMatchObject({ status: 201, body: { name: "attic" } })
    expect(answers.get(two)).toMatchObject({ status: 200, body: { account: { name: "ada" } } })
    expect(answers.get(three)).toMatchObject({ status: 200, body: { members: [{ name: "ada" }] } })
  })

  test("[REQUEST-3] a refusal is a code and a sentence, with the status that its code has, over either way", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const gone = { code: "no-such-room", message: "There is no such room, or it is not open to you." }
    const [said] = await house
      .converse(ada, [{ type: "request", id: house.id(), name: "members.list", input: { room: "attic" } }])
      .then((frames) => frames.filter((frame) => frame.type === "response"))
    expect(said).toMatchObject({ status: 404, body: gone })
    const http = await house.http(ada, "GET /api/v1/rooms/attic/members")
    expect([http.status, http.body]).toEqual([404, gone])
  })

  test("the same request as a frame has the same status and the same body", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const room = await house.room("lobby", [ada])
    await house.say(ada, room, "hello")
    for (const [name, input, line] of [
      ["rooms.list", {}, "GET /api/v1/rooms"],
      ["events.list", { room: "lobby", after: 1 }, "GET /api/v1/rooms/lobby/events?after=1"],
      ["rooms.get", { room: "no-such" }, "GET /api/v1/rooms/no-such"],
      ["messages.get", { room, message: 2 }, `GET /api/v1/rooms/${room}/messages/2`],
    ] as const) {
      const frame = await house.ask(ada, name, input)
      const http = await house.http(ada, line)
      expect([http.status, http.body]).toEqual([frame.status, json(frame.body)])
    }
  })

  test("a request nobody knows is refused", async () => {
    const house = await ApiHouse.make()
    expect(await house.code(undefined, "no.such", {})).toBe("no-such-request")
    expect(await house.code(undefined, "__proto__", {})).toBe("no-such-request")
  })
})
