import { describe, expect, test } from "bun:test"
import { uuid8 } from "../../protocol/ids.ts"
import { ApiHouse, type Neighbour } from "./house.ts"

const password = "a heron in the reeds"

/** How many rooms of this account there are. */
async function roomsOf(house: ApiHouse, who: Neighbour): Promise<number> {
  return (await house.get<{ rooms: unknown[] }>(who, "rooms.list")).rooms.length
}

describe("a changing request with an id", () => {
  test("[REQUEST-2] has the same status and body when it is repeated, whatever has happened since", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const id = house.id()
    const first = await house.ask(ada, "rooms.create", { name: "attic" }, id)
    const { id: room } = first.body as { id: string }
    await house.get(ada, "rooms.topic", { room, topic: "herons" })
    house.world.pass(86_400_000)
    expect(await house.ask(ada, "rooms.create", { name: "attic" }, id)).toEqual(first)
    expect(await roomsOf(house, ada)).toBe(1)
  })

  test("has it after a restart, too", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const [made, joined] = [house.id(), house.id()]
    const first = await house.ask(ada, "rooms.create", { name: "attic" }, made)
    const { id: room } = first.body as { id: string }
    const bob = await house.person("bob")
    await house.get(ada, "members.invite", { room, account: "bob" })
    const came = await house.ask(bob, "members.join", { room }, joined)
    expect(came.status).toBe(201)
    const later = await house.another()
    expect(await later.ask(ada, "rooms.create", { name: "attic" }, made)).toEqual(first)
    expect(await later.ask(bob, "members.join", { room }, joined)).toEqual(came)
    expect(await later.code(bob, "members.join", { room }, later.id())).toBe("200")
  })

  test("does its work once when it arrives twice at once", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const id = house.id()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => house.ask(ada, "invitations.create", { uses: 1 }, id)),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0] ?? { status: 0, body: "" })
    const { invitations } = await house.get<{ invitations: unknown[] }>(ada, "invitations.list")
    expect(invitations).toHaveLength(1)
  })

  test("is refused as id-taken when it asks for something else under an id that was used", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const id = house.id()
    await house.get(ada, "registers.put", { key: "setting:a", value: { x: 1, y: 2 } }, id)
    expect(await house.code(ada, "registers.put", { key: "setting:a", value: { x: 1, y: 3 } }, id)).toBe(
      "id-taken",
    )
    expect(await house.code(ada, "me.display", { display: "Ada" }, id)).toBe("id-taken")
    // The order of the fields says nothing.
    expect(await house.code(ada, "registers.put", { value: { y: 2, x: 1 }, key: "setting:a" }, id)).toBe(
      "200",
    )
    const at = await Promise.all([
      house.code(ada, "me.display", { display: "One" }, "019a0000-0000-7000-8000-000000000001"),
      house.code(ada, "me.display", { display: "Two" }, "019a0000-0000-7000-8000-000000000001"),
    ])
    expect(at.sort()).toEqual(["200", "id-taken"])
  })

  test("belongs to its account: another may use the same id", async () => {
    const house = await ApiHouse.make()
    const [ada, bob] = [await house.person("ada"), await house.person("bob")]
    const id = house.id()
    expect(await house.code(ada, "rooms.create", { name: "attic" }, id)).toBe("201")
    expect(await house.code(bob, "rooms.create", { name: "garden" }, id)).toBe("201")
  })

  test("that was refused is judged anew", async () => {
    const house = await ApiHouse.make()
    const [ada, bob] = [await house.person("ada"), await house.person("bob")]
    const attic = await house.room("attic", [bob])
    const id = house.id()
    expect(await house.code(ada, "rooms.create", { name: "attic" }, id)).toBe("name-taken")
    await house.get(bob, "rooms.rename", { room: attic, name: "loft" })
    expect(await house.code(ada, "rooms.create", { name: "attic" }, id)).toBe("201")
  })

  test("gives an older value no second turn: a repeat of an overtaken draft changes nothing", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const id = house.id()
    await house.get(ada, "registers.put", { key: "draft:x", value: "old" }, id)
    await house.get(ada, "registers.put", { key: "draft:x", value: "new" })
    expect(await house.ask(ada, "registers.put", { key: "draft:x", value: "old" }, id)).toMatchObject({
      status: 200,
      body: { value: "old", version: 1 },
    })
    expect(await house.get(ada, "registers.get", { key: "draft:x" })).toMatchObject({
      value: "new",
      version: 2,
    })
  })

  test("of version 8 is refused: those ids are the server's own", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const id = uuid8(house.world.digest(new Uint8Array(1)))
    expect(await house.code(ada, "rooms.create", { name: "attic" }, id)).toBe("bad-input")
  })

  test("makes one room even where the answer could not be kept: the room's id follows from the request's", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    const id = house.id()
    const first = await house.get<{ id: string }>(ada, "rooms.create", { name: "attic" }, id)
    await house.store.records.db.deleteFrom("answer").execute()
    const later = await house.another()
    const second = await later.get<{ id: string }>(ada, "rooms.create", { name: "attic" }, id)
    expect(second.id).toBe(first.id)
    expect(await roomsOf(later, ada)).toBe(1)
  })
})

describe("what is kept of a request", () => {
  test("a registration repeated gives the same token, which stands nowhere in the tables", async () => {
    const house = await ApiHouse.make()
    const id = house.id()
    const ask = (of: ApiHouse) => of.ask(undefined, "accounts.create", { name: "ada", password }, id)
    const first = await ask(house)
    expect(first.status).toBe(201)
    const { token } = first.body as { token: string }
    const rows = JSON.stringify(await house.store.records.db.selectFrom("answer").selectAll().execute())
    expect(rows).not.toContain(token)
    expect(rows).not.toContain(id)
    const later = await house.another()
    expect(await ask(later)).toEqual(first)
    expect(later.accounts.resume(token)?.name).toBe("ada")
  })

  test("a registration repeated by a browser that is signed in by now is the same one", async () => {
    const house = await ApiHouse.make()
    const id = house.id()
    const first = await house.ask(undefined, "accounts.create", { name: "ada", password }, id)
    const { token } = first.body as { token: string }
    const who = house.accounts.resume(token)
    if (!who) throw new Error("Ada is in.")
    expect(
      await house.ask({ name: "ada", token, who }, "accounts.create", { name: "ada", password }, id),
    ).toEqual(first)
  })

  test("whoever knows the id and not the password gets nothing by it", async () => {
    const house = await ApiHouse.make()
    const id = house.id()
    expect(await house.code(undefined, "accounts.create", { name: "ada", password }, id)).toBe("201")
    expect(
      await house.code(undefined, "accounts.create", { name: "ada", password: "a guess in the dark" }, id),
    ).toBe("id-taken")
  })

  test("is no draft's text, and no room's name", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    await house.get(ada, "registers.put", { key: "draft:x", value: "zanzibar" }, house.id())
    await house.get(ada, "rooms.create", { name: "zanzibar" }, house.id())
    const rows = await house.store.records.db.selectFrom("answer").selectAll().execute()
    expect(rows).toHaveLength(2)
    expect(JSON.stringify(rows)).not.toContain("zanzibar")
  })

  test("answers go after a week", async () => {
    const house = await ApiHouse.make()
    const ada = await house.person("ada")
    await house.get(ada, "registers.put", { key: "setting:a", value: 1 }, house.id())
    house.world.pass(8 * 86_400_000)
    await house.get(ada, "registers.put", { key: "setting:a", value: 2 }, house.id())
    await house.settle()
    expect(await house.store.records.db.selectFrom("answer").selectAll().execute()).toHaveLength(1)
  })
})

describe("too much at once", () => {
  test("is refused with how long to wait, and counts by account", async () => {
    const house = await ApiHouse.make({ pace: { requestsPerSecond: 10, requestsBurst: 3 } })
    const [ada, bob] = [await house.person("ada"), await house.person("bob")]
    for (let count = 0; count < 3; count++) expect(await house.code(ada, "me.get")).toBe("200")
    const said = await house.http(ada, "GET /api/v1/me")
    expect([said.status, said.headers.get("retry-after")]).toEqual([429, "1"])
    expect(said.body).toMatchObject({ code: "too-fast", waitMs: 100 })
    expect(await house.code(bob, "me.get")).toBe("200")
    house.world.pass(100)
    expect(await house.code(ada, "me.get")).toBe("200")
  })
})
