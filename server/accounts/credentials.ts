import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Entered, Origin, PasswordServices, Who } from "../core/ports.ts"
import type { Entry } from "./directory.ts"
import { begin, begun, verified } from "./enter.ts"
import { entryOf, type Ground, stored } from "./ground.ts"
import type { Fact } from "./house.ts"
import { askedBy, refuseOver } from "./ranks.ts"
import { hashOf, makeCode } from "./secrets.ts"
import { tellSelf } from "./self.ts"
import { refuseWeak } from "./weak.ts"

const GONE = "This link does not work; it may have been used, or be older than a day. Ask for another one."

export function passwordServices(ground: Ground): PasswordServices {
  return {
    change: (who, passwords, from) => stored(() => change(ground, who, passwords, from)),
    set: (by, account, password) => stored(() => set(ground, by, account, password)),
    createReset: (by, account) => stored(() => createReset(ground, by, account)),
    useReset: (reset, from) => stored(() => useReset(ground, reset, from)),
  }
}

async function change(
  ground: Ground,
  who: Who,
  passwords: { readonly old: string; readonly new: string },
  from: Origin,
): Promise<Refusal | undefined> {
  const entry = entryOf(ground.directory, who.id)
  if (isRefusal(entry)) return entry
  const weak = refuseWeak(passwords.new, entry.account.name)
  if (weak) return weak
  const attempt = await begin(ground, entry.fold, from)
  if (isRefusal(attempt)) return attempt
  const old = await hashNow(ground, who.id)
  const right = await verified(ground, passwords.old, old)
  if (typeof right !== "boolean") {
    attempt.withdrawn()
    return right
  }
  if (!right) return refuse("wrong-password", "The old password is wrong.")
  attempt.succeeded()
  const hash = await ground.hasher.hash(passwords.new)
  if (typeof hash !== "string") return hash
  const { id, session } = who
  const fact = { kind: "house.revocation", body: { account: id, except: session, actor: id } } as const
  // It may have been changed by another device while this one waited.
  const done = await replaced(ground, entry, fact, hash, old)
  if (typeof done !== "boolean") return done
  return done ? undefined : refuse("wrong-password", "The old password is wrong.")
}

/** The account's hash as it is in the table. */
async function hashNow({ records }: Ground, account: Uuid): Promise<string | null> {
  const row = await records.db
    .selectFrom("account")
    .select("password")
    .where("id", "=", account)
    .executeTakeFirst()
  return row?.password ?? null
}

/**
 * Puts a new hash in the place of one that the table has, ends the sessions the fact names, and voids reset links.
 * The revocation goes first: should the server die between the two, people sign in again, with the old password.
 */
async function replaced(
  ground: Ground,
  entry: Entry,
  fact: Extract<Fact, { kind: "house.revocation" }>,
  hash: string,
  old: string | null,
): Promise<boolean | Refusal> {
  const { records, world, rooms, house, sessions } = ground
  const { db } = records
  const { id } = entry.account
  const refused = await house.record(fact)
  if (refused) return refused
  const changed = db.updateTable("account").set({ password: hash }).where("id", "=", id)
  const isNew = db.selectFrom("account").select("id").where("id", "=", id).where("password", "=", hash)
  const ended = db
    .deleteFrom("session")
    .where("account", "=", id)
    .where((build) => build.exists(isNew))
  await records.atomically([
    changed.where("password", old === null ? "is" : "=", old),
    // Those that began with the old password since the revocation.
    fact.body.except === undefined ? ended : ended.where("id", "!=", fact.body.except),
    db
      .deleteFrom("reset")
      .where("account", "=", id)
      .where((build) => build.exists(isNew)),
  ])
  await sessions.reconcile(entry)
  if ((await hashNow(ground, id)) !== hash) return false
  entry.claimed = true
  // The password is changed, whether or not the account's own log could be told.
  await tellSelf(world, rooms, id, { reason: "password-changed" }, `password-changed:${world.now()}`)
  return true
}

async function set(
  ground: Ground,
  by: Parameters<PasswordServices["set"]>[0],
  account: Uuid,
  password: string,
): Promise<Refusal | undefined> {
  const entry = entryOf(ground.directory, account)
  if (isRefusal(entry)) return entry
  const refused = refuseOver(by, "account.reset", entry.account) ?? refuseWeak(password, entry.account.name)
  if (refused) return refused
  const hash = await ground.hasher.hash(password)
  if (typeof hash !== "string") return hash
  const fact = { kind: "house.revocation", body: { account, ...askedBy(by) } } as const
  const done = await replaced(ground, entry, fact, hash, await hashNow(ground, account))
  if (typeof done !== "boolean") return done
  return done
    ? undefined
    : refuse("busy", "The password was being changed at this moment; look again.", 1_000)
}

async function createReset(
  { records, world, limits, directory }: Ground,
  by: Parameters<PasswordServices["createReset"]>[0],
  account: Uuid,
): Promise<{ readonly code: string; readonly expiresAt: number } | Refusal> {
  const entry = entryOf(directory, account)
  if (isRefusal(entry)) return entry
  const refused = refuseOver(by, "account.reset", entry.account)
  if (refused) return refused
  if (entry.banned) return refuse("banned", "They are banned from here; lift the ban first.")
  const code = makeCode(world)
  const expiresAt = world.now() + limits.resetLifeMs
  await records.atomically([
    // One link at a time: whoever asks for a new one no longer trusts the old.
    records.db.deleteFrom("reset").where("account", "=", account),
    records.db
      .insertInto("reset")
      .values({ code: code.hash, account, by: by.account, expires_at: expiresAt }),
  ])
  return { code: code.text, expiresAt }
}

async function useReset(
  ground: Ground,
  { code, password, client }: Parameters<PasswordServices["useReset"]>[0],
  from: Origin,
): Promise<Entered | Refusal> {
  const { records, world, hasher, directory } = ground
  const { db } = records
  const key = hashOf(world, code)
  const row = await db
    .selectFrom("reset")
    .select("account")
    .where("code", "=", key)
    .where("expires_at", ">", world.now())
    .executeTakeFirst()
  const entry = row && directory.entry(row.account)
  if (!entry) return refuse("no-such-thing", GONE)
  if (entry.banned) return refuse("banned")
  const weak = refuseWeak(password, entry.account.name)
  if (weak) return weak
  const hash = await hasher.hash(password)
  if (typeof hash !== "string") return hash
  // Whoever deletes it has it: it works once.
  const taken = await db.deleteFrom("reset").where("code", "=", key).returning("account").executeTakeFirst()
  if (!taken) return refuse("no-such-thing", GONE)
  const account = entry.account.id
  const fact = { kind: "house.revocation", body: { account, actor: account } } as const
  const done = await replaced(ground, entry, fact, hash, await hashNow(ground, account))
  if (typeof done !== "boolean") return done
  return done ? begun(ground, entry, client, from, hash) : refuse("no-such-thing", GONE)
}
