import { describe, expect, test } from "bun:test"
import { systemActor } from "../../server/accounts/self.ts"
import { cast } from "../cast.ts"
import { codeOf, entered, granted, home, Road, Village } from "./village.ts"

const fresh = "a bench below the old oak"

/** Everything happens at the worst moment: work is stopped half-way, and something else is done first. */
describe("at the worst moment", () => {
  test("a password changes while a thief's old one is being verified: the thief is not let in", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const ada = await village.settle("ada")
    const verified = road.stop("verify")
    const thief = village.signIn("ada", cast.ada.password, home("eve"))
    await verified.reached
    const passwords = { old: cast.ada.password, new: fresh }
    expect(codeOf(await village.services.passwords.change(ada.who, passwords, home("ada")))).toBe("done")
    verified.go()
    expect(codeOf(await thief)).toBe("wrong-password")
    expect(village.open.liveSessions()).toBe(1)
  })

  test("a thief signs in between the revocation and the new password: their session ends with it", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const ada = await village.settle("ada")
    const writing = road.stop('transaction update "account" set "password"')
    const passwords = { old: cast.ada.password, new: fresh }
    const changing = village.services.passwords.change(ada.who, passwords, home("ada"))
    await writing.reached
    const thief = entered(await village.signIn("ada", cast.ada.password, home("eve")))
    writing.go()
    expect(codeOf(await changing)).toBe("done")
    expect(village.accounts.resume(thief.token)).toBeUndefined()
    expect(village.ended).toContainEqual({ account: ada.who.id, session: thief.who.session })
    expect((await village.another()).accounts.resume(thief.token)).toBeUndefined()
  })

  test("a thief changes the password while an admin sets it: the admin's stands", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const ada = await village.settle("ada")
    const verified = road.stop("verify")
    const passwords = { old: cast.ada.password, new: "the thief's own" }
    const thief = village.services.passwords.change(ada.who, passwords, home("eve"))
    await verified.reached
    expect(codeOf(await village.services.passwords.set(systemActor, ada.who.id, fresh))).toBe("done")
    verified.go()
    expect(codeOf(await thief)).toBe("wrong-password")
    expect(codeOf(await village.signIn("ada", fresh, home("ada")))).toBe("done")
  })

  test("a reset link is used while it is being used: the second comes too late", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const bob = await village.settle("bob")
    const { passwords } = village.services
    const { code } = granted(await passwords.createReset(systemActor, bob.who.id))
    const hashed = road.stop("hash")
    const thief = passwords.useReset({ code, password: "the thief's own" }, home("eve"))
    await hashed.reached
    expect(codeOf(await passwords.useReset({ code, password: fresh }, home("bob")))).toBe("done")
    hashed.go()
    expect(codeOf(await thief)).toBe("no-such-thing")
    expect(codeOf(await village.signIn("bob", fresh, home("bob")))).toBe("done")
  })

  test("a session ends while another node is looking it up: it is not found", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const road = new Road()
    const other = await village.another({ road })
    const fresh = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    const read = road.stop("select session")
    const finding = other.accounts.enter({ token: fresh.token }, home("ada"))
    await read.reached
    await village.services.sessions.end(village.actor(ada), ada.who.id, { session: fresh.who.session })
    await other.follow()
    read.go()
    expect(codeOf(await finding)).toBe("session-ended")
    expect(other.accounts.resume(fresh.token)).toBeUndefined()
  })

  test("a session begins while the rows of the others are looked at: it is not taken for one that ended", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const ada = await village.settle("ada")
    const desk = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    const deleting = road.stop('transaction delete from "session"')
    const ending = village.services.sessions.end(village.actor(ada), ada.who.id, {
      session: desk.who.session,
    })
    await deleting.reached
    const read = road.stop("select session")
    deleting.go()
    await read.reached
    const fresh = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    read.go()
    expect(codeOf(await ending)).toBe("done")
    expect(village.accounts.resume(desk.token)).toBeUndefined()
    expect(village.accounts.resume(fresh.token)).toEqual(fresh.who)
  })

  test("everything ends while a device is being welcomed: it is told so", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const ada = await village.settle("ada")
    const telling = road.stop("submit self.activity")
    const desk = village.signIn("ada", cast.ada.password, home("ada"))
    await telling.reached
    await village.services.sessions.end(village.actor(ada), ada.who.id, "all")
    telling.go()
    expect(codeOf(await desk)).toBe("session-ended")
    expect(village.open.liveSessions()).toBe(0)
  })

  test("a ban is in the log and its rows are not yet written: the token is dead already", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const eve = await village.settle("eve")
    const deleting = road.stop('transaction delete from "session"')
    const banning = village.services.roles.ban(systemActor, eve.who.id, true)
    await deleting.reached
    expect(village.accounts.resume(eve.token)).toBeUndefined()
    expect(codeOf(await village.accounts.enter({ token: eve.token }, home("eve")))).toBe("session-ended")
    deleting.go()
    expect(codeOf(await banning)).toBe("done")
  })

  test("a ban is written on one node and not yet heard on another: that one lets nobody in", async () => {
    const village = await Village.make()
    const eve = await village.settle("eve")
    const other = await village.another()
    await village.services.roles.ban(systemActor, eve.who.id, true)
    await village.follow()
    expect(codeOf(await other.signIn("eve", cast.eve.password, home("eve")))).toBe("banned")
  })

  test("somebody registers a name that an import is about to write: both have one", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const writing = road.stop('transaction insert into "account"')
    const importing = village.services.people.importAuthors("chat", ["ada", "bob", "cleo"])
    await writing.reached
    const bob = await village.settle("bob")
    writing.go()
    const ids = await importing
    expect(village.accounts.named("bob")?.id).toBe(bob.who.id)
    expect(village.accounts.account(ids.get("bob") ?? "")?.name).toBe("bob_2")
    expect(village.accounts.account(ids.get("ada") ?? "")?.name).toBe("ada")
  })
})

describe("of two nodes that give one account a role", () => {
  test("the one that hears of it late still has its own, which is later in the log", async () => {
    const village = await Village.make()
    const bob = await village.settle("bob")
    const other = await village.another()
    await village.services.roles.setRole(systemActor, bob.who.id, "moderator")
    await other.services.roles.setRole(systemActor, bob.who.id, "guest")
    const last = await other.houseSeq()
    await other.follow(last)
    expect(other.accounts.actor(bob.who.id).role).toBe("guest")
    await other.follow()
    await village.follow()
    expect(other.accounts.actor(bob.who.id).role).toBe("guest")
    expect(village.accounts.actor(bob.who.id).role).toBe("guest")
  })

  test("the one that is behind does not write what is over", async () => {
    const village = await Village.make()
    const bob = await village.settle("bob")
    const eve = await village.settle("eve")
    const other = await village.another()
    const { roles, settings } = village.services
    await roles.setRole(systemActor, bob.who.id, "moderator")
    await roles.ban(systemActor, eve.who.id, true)
    await settings.set(systemActor, "name", "The attic")
    const last = await village.houseSeq()
    await roles.setRole(systemActor, bob.who.id, "guest")
    await roles.ban(systemActor, eve.who.id, false)
    await settings.set(systemActor, "name", "The garden")
    await village.follow()
    await other.follow(last + 1)
    const later = await village.another()
    expect(later.accounts.actor(bob.who.id).role).toBe("guest")
    expect(codeOf(await later.signIn("eve", cast.eve.password, home("eve")))).toBe("done")
    expect(later.services.settings.current().name).toBe("The garden")
  })
})

describe("when the disk is full", () => {
  test("a server starts, those who are signed in stay so, and everything that writes is refused as it is", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const bob = await village.settle("bob")
    const { code } = granted(await village.services.passwords.createReset(systemActor, bob.who.id))
    await village.follow()
    const road = new Road()
    road.isFull = true
    const later = await village.another({ road })
    const { sessions, passwords, people, roles, invitations, settings } = later.services
    const by = later.actor(ada)
    const id = bob.who.id
    const change = { old: cast.bob.password, new: fresh }
    expect(later.accounts.resume(bob.token)).toEqual(bob.who)
    const codes = [
      await later.signIn("bob", cast.bob.password, home("bob")),
      await later.register("cleo", cast.cleo.password),
      await passwords.change(bob.who, change, home("bob")),
      await passwords.set(by, id, fresh),
      await passwords.createReset(by, id),
      await passwords.useReset({ code, password: fresh }, home("bob")),
      await sessions.end(by, id, "all"),
      await people.add(by, { name: "dan" }),
      await people.rename(by, id, "robert"),
      await people.setDisplay(by, id, "Robert"),
      await roles.setRole(by, id, "guest"),
      await roles.ban(by, id, true),
      await invitations.create(by, {}),
      await settings.set(by, "name", "The garden"),
    ].map(codeOf)
    expect(codes).toEqual(codes.map(() => "store-full"))
    await later.open.close()
    expect(later.broken).toHaveLength(1)
    road.isFull = false
    expect(later.accounts.resume(bob.token)).toEqual(bob.who)
    expect(codeOf(await later.signIn("bob", cast.bob.password, home("bob")))).toBe("done")
    expect(codeOf(await later.register("cleo", cast.cleo.password))).toBe("done")
    expect(codeOf(await passwords.useReset({ code, password: fresh }, home("bob")))).toBe("done")
  })

  test("what was seen is written when there is room again", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const ada = await village.settle("ada")
    village.world.pass(3_600_000)
    village.accounts.resume(ada.token)
    road.isFull = true
    await village.open.close()
    road.isFull = false
    await village.open.close()
    const row = await village.store.records.db.selectFrom("session").select("seen_at").executeTakeFirst()
    expect(row?.seen_at).toBe(village.world.nowMs)
  })

  test("a session that was ended is dead, even though its row could not be deleted, and whoever follows the log does it", async () => {
    const road = new Road()
    const village = await Village.make({ road })
    const ada = await village.settle("ada")
    const deleting = road.stop('transaction delete from "session"')
    const ending = village.services.sessions.end(village.actor(ada), ada.who.id, "all")
    await deleting.reached
    road.isFull = true
    deleting.go()
    expect(codeOf(await ending)).toBe("done")
    expect(village.broken).toHaveLength(1)
    const isDead = async () => {
      expect(village.accounts.resume(ada.token)).toBeUndefined()
      expect(codeOf(await village.accounts.enter({ token: ada.token }, home("ada")))).toBe("session-ended")
    }
    await isDead()
    expect(village.ended).toEqual([{ account: ada.who.id, session: ada.who.session }])
    expect(await village.follow().catch(String)).toContain("full")
    await isDead()
    road.isFull = false
    await village.follow()
    await isDead()
    expect(village.open.house.position).toBe(await village.houseSeq())
    expect((await village.another()).accounts.resume(ada.token)).toBeUndefined()
  })

  test("another node that cannot delete a row either lets nobody in by it", async () => {
    const village = await Village.make()
    const ada = await village.settle("ada")
    const road = new Road()
    const other = await village.another({ road })
    await other.follow()
    expect(other.accounts.resume(ada.token)).toBeDefined()
    await village.services.sessions.end(systemActor, ada.who.id, "all")
    road.isFull = true
    expect(await other.follow().catch(String)).toContain("full")
    expect(other.accounts.resume(ada.token)).toBeUndefined()
  })
})
