import { type Uuid, uuid8 } from "../../protocol/ids.ts"
import { foldName, isDisplayName } from "../../protocol/names.ts"
import type { Actor } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import { skeleton } from "../../protocol/skeleton.ts"
import { type Account, type AccountTable, type PeopleServices, StoreRefused } from "../core/ports.ts"
import { entryOf, type Ground, newId, stored } from "./ground.ts"
import { mapDisplay, mapName } from "./mapping.ts"
import { makeAccount, refuseName } from "./newcomers.ts"
import { isHouseRole, mayGive, refuseOthers, refuseRight } from "./ranks.ts"
import { digestOf } from "./secrets.ts"
import { refuseWeak } from "./weak.ts"

/** Rows of one statement; a statement holds at most 32,766 parameters (SQLite), and a row takes nine. */
const ROWS_AT_ONCE = 1_000
/** Somebody may register a name while an import takes it. */
const IMPORT_TRIES = 3

export function peopleServices(ground: Ground): PeopleServices {
  return {
    page: (query) => ground.directory.page(query),
    add: (by, person) => stored(() => add(ground, by, person)),
    importAuthors: (source, originals) => importAuthors(ground, source, originals),
    setDisplay: (by, account, display) => stored(() => setDisplay(ground, by, account, display)),
    rename: (by, account, name) => stored(() => rename(ground, by, account, name)),
  }
}

async function add(
  ground: Ground,
  by: Actor,
  { name, password, display, role = "member" }: Parameters<PeopleServices["add"]>[1],
): Promise<Account | Refusal> {
  const refused =
    refuseRight(by, "account.reset") ??
    (isHouseRole(role) ? undefined : refuse("bad-input", "There is no such role.")) ??
    (mayGive(by, role) ? undefined : refuse("forbidden", "You may not give this role.")) ??
    (display === undefined || isDisplayName(display) ? undefined : refuse("bad-name", BAD_DISPLAY)) ??
    (await refuseName(ground, name)) ??
    (password === undefined ? undefined : refuseWeak(password, name))
  if (refused) return refused
  const hash = password === undefined ? null : await ground.hasher.hash(password)
  if (hash !== null && typeof hash !== "string") return hash
  const entry = await makeAccount(ground, {
    id: newId(ground),
    name,
    role,
    password: hash,
    ...(display !== undefined && { display }),
    ...(by.system ? {} : { actor: by.account }),
  })
  return isRefusal(entry) ? entry : entry.account
}

const BAD_DISPLAY = "A display name is one line of at most 64 characters in which something can be seen."

async function setDisplay(
  ground: Ground,
  by: Actor,
  account: Uuid,
  wanted: string,
): Promise<Account | Refusal> {
  const entry = entryOf(ground.directory, account)
  if (isRefusal(entry)) return entry
  const refused = refuseOthers(by, "account.reset", entry.account)
  if (refused) return refused
  const display = wanted.normalize("NFC").trim()
  if (!isDisplayName(display)) return refuse("bad-name", BAD_DISPLAY)
  await ground.records.db.updateTable("account").set({ display }).where("id", "=", account).execute()
  return ground.directory.show(entry, display)
}

async function rename(ground: Ground, by: Actor, account: Uuid, name: string): Promise<Account | Refusal> {
  const { records, directory } = ground
  const entry = entryOf(directory, account)
  if (isRefusal(entry)) return entry
  const refused =
    refuseOthers(by, "account.reset", entry.account) ?? (await refuseName(ground, name, account))
  if (refused) return refused
  const change = { name, fold: foldName(name), skeleton: skeleton(name) }
  try {
    await records.db.updateTable("account").set(change).where("id", "=", account).execute()
  } catch (error) {
    if (error instanceof StoreRefused && error.code === "conflict") return refuse("name-taken")
    throw error
  }
  return directory.rename(entry, name, change.fold)
}

// ---------------------------------------------------------------- imports

async function importAuthors(
  ground: Ground,
  source: string,
  originals: readonly string[],
): Promise<ReadonlyMap<string, Uuid>> {
  const { world, directory, records } = ground
  const ids = new Map<string, Uuid>()
  for (const original of originals)
    if (!ids.has(original)) ids.set(original, uuid8(digestOf(world, `import:${source}:${original}`)))
  for (let tries = 1; ; tries++) {
    const rows = await unclaimed(ground, ids)
    try {
      const inserts = []
      for (let at = 0; at < rows.length; at += ROWS_AT_ONCE)
        inserts.push(records.db.insertInto("account").values(rows.slice(at, at + ROWS_AT_ONCE)))
      if (inserts.length > 0) await records.atomically(inserts)
      for (const row of rows) directory.take(row)
      return ids
    } catch (error) {
      const isConflict = error instanceof StoreRefused && error.code === "conflict"
      if (!isConflict || tries === IMPORT_TRIES) throw error
    }
  }
}

/** The rows of those who are not there yet, each with a name nobody has. */
async function unclaimed(
  { records, world, directory }: Ground,
  ids: ReadonlyMap<string, Uuid>,
): Promise<readonly AccountTable[]> {
  const missing = [...ids].filter(([, id]) => !directory.entry(id))
  if (missing.length === 0) return []
  const taken = await records.db.selectFrom("account").select(["id", "fold", "skeleton"]).execute()
  const there = new Set(taken.map((row) => row.id))
  const folds = new Set(taken.map((row) => row.fold))
  const looks = new Set(taken.map((row) => row.skeleton))
  const rows: AccountTable[] = []
  for (const [original, id] of missing) {
    if (there.has(id)) continue
    const name = mapName(original, (wanted) => folds.has(foldName(wanted)))
    const fold = foldName(name)
    const look = skeleton(name)
    rows.push({
      id,
      name,
      fold,
      // People who were there may look alike; only newcomers may not.
      skeleton: looks.has(look) ? `${look} ${id}` : look,
      display: mapDisplay(original) ?? name,
      role: "member",
      password: null,
      made_at: world.now(),
      banned: 0,
    })
    folds.add(fold)
    looks.add(look)
  }
  return rows
}
