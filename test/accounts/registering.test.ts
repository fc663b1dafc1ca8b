import { describe, expect, test } from "bun:test"
import { cast, places } from "../cast.ts"
import { codeOf, entered, granted, home, Village } from "./village.ts"

const day = 86_400_000

describe("registering", () => {
  test.each([
    ["ada", "name-taken", "the very name"],
    ["ADA", "name-taken", "the name in capitals"],
    ["аda", "name-taken", "a name that looks like it"],
    ["ａｄａ", "name-taken", "the name in full width"],
    ["ada lovelace", "bad-name", "a name with a space"],
    ["ada\u200b", "bad-name", "a name with something unseen"],
    ["ada\u202e", "bad-name", "a name that turns the text around it"],
    ["ada\0", "bad-name", "a name with NUL"],
    ["\ud800da", "bad-name", "half a character"],
    ["everyone", "bad-name", "a reserved name"],
    ["sуstem", "bad-name", "a name that looks like a reserved one"],
    ["", "bad-name", "no name"],
    ["adam", "done", "another name"],
    ["__proto__", "done", "a name only programs fear"],
    ["constructor", "done", "another such name"],
  ])("as %p is answered %s: %s", async (name, code) => {
    const village = await Village.make()
    await village.settle("ada")
    expect(codeOf(await village.register(name, "a password for the garden"))).toBe(code)
  })

  test("two who take one name at once: one gets it, the other is refused, in whatever case they write it", async () => {
    const village = await Village.make()
    const codes = await Promise.all(
      ["cleo", "Cleo", "CLEO", "сleo"].map((name) => village.register(name, "a password for the garden")),
    )
    expect(codes.map(codeOf).sort()).toEqual(["done", "name-taken", "name-taken", "name-taken"])
    const rows = await village.store.records.db.selectFrom("account").select("name").execute()
    expect(rows).toHaveLength(1)
  })

  test.each([
    ["short", "seven c"],
    ["the name itself", "Gardener"],
    ["the name backwards", "renedrag"],
    ["a common one", "Password1"],
    ["a common one with signs behind it", "iloveyou!!"],
    ["one character many times", "aaaaaaaaaa"],
    ["a short run many times", "abcabcabcabc"],
    ["digits in their order", "123456789"],
  ])("a password that is %s is refused", async (_, password) => {
    const village = await Village.make()
    expect(codeOf(await village.register("gardener", password))).toBe("weak-password")
    expect(village.accounts.named("gardener")).toBeUndefined()
  })

  test("a password may be a sentence, in any script, up to 512 bytes", async () => {
    const village = await Village.make()
    expect(codeOf(await village.register("bob", "не забыть полить сад"))).toBe("done")
    expect(codeOf(await village.register("cleo", `${"walk ".repeat(102)}ab`))).toBe("done")
    expect(codeOf(await village.register("dan", `${"walk ".repeat(102)}abc`))).toBe("too-large")
    expect(codeOf(await village.register("eve", "half a \ud800 character"))).toBe("bad-input")
  })

  test("when registration is closed nobody registers; the owner closes and opens it at run time", async () => {
    const village = await Village.make({ settings: { registration: "closed" } })
    expect(codeOf(await village.register("bob", cast.bob.password))).toBe("registration-closed")
    const ada = await village.owner()
    const set = (value: string) => village.services.settings.set(village.actor(ada), "registration", value)
    expect(codeOf(await set("open"))).toBe("done")
    expect(codeOf(await village.register("bob", cast.bob.password))).toBe("done")
    expect(codeOf(await set("invite"))).toBe("done")
    expect(codeOf(await village.register("cleo", cast.cleo.password))).toBe("invitation-needed")
    expect(codeOf(await set("sometimes"))).toBe("bad-input")
    await village.follow()
    const later = await village.another({ settings: { registration: "closed" } })
    expect(later.services.settings.current().registration).toBe("invite")
  })

  test("one network cannot make accounts without end, but a class can sign up at once", async () => {
    const village = await Village.make({ limits: { registrationsBurst: 30, registrationEveryMs: 5_000 } })
    const codes: string[] = []
    for (let index = 0; index < 32; index++)
      codes.push(codeOf(await village.register(`pupil_${index}`, "a password for the garden")))
    expect(codes).toEqual([...codes.slice(0, 30).map(() => "done"), "too-fast", "too-fast"])
    village.world.pass(5_000)
    expect(codeOf(await village.register("pupil_30", "a password for the garden"))).toBe("done")
    const elsewhere = await village.register("bob", cast.bob.password, { from: home("bob") })
    expect(codeOf(elsewhere)).toBe("done")
  })

  test("a newcomer is told in the house log", async () => {
    const village = await Village.make()
    const { who } = await village.settle("ada")
    expect(await village.told()).toContainEqual({
      kind: "house.role",
      body: { account: who.id, role: "member" },
    })
  })
})

describe("an invitation", () => {
  test("lets in as many as it has uses, and not one more, even all at once", async () => {
    const village = await Village.make({ settings: { registration: "invite" } })
    const ada = await village.owner()
    const { code } = granted(await village.services.invitations.create(village.actor(ada), { uses: 2 }))
    const answers = await Promise.all(
      ["bob", "cleo", "dan", "eve"].map((name) =>
        village.register(name, "a password for the garden", { invite: code }),
      ),
    )
    expect(answers.map(codeOf).sort()).toEqual(["done", "done", "invitation-needed", "invitation-needed"])
    const rows = await village.store.records.db.selectFrom("account").select("name").execute()
    expect(rows).toHaveLength(3)
    expect(await village.services.invitations.list(village.actor(ada))).toEqual([])
  })

  test("a registration that is refused does not use it up", async () => {
    const village = await Village.make({ settings: { registration: "invite" } })
    const ada = await village.owner()
    const { code } = granted(await village.services.invitations.create(village.actor(ada), {}))
    const attempt = (name: string, password: string) => village.register(name, password, { invite: code })
    expect(codeOf(await attempt("ada", "a password for the garden"))).toBe("name-taken")
    expect(codeOf(await attempt("bob", "short"))).toBe("weak-password")
    const both = await Promise.all([attempt("bob", cast.bob.password), attempt("BOB", cast.bob.password)])
    expect(both.map(codeOf)).toContain("done")
    expect(codeOf(await attempt("cleo", cast.cleo.password))).toBe("invitation-needed")
  })

  test("works no longer than it says, nor once it is revoked, nor when its host is banned", async () => {
    const village = await Village.make({ settings: { registration: "invite" } })
    const ada = village.actor(await village.owner())
    const { invitations, roles } = village.services
    const codes: string[] = []
    const make = async (by = ada) => granted(await invitations.create(by, { lifeMs: day, uses: 5 }))
    const old = await make()
    village.world.pass(day)
    codes.push(codeOf(await village.register("bob", cast.bob.password, { invite: old.code })))
    const revoked = await make()
    expect(codeOf(await invitations.revoke(ada, revoked.card.id))).toBe("done")
    expect(codeOf(await invitations.revoke(ada, revoked.card.id))).toBe("no-such-thing")
    codes.push(codeOf(await village.register("bob", cast.bob.password, { invite: revoked.code })))
    const dan = granted(await village.services.people.add(ada, { name: "dan", password: cast.dan.password }))
    const dans = await make(village.accounts.actor(dan.id))
    expect(codeOf(await invitations.find(dans.code))).toBe("done")
    await roles.ban(ada, dan.id, true)
    expect(codeOf(await invitations.find(dans.code))).toBe("no-such-thing")
    codes.push(codeOf(await village.register("bob", cast.bob.password, { invite: dans.code })))
    expect(codes).toEqual(["invitation-needed", "invitation-needed", "invitation-needed"])
  })

  test("brings the newcomer into a private room, as long as its host may invite there", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const bob = await village.settle("bob")
    await village.room(places.attic.id, "attic", ada)
    const { invitations } = village.services
    const room = places.attic.id
    expect(codeOf(await invitations.create(village.actor(bob), { room }))).toBe("no-such-room")
    const { code, card } = granted(await invitations.create(village.actor(ada), { room, uses: 2 }))
    expect(card.room).toBe(room)
    const cleo = entered(await village.register("cleo", cast.cleo.password, { invite: code }))
    expect((await village.rooms.head(room))?.members.get(cleo.who.id)?.role).toBe("member")
    const leaving = { id: village.id(), kind: "member.left", body: {} }
    await village.rooms.submit(room, village.actor(ada), leaving)
    const dan = entered(await village.register("dan", cast.dan.password, { invite: code }))
    expect((await village.rooms.head(room))?.members.has(dan.who.id)).toBe(false)
  })

  test("gives no role its host may not give, and none that its host has lost meanwhile", async () => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    const bob = await village.settle("bob")
    const { invitations, roles } = village.services
    expect(codeOf(await invitations.create(village.actor(bob), { role: "moderator" }))).toBe("forbidden")
    expect(codeOf(await invitations.create(ada, { role: "king" as "admin" }))).toBe("bad-input")
    await roles.setRole(ada, bob.who.id, "admin")
    expect(codeOf(await invitations.create(village.actor(bob), { role: "admin" }))).toBe("forbidden")
    const { code } = granted(await invitations.create(village.actor(bob), { role: "moderator", uses: 2 }))
    const cleo = entered(await village.register("cleo", cast.cleo.password, { invite: code }))
    expect(cleo.who.role).toBe("moderator")
    await roles.setRole(ada, bob.who.id, "member")
    const dan = entered(await village.register("dan", cast.dan.password, { invite: code }))
    expect(dan.who.role).toBe("member")
    const { code: guests } = granted(await invitations.create(village.actor(bob), { role: "guest" }))
    const eve = entered(await village.register("eve", cast.eve.password, { invite: guests }))
    expect(eve.who.role).toBe("guest")
    expect(codeOf(await invitations.create(village.actor(eve), {}))).toBe("forbidden")
  })

  test("is seen by its host and by admins only, and never with its code", async () => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    const bob = village.actor(await village.settle("bob"))
    const cleo = village.actor(await village.settle("cleo"))
    const { invitations } = village.services
    const { code, card } = granted(await invitations.create(bob, { uses: 3 }))
    expect(await invitations.list(bob)).toEqual([card])
    expect(await invitations.list(ada)).toEqual([card])
    expect(await invitations.list(cleo)).toEqual([])
    expect(codeOf(await invitations.revoke(cleo, card.id))).toBe("no-such-thing")
    expect(JSON.stringify(await invitations.list(ada))).not.toContain(code)
    expect(
      JSON.stringify(await village.store.records.db.selectFrom("invitation").selectAll().execute()),
    ).not.toContain(code)
  })

  test.each([
    ["no uses", { uses: 0 }, "bad-input"],
    ["half a use", { uses: 1.5 }, "bad-input"],
    ["very many uses", { uses: 10_001 }, "bad-input"],
    ["no time", { lifeMs: 0 }, "bad-input"],
    ["more than a year", { lifeMs: 366 * day }, "bad-input"],
    ["a room that is not there", { room: "01890a5d-ac96-774b-bcce-b302099a8057" }, "no-such-room"],
    ["as much as may be", { uses: 10_000, lifeMs: 365 * day }, "done"],
  ])("with %s is judged", async (_, wanted, code) => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    expect(codeOf(await village.services.invitations.create(ada, wanted))).toBe(code)
  })

  test("is one of at most a hundred that a member may have open", async () => {
    const village = await Village.make({ limits: { invitationsPerAccountMax: 3 } })
    const bob = village.actor(await village.settle("bob"))
    const codes: string[] = []
    for (let index = 0; index < 4; index++)
      codes.push(codeOf(await village.services.invitations.create(bob, {})))
    expect(codes).toEqual(["done", "done", "done", "too-many"])
  })
})

describe("the first owner", () => {
  test("is made with the code of the first start, once", async () => {
    const village = await Village.make()
    const code = village.services.setup.code() ?? ""
    expect(code).toMatch(/^[\w-]{22}$/)
    expect(village.services.setup.code()).toBe(code)
    const ada = await village.owner()
    expect(ada.who.role).toBe("owner")
    expect(village.services.setup.code()).toBeUndefined()
    const again = { code, name: "eve", password: cast.eve.password }
    expect(codeOf(await village.services.setup.claimOwner(again, home("eve")))).toBe("no-such-thing")
    expect((await village.another()).services.setup.code()).toBeUndefined()
  })

  test("is one, when two use the code at once, on one node or on two", async () => {
    const village = await Village.make()
    const other = await village.another()
    const claim = (at: Village, name: string) =>
      at.services.setup.claimOwner(
        { code: at.services.setup.code() ?? "", name, password: "a password for the garden" },
        home("ada"),
      )
    const answers = await Promise.all([claim(village, "ada"), claim(village, "bob"), claim(other, "cleo")])
    expect(answers.map(codeOf).sort()).toEqual(["done", "no-such-thing", "no-such-thing"])
    const owners = await village.store.records.db
      .selectFrom("account")
      .select("name")
      .where("role", "=", "owner")
      .execute()
    expect(owners).toHaveLength(1)
  })

  test("is not made with a wrong code, and a claim that is refused leaves the code as it was", async () => {
    const village = await Village.make()
    const { setup } = village.services
    const claim = (code: string, name: string, password: string) =>
      setup.claimOwner({ code, name, password }, home("eve"))
    expect(codeOf(await claim("a guess at the code", "eve", cast.eve.password))).toBe("no-such-thing")
    expect(codeOf(await claim("", "eve", cast.eve.password))).toBe("no-such-thing")
    expect(codeOf(await claim(setup.code() ?? "", "ada", "short"))).toBe("weak-password")
    expect(codeOf(await claim(setup.code() ?? "", "a da", cast.ada.password))).toBe("bad-name")
    expect((await village.owner()).who.role).toBe("owner")
  })

  test("may be named by the operator; a second start changes nothing, nor does another password", async () => {
    const village = await Village.make()
    const made = granted(await village.services.setup.ensureOwner("ada", cast.ada.password))
    expect(made.role).toBe("owner")
    expect(village.services.setup.code()).toBeUndefined()
    const later = await village.another()
    const again = granted(await later.services.setup.ensureOwner("Ada", "quite another password"))
    expect(again).toEqual(made)
    expect(codeOf(await later.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
    expect(codeOf(await later.signIn("ada", "quite another password", home("ada")))).toBe("wrong-password")
  })

  test("may be somebody who is here already, or an author of an import", async () => {
    const village = await Village.make()
    await village.settle("bob")
    await village.services.people.importAuthors("chat", ["cleo"])
    const { setup } = village.services
    expect(granted(await setup.ensureOwner("bob", "another password")).role).toBe("owner")
    expect(codeOf(await village.signIn("bob", cast.bob.password, home("bob")))).toBe("done")
    expect(granted(await setup.ensureOwner("cleo", cast.cleo.password)).role).toBe("owner")
    expect(codeOf(await village.signIn("cleo", cast.cleo.password, home("cleo")))).toBe("done")
    expect(codeOf(await setup.ensureOwner("dan", "short"))).toBe("weak-password")
  })
})
