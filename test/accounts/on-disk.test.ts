import { expect, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemActor } from "../../server/accounts/self.ts"
import { cast } from "../cast.ts"
import { codeOf, entered, granted, home, Village } from "./village.ts"

test("people, sessions, roles, bans and settings are there again when a server on a folder starts anew", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-accounts-"))
  try {
    const store = { kind: "sqlite", folder } as const
    const village = await Village.make({ store, settings: { registration: "invite" } })
    const ada = await village.owner()
    const by = village.actor(ada)
    const { invitations, people, passwords, roles, sessions, settings } = village.services
    const { code } = granted(await invitations.create(by, { uses: 2 }))
    const invited = (name: "bob" | "cleo" | "dan") =>
      village.register(name, cast[name].password, { invite: code, from: home(name) })
    const [bob, cleo, dan] = await Promise.all([invited("bob"), invited("cleo"), invited("dan")])
    expect([bob, cleo, dan].map(codeOf).sort()).toEqual(["done", "done", "invitation-needed"])
    const authors = await people.importAuthors("chat", ["Eve", "eve", "e v e"])
    const eve = authors.get("Eve") ?? ""
    const reset = granted(await passwords.createReset(by, eve))
    const claimed = entered(await passwords.useReset({ ...reset, password: cast.eve.password }, home("eve")))
    await roles.setRole(by, eve, "moderator")
    await roles.ban(by, authors.get("e v e") ?? "", true)
    await settings.set(by, "name", "The garden")
    const desk = entered(await village.signIn("ada", cast.ada.password, home("ada")))
    await sessions.end(by, ada.who.id, { session: desk.who.session })
    await village.open.close()
    await village.store.close()

    const again = await Village.make({ store })
    await again.follow()
    expect(again.accounts.resume(ada.token)).toEqual(ada.who)
    expect(again.accounts.resume(desk.token)).toBeUndefined()
    expect(again.accounts.resume(claimed.token)).toEqual({ ...claimed.who, role: "moderator" })
    expect(again.services.settings.current().name).toBe("The garden")
    expect(again.services.people.page({ search: "e", limit: 9 }).people).toMatchObject([
      { name: "e_v_e", display: "e v e", banned: true, claimed: false },
      { name: "Eve", display: "Eve", banned: false, claimed: true },
      { name: "eve_2", display: "eve", banned: false, claimed: false },
    ])
    expect(await again.services.people.importAuthors("chat", ["Eve", "eve", "e v e"])).toEqual(authors)
    expect(codeOf(await again.services.roles.setRole(systemActor, ada.who.id, "guest"))).toBe("forbidden")
    expect(again.broken).toEqual([])
    await again.store.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
