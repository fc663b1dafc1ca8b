import { describe, expect, test } from "bun:test"
import { isRefusal } from "../../protocol/refusals.ts"
import { systemActor } from "../../server/accounts/self.ts"
import { cast } from "../cast.ts"
import { codeOf, entered, granted, home, Village } from "./village.ts"

const day = 86_400_000
const fresh = "a bench below the old oak"

describe("changing a password", () => {
  test("needs the old one, ends every other session, and is told in the account's own log", async () => {
    const village = await Village.make()
    const phone = await village.settle("ada")
    const desk = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    const change = (old: string) =>
      village.services.passwords.change(phone.who, { old, new: fresh }, home("ada"))
    expect(codeOf(await change("not the old one"))).toBe("wrong-password")
    expect(village.accounts.resume(desk.token)).toBeDefined()
    expect(codeOf(await change(cast.ada.password))).toBe("done")
    expect(village.accounts.resume(desk.token)).toBeUndefined()
    expect(village.accounts.resume(phone.token)).toEqual(phone.who)
    expect(codeOf(await village.signIn("ada", cast.ada.password, home("ada")))).toBe("wrong-password")
    expect(codeOf(await village.signIn("ada", fresh, home("ada")))).toBe("done")
    const self = await village.store.records.db.selectFrom("session").select("id").execute()
    expect(self).toHaveLength(2)
    const events = await village.store.log.read(phone.who.self, 0, 100)
    expect(events.map(({ body }) => JSON.parse(body ?? "").reason)).toContain("password-changed")
  })

  test("to a weak one is refused and changes nothing", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const passwords = { old: cast.ada.password, new: "password1" }
    expect(codeOf(await village.services.passwords.change(ada.who, passwords, home("ada")))).toBe(
      "weak-password",
    )
    expect(codeOf(await village.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
  })

  test("is no way to guess the old one quickly", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const codes: string[] = []
    for (let guess = 0; guess < 20; guess++) {
      const passwords = { old: `guess ${guess}`, new: fresh }
      codes.push(codeOf(await village.services.passwords.change(ada.who, passwords, home("ada"))))
    }
    expect(codes.filter((code) => code === "wrong-password").length).toBeLessThanOrEqual(10)
  })

  test("twice at once: one is taken, the other is told that its old password is wrong", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const change = (password: string) =>
      village.services.passwords.change(ada.who, { old: cast.ada.password, new: password }, home("ada"))
    const codes = (await Promise.all([change("one new password"), change("another new password")])).map(
      codeOf,
    )
    expect(codes.sort()).toEqual(["done", "wrong-password"])
    expect(village.accounts.resume(ada.token)).toBeDefined()
  })

  test("catches whoever is signing in with the old one at that moment", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const passwords = { old: cast.ada.password, new: fresh }
    const changing = village.services.passwords.change(ada.who, passwords, home("ada"))
    const thieves = await Promise.all(
      Array.from({ length: 10 }, () => village.signIn("ada", cast.ada.password, home("eve"))),
    )
    expect(codeOf(await changing)).toBe("done")
    for (const thief of thieves)
      if (!isRefusal(thief)) expect(village.accounts.resume(thief.token ?? "")).toBeUndefined()
    expect(await village.store.records.db.selectFrom("session").select("id").execute()).toEqual([
      { id: ada.who.session },
    ])
  })
})

describe("a reset link", () => {
  test("sets a new password once, ends all sessions and signs its person in", async () => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    const bob = await village.settle("bob")
    const { passwords } = village.services
    const { code, expiresAt } = granted(await passwords.createReset(ada, bob.who.id))
    expect(code).toMatch(/^[\w-]{22}$/)
    expect(expiresAt - village.world.nowMs).toBe(day)
    const weak = await passwords.useReset({ code, password: "bob" }, home("bob"))
    expect(codeOf(weak)).toBe("weak-password")
    const again = entered(await passwords.useReset({ code, password: fresh }, home("bob")))
    expect(again.who.id).toBe(bob.who.id)
    expect(village.accounts.resume(bob.token)).toBeUndefined()
    expect(village.accounts.resume(again.token)).toEqual(again.who)
    expect(codeOf(await village.signIn("bob", cast.bob.password, home("bob")))).toBe("wrong-password")
    expect(codeOf(await passwords.useReset({ code, password: fresh }, home("bob")))).toBe("no-such-thing")
  })

  test("used twice at once works once", async () => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    const bob = await village.settle("bob")
    const { passwords } = village.services
    const { code } = granted(await passwords.createReset(ada, bob.who.id))
    const answers = await Promise.all([
      passwords.useReset({ code, password: "one new password" }, home("bob")),
      passwords.useReset({ code, password: "another new password" }, home("eve")),
    ])
    expect(answers.map(codeOf).sort()).toEqual(["done", "no-such-thing"])
    const alive = answers.filter((one) => !isRefusal(one) && village.accounts.resume(one.token ?? ""))
    expect(alive).toHaveLength(1)
  })

  test("works for a day, until another one is made, and until the password changes", async () => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    const bob = await village.settle("bob")
    const { passwords } = village.services
    const make = async () => granted(await passwords.createReset(ada, bob.who.id)).code
    const use = async (code: string) =>
      codeOf(await passwords.useReset({ code, password: fresh }, home("bob")))
    const old = await make()
    village.world.pass(day)
    expect(await use(old)).toBe("no-such-thing")
    const replaced = await make()
    const newer = await make()
    expect(await use(replaced)).toBe("no-such-thing")
    const change = { old: cast.bob.password, new: "a password of his own" }
    await passwords.change(bob.who, change, home("bob"))
    expect(await use(newer)).toBe("no-such-thing")
    expect(await use("")).toBe("no-such-thing")
  })

  test("is made by admins, for those below them only", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const [bob, cleo, eve] = [
      await village.settle("bob"),
      await village.settle("cleo"),
      await village.settle("eve"),
    ]
    const { passwords, roles } = village.services
    await roles.setRole(village.actor(ada), bob.who.id, "admin")
    await roles.setRole(village.actor(ada), cleo.who.id, "admin")
    const make = async (by: typeof ada, of: typeof ada) => [
      codeOf(await passwords.createReset(village.actor(by), of.who.id)),
      codeOf(await passwords.set(village.actor(by), of.who.id, fresh)),
    ]
    expect(await make(eve, eve)).toEqual(["forbidden", "forbidden"])
    expect(await make(bob, cleo)).toEqual(["forbidden", "forbidden"])
    expect(await make(bob, ada)).toEqual(["forbidden", "forbidden"])
    expect(await make(bob, eve)).toEqual(["done", "done"])
    expect(await make(ada, bob)).toEqual(["done", "done"])
    expect(codeOf(await passwords.createReset(systemActor, ada.who.id))).toBe("done")
  })

  test("is not stored, but its hash is", async () => {
    const village = await Village.make()
    const bob = await village.settle("bob")
    const { code } = granted(await village.services.passwords.createReset(systemActor, bob.who.id))
    const rows = await village.store.records.db.selectFrom("reset").selectAll().execute()
    expect(rows).toHaveLength(1)
    expect(JSON.stringify([rows, await village.told()])).not.toContain(code)
  })

  test("does nothing for someone who is banned", async () => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    const eve = await village.settle("eve")
    const { passwords, roles } = village.services
    const { code } = granted(await passwords.createReset(ada, eve.who.id))
    await roles.ban(ada, eve.who.id, true)
    expect(codeOf(await passwords.useReset({ code, password: fresh }, home("eve")))).toBe("no-such-thing")
    expect(codeOf(await passwords.createReset(ada, eve.who.id))).toBe("banned")
  })
})

describe("a password that the operator or an admin sets", () => {
  test("ends the account's sessions and lets its person in", async () => {
    const village = await Village.make()
    const bob = await village.settle("bob")
    const { passwords } = village.services
    expect(codeOf(await passwords.set(systemActor, bob.who.id, "bob"))).toBe("weak-password")
    expect(codeOf(await passwords.set(systemActor, bob.who.id, fresh))).toBe("done")
    expect(village.accounts.resume(bob.token)).toBeUndefined()
    expect(codeOf(await village.signIn("bob", fresh, home("bob")))).toBe("done")
  })

  test("claims an author of an import, whom nobody could sign in as before", async () => {
    const village = await Village.make()
    const { people, passwords } = village.services
    const id = (await people.importAuthors("chat", ["Dan the Man"])).get("Dan the Man") ?? ""
    expect(people.page({ limit: 10 }).people).toEqual([
      { id, name: "Dan_the_Man", display: "Dan the Man", role: "member", banned: false, claimed: false },
    ])
    expect(codeOf(await village.signIn("Dan_the_Man", "anything at all", home("dan")))).toBe("wrong-password")
    const { code } = granted(await passwords.createReset(systemActor, id))
    const dan = entered(await passwords.useReset({ code, password: cast.dan.password }, home("dan")))
    expect(dan.who).toMatchObject({ id, display: "Dan the Man" })
    expect(people.page({ limit: 10 }).people[0]?.claimed).toBe(true)
    expect(codeOf(await village.signIn("dan_the_man", cast.dan.password, home("dan")))).toBe("done")
  })
})
