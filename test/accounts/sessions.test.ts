import { describe, expect, test } from "bun:test"
import { HOUSE_ROOM } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { systemActor } from "../../server/accounts/self.ts"
import type { SessionCard } from "../../server/core/ports.ts"
import { cast } from "../cast.ts"
import { codeOf, entered, granted, home, Village } from "./village.ts"

const minute = 60_000
const day = 86_400_000

/** Ada on three devices. */
async function threeDevices(village: Village) {
  const phone = await village.settle("ada")
  village.world.pass(1_000)
  const desk = entered(await village.signIn("ada", cast.ada.password, home("ada")))
  village.world.pass(1_000)
  const attic = entered(await village.signIn("ada", cast.ada.password, home("bob")))
  return { phone, desk, attic }
}

describe("sessions", () => {
  test("are listed newest first, with what a person needs to tell them apart and nothing secret", async () => {
    const village = await Village.make()
    const { phone, desk, attic } = await threeDevices(village)
    const list = granted(await village.services.sessions.list(village.actor(phone), phone.who.id))
    expect(list.map(({ id }) => id)).toEqual([attic.who.session, desk.who.session, phone.who.session])
    expect(list[0]).toEqual({
      id: attic.who.session,
      client: "a test",
      address: "192.0.2.2",
      madeAt: village.world.nowMs,
      seenAt: village.world.nowMs,
      expiresAt: village.world.nowMs + 30 * day,
    } satisfies SessionCard)
    for (const { token } of [phone, desk, attic]) expect(JSON.stringify(list)).not.toContain(token)
  })

  test("one that Ada ends is dead when the answer comes, its connections are closed, the others live", async () => {
    const village = await Village.make()
    const { phone, desk, attic } = await threeDevices(village)
    const { sessions } = village.services
    expect(
      codeOf(await sessions.end(village.actor(phone), phone.who.id, { session: desk.who.session })),
    ).toBe("done")
    expect(village.accounts.resume(desk.token)).toBeUndefined()
    expect(codeOf(await village.accounts.enter({ token: desk.token }, home("ada")))).toBe("session-ended")
    expect(village.accounts.resume(phone.token)).toBeDefined()
    expect(village.accounts.resume(attic.token)).toBeDefined()
    expect(village.ended).toEqual([{ account: phone.who.id, session: desk.who.session }])
    expect(
      codeOf(await sessions.end(village.actor(phone), phone.who.id, { session: desk.who.session })),
    ).toBe("no-such-thing")
    expect(await village.told()).toContainEqual({
      kind: "house.revocation",
      body: { account: phone.who.id, session: desk.who.session, actor: phone.who.id },
    })
  })

  test("all others end at once, or all", async () => {
    const village = await Village.make()
    const { phone, desk, attic } = await threeDevices(village)
    const { sessions } = village.services
    await sessions.end(village.actor(phone), phone.who.id, { except: desk.who.session })
    expect([phone, desk, attic].map(({ token }) => village.accounts.resume(token) !== undefined)).toEqual([
      false,
      true,
      false,
    ])
    await sessions.end(village.actor(desk), desk.who.id, "all")
    expect(village.accounts.resume(desk.token)).toBeUndefined()
    expect(village.ended.map(({ session }) => session)).toEqual([
      phone.who.session,
      attic.who.session,
      desk.who.session,
    ])
    expect(village.open.liveSessions()).toBe(0)
  })

  test("of another are neither seen nor ended by Eve, nor by an admin who stands no higher", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const bob = await village.settle("bob")
    const eve = await village.settle("eve")
    const { sessions, roles } = village.services
    const ends = async (by: typeof ada, of: typeof ada) => [
      codeOf(await sessions.list(village.actor(by), of.who.id)),
      codeOf(await sessions.end(village.actor(by), of.who.id, { session: of.who.session })),
    ]
    expect(await ends(eve, bob)).toEqual(["forbidden", "forbidden"])
    await roles.setRole(village.actor(ada), bob.who.id, "admin")
    await roles.setRole(village.actor(ada), eve.who.id, "admin")
    expect(await ends(eve, bob)).toEqual(["forbidden", "forbidden"])
    expect(await ends(eve, ada)).toEqual(["forbidden", "forbidden"])
    expect(await ends(ada, eve)).toEqual(["done", "done"])
    expect(codeOf(await sessions.end(village.actor(bob), bob.who.id, { session: eve.who.session }))).toBe(
      "no-such-thing",
    )
    expect(codeOf(await sessions.list(systemActor, "01890a5d-ac96-774b-bcce-b302099a8057"))).toBe(
      "no-such-account",
    )
  })

  test("survive a restart, and those that were ended do not come back by it", async () => {
    const village = await Village.make()
    const { phone, desk, attic } = await threeDevices(village)
    await village.services.sessions.end(village.actor(phone), phone.who.id, { session: desk.who.session })
    const later = await village.another()
    expect(later.accounts.resume(phone.token)).toEqual(phone.who)
    expect(later.accounts.resume(attic.token)).toEqual(attic.who)
    expect(later.accounts.resume(desk.token)).toBeUndefined()
    await later.follow()
    expect(later.accounts.resume(phone.token)).toEqual(phone.who)
    expect(later.open.liveSessions()).toBe(2)
  })

  test("a revocation that was in the log when the server died holds after the restart", async () => {
    const village = await Village.make()
    const { phone, desk } = await threeDevices(village)
    await village.follow()
    // The log has it and nothing else was done.
    await village.rooms.submit(HOUSE_ROOM, systemActor, {
      id: village.id(),
      kind: "house.revocation",
      body: { account: phone.who.id, except: phone.who.session },
    })
    const later = await village.another()
    expect(later.accounts.resume(desk.token)).toBeDefined()
    await later.follow()
    expect(later.accounts.resume(desk.token)).toBeUndefined()
    expect(later.accounts.resume(phone.token)).toBeDefined()
    const again = await later.another()
    expect(again.accounts.resume(desk.token)).toBeUndefined()
  })

  test("end after 30 days without use, and not before; use keeps them alive, also across restarts", async () => {
    const village = await Village.make()
    const { phone, desk } = await threeDevices(village)
    village.world.pass(29 * day)
    expect(village.accounts.resume(phone.token)).toBeDefined()
    village.world.pass(minute)
    await village.open.close()
    village.world.pass(2 * day)
    expect(village.accounts.resume(desk.token)).toBeUndefined()
    expect(codeOf(await village.accounts.enter({ token: desk.token }, home("ada")))).toBe("session-ended")
    const later = await village.another()
    expect(later.accounts.resume(phone.token)).toBeDefined()
    expect(later.accounts.resume(desk.token)).toBeUndefined()
    village.world.pass(31 * day)
    expect(village.accounts.resume(phone.token)).toBeUndefined()
    await village.open.close()
    expect(village.open.liveSessions()).toBe(0)
    expect(await village.store.records.db.selectFrom("session").selectAll().execute()).toEqual([])
  })

  test("a connection that lives keeps its session, without a hello", async () => {
    const village = await Village.make()
    const { phone } = await threeDevices(village)
    for (let week = 0; week < 10; week++) {
      village.world.pass(7 * day)
      village.services.sessions.seen(phone.who)
    }
    await village.open.close()
    expect((await village.another()).accounts.resume(phone.token)).toBeDefined()
  })

  test("their last use is written together, a minute after the first, and at most every five minutes", async () => {
    const village = await Village.make()
    const { phone, desk } = await threeDevices(village)
    const made = village.world.nowMs
    const written = async () => {
      const rows = await village.store.records.db.selectFrom("session").select(["id", "seen_at"]).execute()
      return new Map(rows.map((row) => [row.id, row.seen_at - made]))
    }
    village.world.pass(4 * minute)
    village.accounts.resume(phone.token)
    village.world.pass(minute)
    await village.store.records.db.selectFrom("session").selectAll().execute()
    expect((await written()).get(phone.who.session)).toBeLessThan(1)
    village.world.pass(minute)
    village.accounts.resume(phone.token)
    village.accounts.resume(desk.token)
    expect((await written()).get(phone.who.session)).toBeLessThan(1)
    village.world.pass(minute)
    await village.open.close()
    expect((await written()).get(phone.who.session)).toBe(6 * minute)
    expect((await written()).get(desk.who.session)).toBe(6 * minute)
  })

  test("a machine that starts in 1970 and is set right later has ended none", async () => {
    const village = await Village.make()
    const { phone, desk } = await threeDevices(village)
    const right = village.world.nowMs
    village.world.nowMs = 0
    const later = await village.another()
    expect(later.accounts.resume(phone.token)).toBeDefined()
    await later.open.close()
    village.world.nowMs = right + 29 * day
    expect(later.accounts.resume(phone.token)).toBeDefined()
    expect(later.accounts.resume(desk.token)).toBeDefined()
    village.world.nowMs = right + 60 * day
    expect(later.accounts.resume(desk.token)).toBeUndefined()
  })

  test("a revocation holds also while the clock is behind the session it ends", async () => {
    const village = await Village.make()
    const { phone, desk } = await threeDevices(village)
    village.world.nowMs -= day
    await village.services.sessions.end(village.actor(phone), phone.who.id, { except: phone.who.session })
    expect(village.accounts.resume(desk.token)).toBeUndefined()
    await village.follow()
    const later = await village.another()
    expect(later.accounts.resume(desk.token)).toBeUndefined()
    expect(later.accounts.resume(phone.token)).toBeDefined()
  })

  test("one begun after a revocation outlives it, whenever the log is followed and whatever the clock says", async () => {
    const village = await Village.make()
    const { phone } = await threeDevices(village)
    await village.services.sessions.end(village.actor(phone), phone.who.id, "all")
    village.world.nowMs -= 10 * minute
    const again = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    await village.follow()
    expect(village.accounts.resume(again.token)).toEqual(again.who)
    expect((await village.another()).accounts.resume(again.token)).toEqual(again.who)
  })

  test("the hundred and first of one account ends the one that was not used for longest", async () => {
    const village = await Village.make({ limits: { sessionsPerAccountMax: 3 } })
    const { phone, desk, attic } = await threeDevices(village)
    village.world.pass(10 * minute)
    village.accounts.resume(phone.token)
    const fourth = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    const alive = [phone, desk, attic, fourth].map(
      ({ token }) => village.accounts.resume(token) !== undefined,
    )
    expect(alive).toEqual([true, false, true, true])
  })

  test("10,000 of them are all there after a restart", async () => {
    const village = await Village.make()
    const { db, atomically } = village.store.records
    const names = Array.from({ length: 10_000 }, (_, index) => `person_${index}`)
    const ids = await village.services.people.importAuthors("chat", names)
    const inserts = []
    for (let at = 0; at < names.length; at += 1_000) {
      const rows = names.slice(at, at + 1_000).map((name, index) => ({
        id: village.id(),
        account: ids.get(name) ?? "",
        token: (at + index).toString(16).padStart(64, "0"),
        client: "Parley web, Firefox",
        address: "192.0.2.1",
        made_at: village.world.nowMs,
        seen_at: village.world.nowMs,
        expires_at: village.world.nowMs + day,
      }))
      inserts.push(db.insertInto("session").values(rows))
    }
    await atomically(inserts)
    const later = await village.another()
    expect(later.open.liveSessions()).toBe(10_000)
  })
})

describe("a session on another node", () => {
  test("is found there, and dies there when the house log is followed", async () => {
    const village = await Village.make()
    const { phone } = await threeDevices(village)
    const other = await village.another()
    const fresh = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    expect(other.accounts.resume(fresh.token)).toBeUndefined()
    expect(codeOf(await other.accounts.enter({ token: fresh.token }, home("ada")))).toBe("done")
    expect(other.accounts.resume(fresh.token)).toEqual(fresh.who)
    await village.services.sessions.end(village.actor(phone), phone.who.id, { except: phone.who.session })
    await other.follow()
    expect(other.accounts.resume(fresh.token)).toBeUndefined()
    expect(codeOf(await other.accounts.enter({ token: fresh.token }, home("ada")))).toBe("session-ended")
    expect(other.accounts.resume(phone.token)).toBeDefined()
    expect(other.ended.map(({ session }) => session)).toContain(fresh.who.session)
  })

  test("of an account made elsewhere is let in, and the account is known when the log tells of it", async () => {
    const village = await Village.make()
    const other = await village.another()
    const bob = await village.settle("bob")
    expect(other.accounts.account(bob.who.id)).toBeUndefined()
    expect(codeOf(await other.signIn("bob", cast.bob.password, home("bob")))).toBe("done")
    const cleo = await village.settle("cleo")
    await other.follow()
    expect(other.accounts.account(cleo.who.id)?.name).toBe("cleo")
    expect(other.accounts.named("CLEO")?.id).toBe(cleo.who.id)
  })

  test("roles, bans and settings hold there too, and after a restart", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const bob = await village.settle("bob")
    const eve = await village.settle("eve")
    const other = await village.another()
    await village.services.roles.setRole(village.actor(ada), bob.who.id, "moderator")
    await village.services.roles.ban(village.actor(ada), eve.who.id, true, "Guessed passwords.")
    await village.services.settings.set(village.actor(ada), "name", "The garden")
    await other.follow()
    const later = await other.another()
    for (const node of [village, other, later]) {
      expect(node.accounts.actor(bob.who.id).role).toBe("moderator")
      expect(node.accounts.resume(eve.token)).toBeUndefined()
      expect(codeOf(await node.signIn("eve", cast.eve.password, home("eve")))).toBe("banned")
      expect(node.services.settings.current().name).toBe("The garden")
    }
    expect(later.open.house.position).toBe(other.open.house.position)
  })

  test("nodes that follow at different speeds end with the same tables", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const bob = await village.settle("bob")
    const other = await village.another()
    const { roles } = village.services
    await roles.setRole(village.actor(ada), bob.who.id, "moderator")
    await village.follow()
    await roles.setRole(village.actor(ada), bob.who.id, "guest")
    await village.follow()
    // The other node begins only now, at the first event.
    await other.follow()
    const later = await village.another()
    for (const node of [village, other, later]) expect(node.accounts.actor(bob.who.id).role).toBe("guest")
    const row = await village.store.records.db
      .selectFrom("account")
      .select("role")
      .where("id", "=", bob.who.id)
      .executeTakeFirst()
    expect(row?.role).toBe("guest")
  })
})

describe("a ban from the house", () => {
  test("ends every session at once, refuses sign-in, and is lifted again", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const eve = await village.settle("eve")
    const { roles } = village.services
    expect(codeOf(await roles.ban(village.actor(ada), eve.who.id, true))).toBe("done")
    expect(village.accounts.resume(eve.token)).toBeUndefined()
    expect(village.ended).toEqual([{ account: eve.who.id, session: eve.who.session }])
    expect(codeOf(await village.signIn("eve", cast.eve.password, home("eve")))).toBe("banned")
    expect(codeOf(await village.signIn("eve", "a wrong password", home("eve")))).toBe("wrong-password")
    expect(codeOf(await roles.ban(village.actor(ada), eve.who.id, true))).toBe("already")
    expect(codeOf(await roles.ban(village.actor(ada), eve.who.id, false))).toBe("done")
    expect(village.accounts.resume(eve.token)).toBeUndefined()
    await village.follow()
    expect(codeOf(await village.signIn("eve", cast.eve.password, home("eve")))).toBe("done")
  })

  test("catches whoever is signing in at that moment", async () => {
    const village = await Village.make()
    const ada = await village.owner()
    const eve = await village.settle("eve")
    const signing = Array.from({ length: 5 }, () => village.signIn("eve", cast.eve.password, home("eve")))
    await village.services.roles.ban(village.actor(ada), eve.who.id, true)
    for (const answer of await Promise.all(signing))
      if (!isRefusal(answer)) expect(village.accounts.resume(answer.token ?? "")).toBeUndefined()
    await village.follow()
    expect(await village.store.records.db.selectFrom("session").select("account").execute()).toEqual([
      { account: ada.who.id },
    ])
  })
})
