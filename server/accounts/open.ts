import type { SelfActivity } from "../../protocol/events/self.ts"
import type { Uuid } from "../../protocol/ids.ts"
import type {
  AccountServices,
  Accounts,
  HouseFold,
  HouseSettings,
  Passwords,
  Records,
  Revocations,
  Rooms,
  World,
} from "../core/ports.ts"
import { passwordServices } from "./credentials.ts"
import { sessionServices } from "./devices.ts"
import { Directory } from "./directory.ts"
import { enter } from "./enter.ts"
import { actorOf, type Ground } from "./ground.ts"
import { makeGuard } from "./guard.ts"
import { makeHasher } from "./hasher.ts"
import { House } from "./house.ts"
import { invitationServices } from "./invitations.ts"
import { type PeopleLimits, peopleLimits } from "./limits.ts"
import { peopleServices } from "./people.ts"
import { roleServices } from "./roles.ts"
import { makeToken } from "./secrets.ts"
import { tellSelf } from "./self.ts"
import { LiveSessions } from "./sessions.ts"
import { settingServices } from "./settings.ts"
import { reopenSetup, setupServices } from "./setup.ts"

export interface AccountsParts {
  readonly records: Records
  readonly world: World
  readonly passwords: Passwords
  readonly rooms: Pick<Rooms, "submit" | "head">
  /** Closes the connections of sessions that end. */
  readonly revocations: Revocations
  /** What holds until the house log says otherwise. */
  readonly settings: HouseSettings
  readonly limits?: Partial<PeopleLimits>
  /** Told of a bug, or of a store that refused what nobody waits for. */
  readonly broke: (error: unknown) => void
}

export interface OpenAccounts {
  readonly accounts: Accounts
  readonly services: AccountServices
  /** Follow the house log with it from `house.position`, before the first connection and ever after. */
  readonly house: HouseFold
  /** Writes what happened to an account into its self log, once. */
  tellSelf(account: Uuid, activity: SelfActivity): Promise<void>
  /** Sessions that live, for metrics. */
  liveSessions(): number
  /** Writes what is still to be written; before the store closes. What cannot be written is told to `broke`. */
  close(): Promise<void>
}

/** Loads every account and session into memory, and makes the house log where there is none yet. */
export async function openAccounts(parts: AccountsParts): Promise<OpenAccounts> {
  const { records, world, rooms, revocations, settings, broke } = parts
  const limits = { ...peopleLimits, ...parts.limits }
  const directory = new Directory()
  const sessions = new LiveSessions({ records, world, directory, revocations, limits, broke })
  const house = new House({ records, world, rooms, directory, sessions, settings, broke })
  const hasher = makeHasher(parts.passwords, limits, makeToken(world).text)
  // The house first: what its log says after this position is applied to what is read now.
  await house.load()
  const rows = await records.db
    .selectFrom("account")
    .select(["id", "name", "fold", "display", "role", "password", "banned"])
    .execute()
  for (const row of rows) directory.take(row)
  await sessions.load()
  const guard = makeGuard(world, limits)
  const ground = { records, world, rooms, directory, sessions, house, hasher, guard, limits, broke }
  await reopenSetup(ground)
  const refused = await house.ensureLog()
  if (refused) throw new Error(`The house log cannot be made: ${refused.message}`)
  return {
    accounts: accountsOf(ground),
    services: servicesOf(ground),
    house,
    tellSelf: async (account, activity) => {
      const refused = await tellSelf(world, rooms, account, activity)
      if (refused) throw new Error(`The self log of ${account} takes nothing: ${refused.message}`)
    },
    liveSessions: () => sessions.size,
    close: () => sessions.write().catch(broke),
  }
}

function accountsOf(ground: Ground): Accounts {
  const { directory, sessions } = ground
  return {
    enter: (hello, from) => enter(ground, hello, from),
    resume: (token) => sessions.resume(token),
    actor: (account) => actorOf(directory, account),
    account: (id) => directory.account(id),
    named: (name) => directory.named(name)?.account,
  }
}

function servicesOf(ground: Ground): AccountServices {
  const passwords = passwordServices(ground)
  const people = peopleServices(ground)
  const roles = roleServices(ground)
  return {
    sessions: sessionServices(ground),
    passwords,
    people,
    roles,
    invitations: invitationServices(ground),
    settings: settingServices(ground),
    setup: setupServices(ground, { passwords, people, roles }),
  }
}
