import { type Uuid, uuid7 } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { type Records, StoreRefused, type World } from "../core/ports.ts"
import type { Directory, Entry } from "./directory.ts"
import type { Guard } from "./guard.ts"
import type { Hasher } from "./hasher.ts"
import type { House } from "./house.ts"
import type { PeopleLimits } from "./limits.ts"
import type { Logs } from "./self.ts"
import type { LiveSessions } from "./sessions.ts"

/** What every service of this room stands on. */
export interface Ground {
  readonly records: Records
  readonly world: World
  readonly rooms: Logs
  readonly directory: Directory
  readonly sessions: LiveSessions
  readonly house: House
  readonly hasher: Hasher
  readonly guard: Guard
  readonly limits: PeopleLimits
  /** Told of a bug that was contained. */
  readonly broke: (error: unknown) => void
}

export function newId({ world }: Pick<Ground, "world">): Uuid {
  return uuid7(world.now(), world.random(10))
}

/** The account as an actor, as it stands now. */
export function actorOf(directory: Directory, id: Uuid): Actor {
  return { account: id, role: directory.entry(id)?.account.role ?? "guest" }
}

export function entryOf(directory: Directory, id: Uuid): Entry | Refusal {
  return directory.entry(id) ?? refuse("no-such-account")
}

/** Work of the services: what the store refuses is refused to whoever asked; anything else thrown is a bug. */
export async function stored<Value>(work: () => Promise<Value>): Promise<Value | Refusal> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoreRefused)) throw error
    return refuse(error.code === "store-full" ? "store-full" : "store-failed")
  }
}

/** One after the other: for what is judged by what the one before changed. */
export function makeTurns(): <Value>(work: () => Promise<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => undefined)
    return next
  }
}
