import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Account, AccountServices, Entered, Origin, SetupServices } from "../core/ports.ts"
import { admitted } from "./enter.ts"
import { type Ground, newId, stored } from "./ground.ts"
import { networkOf } from "./networks.ts"
import { FIRST_OWNER, makeAccount, refuseName } from "./newcomers.ts"
import { hashOf, makeCode } from "./secrets.ts"
import { systemActor } from "./self.ts"
import { refuseWeak } from "./weak.ts"

const NO_CODE = "This link does not work any more; the server prints the one that does when it starts."

export function setupServices(
  ground: Ground,
  services: Pick<AccountServices, "passwords" | "people" | "roles">,
): SetupServices {
  // Known to this process and to whoever reads its first lines; a restart makes another one.
  const code = makeCode(ground.world)
  const isOpen = () => ground.directory.owners().length === 0
  return {
    code: () => (isOpen() ? code.text : undefined),
    claimOwner: (claim, from) =>
      stored(async () => {
        const isRight = hashOf(ground.world, claim.code) === code.hash
        return isRight && isOpen() ? claimOwner(ground, claim, from) : refuse("no-such-thing", NO_CODE)
      }),
    ensureOwner: (name, password) => stored(() => ensureOwner(ground, services, name, password)),
  }
}

async function claimOwner(
  ground: Ground,
  { name, password, client }: Parameters<SetupServices["claimOwner"]>[0],
  from: Origin,
): Promise<Entered | Refusal> {
  const { hasher, guard, sessions } = ground
  const waitMs = guard.registration(networkOf(from.address))
  if (waitMs > 0) return refuse("too-fast", undefined, waitMs)
  const refused = (await refuseName(ground, name)) ?? refuseWeak(password, name)
  if (refused) return refused
  const hash = await hasher.hash(password)
  if (typeof hash !== "string") return hash
  const id = newId(ground)
  const session = sessions.prepare(id, client, from)
  const made = { id, name, role: "owner", password: hash, isFirstOwner: true, session } as const
  const entry = await makeAccount(ground, made)
  return isRefusal(entry) ? entry : admitted(ground, entry, session)
}

async function ensureOwner(
  ground: Ground,
  { passwords, people, roles }: Pick<AccountServices, "passwords" | "people" | "roles">,
  name: string,
  password: string,
): Promise<Account | Refusal> {
  const entry = ground.directory.named(name)
  if (!entry) return people.add(systemActor, { name, password, role: "owner" })
  const { id } = entry.account
  const refused =
    (entry.claimed ? undefined : await passwords.set(systemActor, id, password)) ??
    (entry.account.role === "owner" ? undefined : await roles.setRole(systemActor, id, "owner"))
  return refused ?? entry.account
}

/** Where an owner went missing (a table mended by hand), there may be a first one again. */
export async function reopenSetup({ records, directory }: Ground): Promise<void> {
  if (directory.owners().length > 0) return
  const { db } = records
  const first = await db
    .selectFrom("setting")
    .select("value")
    .where("key", "=", FIRST_OWNER)
    .executeTakeFirst()
  if (first) await db.deleteFrom("setting").where("key", "=", FIRST_OWNER).execute()
}
