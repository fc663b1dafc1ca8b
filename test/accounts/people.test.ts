import { describe, expect, test } from "bun:test"
import { HOUSE_ACCOUNT } from "../../protocol/ids.ts"
import { isAccountName } from "../../protocol/names.ts"
import { systemActor } from "../../server/accounts/self.ts"
import { cast } from "../cast.ts"
import { codeOf, entered, granted, home, Village } from "./village.ts"

const nobody = "01890a5d-ac96-774b-bcce-b302099a8057"

describe("roles in the house", () => {
  test("are given by admins below their own, and by owners without limit", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const [bob, cleo, eve] = [
      await village.settle("bob"),
      await village.settle("cleo"),
      await village.settle("eve"),
    ]
    const give = async (
      by: typeof ada,
      to: typeof ada,
      role: "guest" | "member" | "moderator" | "admin" | "owner",
    ) => codeOf(await village.services.roles.setRole(village.actor(by), to.who.id, role))
    expect(await give(eve, eve, "owner")).toBe("forbidden")
    expect(await give(ada, bob, "admin")).toBe("done")
    expect(await give(ada, bob, "admin")).toBe("already")
    expect(await give(bob, cleo, "moderator")).toBe("done")
    expect(await give(bob, cleo, "admin")).toBe("forbidden")
    expect(await give(bob, bob, "owner")).toBe("forbidden")
    expect(await give(bob, ada, "member")).toBe("forbidden")
    expect(await give(cleo, eve, "guest")).toBe("forbidden")
    expect(await give(ada, bob, "owner")).toBe("done")
    expect(await give(bob, ada, "member")).toBe("done")
    expect(village.accounts.actor(ada.who.id).role).toBe("member")
    expect(village.accounts.resume(ada.token)?.role).toBe("member")
    expect(codeOf(await village.services.roles.setRole(systemActor, nobody, "guest"))).toBe("no-such-account")
    expect(codeOf(await village.services.roles.setRole(systemActor, bob.who.id, "king" as "guest"))).toBe(
      "bad-input",
    )
  })

  test("the last owner stays one: not demoted, not banned, not even by the operator", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const bob = await village.settle("bob")
    const { roles } = village.services
    expect(codeOf(await roles.setRole(village.actor(ada), ada.who.id, "member"))).toBe("forbidden")
    expect(codeOf(await roles.setRole(systemActor, ada.who.id, "member"))).toBe("forbidden")
    expect(codeOf(await roles.ban(systemActor, ada.who.id, true))).toBe("forbidden")
    await roles.setRole(village.actor(ada), bob.who.id, "owner")
    const both = await Promise.all([
      roles.setRole(village.actor(ada), bob.who.id, "member"),
      roles.setRole(village.actor(bob), ada.who.id, "member"),
    ])
    expect(both.map(codeOf).sort()).toEqual(["done", "forbidden"])
  })

  test("an owner who is banned, or has no password, is no second owner", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const bob = await village.settle("bob")
    const { roles, people } = village.services
    const cleo = granted(await people.add(systemActor, { name: "cleo", role: "owner" }))
    await roles.setRole(village.actor(ada), bob.who.id, "owner")
    await roles.ban(village.actor(ada), bob.who.id, true)
    expect(codeOf(await roles.setRole(village.actor(ada), ada.who.id, "admin"))).toBe("forbidden")
    expect(village.accounts.account(cleo.id)?.role).toBe("owner")
  })

  test("bans need a higher rank, a reason that is a line, and somebody else", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const [bob, cleo, eve] = [
      await village.settle("bob"),
      await village.settle("cleo"),
      await village.settle("eve"),
    ]
    const { roles } = village.services
    await roles.setRole(village.actor(ada), bob.who.id, "moderator")
    await roles.setRole(village.actor(ada), cleo.who.id, "moderator")
    const ban = async (by: typeof ada, of: typeof ada, reason?: string) =>
      codeOf(await roles.ban(village.actor(by), of.who.id, true, reason))
    expect(await ban(eve, bob)).toBe("forbidden")
    expect(await ban(bob, cleo)).toBe("forbidden")
    expect(await ban(bob, ada)).toBe("forbidden")
    expect(await ban(ada, ada)).toBe("forbidden")
    expect(await ban(bob, eve, "two\nlines")).toBe("bad-text")
    expect(await ban(bob, eve, "x".repeat(513))).toBe("bad-text")
    expect(await ban(bob, eve, "Shouted.")).toBe("done")
    expect(await village.told()).toContainEqual({
      kind: "house.ban",
      body: { account: eve.who.id, banned: true, reason: "Shouted.", actor: bob.who.id },
    })
  })

  test("settings are for admins, and are texts that can be shown", async () => {
    const village = await Village.make()
    const ada = village.actor(await village.owner())
    const eve = village.actor(await village.settle("eve"))
    const { settings } = village.services
    expect(codeOf(await settings.set(eve, "name", "Eve's"))).toBe("forbidden")
    expect(codeOf(await settings.set(ada, "name", " \u200b"))).toBe("bad-text")
    expect(codeOf(await settings.set(ada, "name", "two\nlines"))).toBe("bad-text")
    expect(codeOf(await settings.set(ada, "welcome", "x".repeat(1_025)))).toBe("bad-text")
    expect(codeOf(await settings.set(ada, "welcome", "Hello.\nThe lobby is open."))).toBe("done")
    expect(codeOf(await settings.set(ada, "welcome", "Hello.\nThe lobby is open."))).toBe("already")
    expect(settings.current()).toEqual({
      name: "Parley",
      registration: "open",
      welcome: "Hello.\nThe lobby is open.",
    })
  })
})

describe("names and display names", () => {
  test("Ada shows herself as she likes, in one line, and nobody else does it for her", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const eve = await village.settle("eve")
    const show = (by: typeof ada, display: string) =>
      village.services.people.setDisplay(village.actor(by), ada.who.id, display)
    expect(granted(await show(ada, "  Ada Lovelace ")).display).toBe("Ada Lovelace")
    expect(village.accounts.account(ada.who.id)?.display).toBe("Ada Lovelace")
    expect(village.accounts.resume(ada.token)?.display).toBe("Ada Lovelace")
    expect(codeOf(await show(ada, "\u202eecalevoL adA"))).toBe("bad-name")
    expect(codeOf(await show(ada, ""))).toBe("bad-name")
    expect(codeOf(await show(eve, "Not Ada"))).toBe("forbidden")
    const later = await village.another()
    expect(later.accounts.account(ada.who.id)?.display).toBe("Ada Lovelace")
  })

  test("a new name is free, valid and looks like no other; the old one is free again", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const bob = await village.settle("bob")
    const rename = async (name: string) =>
      codeOf(await village.services.people.rename(village.actor(ada), ada.who.id, name))
    expect(await rename("Bob")).toBe("name-taken")
    expect(await rename("b0b")).toBe("name-taken")
    expect(await rename("ada lovelace")).toBe("bad-name")
    expect(await rename("ADA")).toBe("done")
    expect(await rename("countess")).toBe("done")
    expect(village.accounts.named("ada")).toBeUndefined()
    expect(village.accounts.named("Countess")?.id).toBe(ada.who.id)
    expect(codeOf(await village.signIn("countess", cast.ada.password, home("ada")))).toBe("done")
    expect(codeOf(await village.register("ada", "a password for the garden"))).toBe("done")
    const both = await Promise.all([
      rename("gardener"),
      village.services.people.rename(village.actor(bob), bob.who.id, "Gardener").then(codeOf),
    ])
    expect(both.sort()).toEqual(["done", "name-taken"])
    expect((await village.another()).accounts.named("gardener")).toBeDefined()
  })

  test("the directory is in order, in pages, and found by how a name or a word of a display name begins", async () => {
    const village = await Village.make()
    for (const name of ["eve", "bob", "ada", "dan", "cleo"] as const) await village.settle(name)
    const { people } = village.services
    const eve = village.accounts.named("eve")
    await people.setDisplay(systemActor, eve?.id ?? "", "Evelyn Adamson")
    const names = (search: string) => people.page({ search, limit: 10 }).people.map((person) => person.name)
    expect(names("")).toEqual(["ada", "bob", "cleo", "dan", "eve"])
    expect(names("ADA")).toEqual(["ada", "eve"])
    expect(names("clé")).toEqual([])
    expect(names("__proto__")).toEqual([])
    const first = people.page({ limit: 2 })
    expect(first.people.map((person) => person.name)).toEqual(["ada", "bob"])
    const second = people.page({ limit: 2, after: first.next ?? "" })
    expect(second.people.map((person) => person.name)).toEqual(["cleo", "dan"])
    const third = people.page({ limit: 2, after: second.next ?? "" })
    expect(third).toEqual({ people: [expect.objectContaining({ name: "eve" })] })
  })

  test("the house has a name for what it does, and nobody may sign in as it", async () => {
    const village = await Village.make()
    expect(village.accounts.account(HOUSE_ACCOUNT)?.name).toBe("parley")
    expect(village.accounts.named("parley")).toBeUndefined()
    expect(village.accounts.actor(HOUSE_ACCOUNT)).toEqual({ account: HOUSE_ACCOUNT, role: "guest" })
    expect(village.accounts.account(nobody)).toBeUndefined()
  })

  test("the operator adds people whatever the registration says; admins below their own rank", async () => {
    const village = await Village.make({ settings: { registration: "closed" } })
    const ada = village.actor(await village.owner())
    const { people } = village.services
    const bob = granted(
      await people.add(systemActor, { name: "bob", password: cast.bob.password, display: "Bob F." }),
    )
    expect(bob).toMatchObject({ name: "bob", display: "Bob F.", role: "member" })
    expect(codeOf(await village.signIn("bob", cast.bob.password, home("bob")))).toBe("done")
    const add = async (by: typeof ada, person: Parameters<typeof people.add>[1]) =>
      codeOf(await people.add(by, person))
    expect(await add(village.accounts.actor(bob.id), { name: "cleo" })).toBe("forbidden")
    expect(await add(ada, { name: "bob" })).toBe("name-taken")
    expect(await add(ada, { name: "cleo", display: "\n" })).toBe("bad-name")
    expect(await add(ada, { name: "cleo", password: "cleo" })).toBe("weak-password")
    expect(await add(ada, { name: "cleo", role: "admin", password: cast.cleo.password })).toBe("done")
    const cleo = village.actor(entered(await village.signIn("cleo", cast.cleo.password, home("cleo"))))
    expect(await add(cleo, { name: "dan", role: "admin" })).toBe("forbidden")
    expect(await add(cleo, { name: "dan", role: "moderator" })).toBe("done")
  })
})

describe("authors of an import", () => {
  test("are the same accounts when they are imported again, also after a restart and in another order", async () => {
    const village = await Village.make()
    const originals = ["ada", "Ada", "ADA", "bob smith", "1337", "", "`", "__proto__", "ada"]
    const first = await village.services.people.importAuthors("chat", originals)
    expect(first.size).toBe(8)
    const again = await village.services.people.importAuthors("chat", originals.toReversed())
    const later = await (await village.another()).services.people.importAuthors("chat", originals)
    for (const original of originals) {
      expect(again.get(original)).toBe(first.get(original) ?? "")
      expect(later.get(original)).toBe(first.get(original) ?? "")
    }
    const names = [...first.values()].map((id) => village.accounts.account(id)?.name ?? "")
    expect(names).toEqual([
      "ada",
      "Ada_2",
      "ADA_3",
      "bob_smith",
      "_1337",
      "someone",
      "someone_2",
      "__proto__",
    ])
    const elsewhere = await village.services.people.importAuthors("another chat", ["ada"])
    expect(elsewhere.get("ada")).not.toBe(first.get("ada"))
  })

  test("are shown by what they were called, and take no name that somebody has", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const ids = await village.services.people.importAuthors("chat", ["ada", "Bob \u202eSmith", "b0b"])
    const of = (original: string) => village.accounts.account(ids.get(original) ?? "")
    expect(of("ada")).toMatchObject({ name: "ada_2", display: "ada" })
    expect(of("Bob \u202eSmith")).toMatchObject({ name: "Bob_Smith", display: "Bob Smith" })
    expect(village.accounts.named("ada")?.id).toBe(ada.who.id)
  })

  test("who register later may not look like one of them", async () => {
    const village = await Village.make()
    await village.services.people.importAuthors("chat", ["bob", "b0b"])
    expect(village.accounts.named("b0b")).toBeDefined()
    expect(codeOf(await village.register("ВОВ", "a password for the garden"))).toBe("name-taken")
  })

  test("come while people register, and every name still has one holder", async () => {
    const village = await Village.make()
    const originals = Array.from({ length: 2_000 }, (_, index) => `pupil_${index}`)
    const importing = village.services.people.importAuthors("chat", originals)
    const registering = Array.from({ length: 20 }, (_, index) =>
      village.register(`pupil_${index * 100}`, "a password for the garden"),
    )
    const codes = (await Promise.all(registering)).map(codeOf)
    expect((await importing).size).toBe(2_000)
    const rows = await village.store.records.db.selectFrom("account").select("fold").execute()
    expect(rows).toHaveLength(2_000 + codes.filter((code) => code === "done").length)
    expect(new Set(rows.map((row) => row.fold)).size).toBe(rows.length)
  })

  test("18,569 of them are made in one go, 514 of the same name in another case", async () => {
    const village = await Village.make()
    const originals = Array.from({ length: 18_055 }, (_, index) => `Author-${index}`)
    const twins = originals.slice(0, 514).map((name) => name.toUpperCase())
    const all = [...originals, ...twins]
    const ids = await village.services.people.importAuthors("chat", all)
    expect(new Set(ids.values()).size).toBe(18_569)
    const names = all.map((original) => village.accounts.account(ids.get(original) ?? "")?.name ?? "")
    expect(names.every(isAccountName)).toBe(true)
    expect(names.slice(-2)).toEqual(["AUTHOR-512_2", "AUTHOR-513_2"])
  })
})
