import type { World } from "../core/ports.ts"
import { knownPace, networkPace, type Pace, type PeopleLimits, strangerPace } from "./limits.ts"
import { RecentMap } from "./recent.ts"

/** Failures on one key; times are milliseconds since 1970. */
interface Failures {
  readonly count: number
  /** When the count was last brought up to date. */
  readonly asOfMs: number
  readonly lastMs: number
}

/** What is left of the failures by now. After a clock that went back, what lay in the future happened just now. */
export function remembered(failures: Failures | undefined, pace: Pace, nowMs: number): Failures {
  if (!failures) return { count: 0, asOfMs: nowMs, lastMs: 0 }
  const { count, asOfMs, lastMs } = failures
  if (nowMs < asOfMs || nowMs < lastMs) return { count, asOfMs: nowMs, lastMs: Math.min(lastMs, nowMs) }
  const forgotten = Math.floor((nowMs - asOfMs) / pace.forgetsMs)
  return { count: Math.max(0, count - forgotten), asOfMs: asOfMs + forgotten * pace.forgetsMs, lastMs }
}

/** How long until the next attempt, in milliseconds; 0: now. Of failures brought up to date. */
export function waitMs({ count, lastMs }: Failures, pace: Pace, nowMs: number): number {
  if (count < pace.free) return 0
  const pauseMs = Math.min(pace.longestMs, pace.firstMs * 2 ** Math.min(30, count - pace.free))
  return Math.max(0, lastMs + pauseMs - nowMs)
}

export interface Target {
  /** The folded name that was typed, whether or not there is such an account: the answers must not differ. */
  readonly account: string
  readonly network: string
  /** The account has been used from this network before. */
  readonly known: boolean
}

/** An attempt under way. It counts as failed from its beginning, so that many at once are no way around. */
export interface Attempt {
  succeeded(): void
  /** Nothing was tried after all. */
  withdrawn(): void
}

export interface Guard {
  attempt(target: Target): Attempt | { readonly waitMs: number }
  /** Takes one registration of a network; milliseconds to wait, 0: go on. */
  registration(network: string): number
}

/**
 * Slows guessers without locking anyone out. From networks an account was never used from, attempts share the account's
 * failures and the network's; from one it was used from, only the failures of that very pair count, so whatever
 * strangers do, the right password passes there.
 */
export function makeGuard(world: World, limits: PeopleLimits): Guard {
  const accounts = new RecentMap<Failures>(limits.failuresKeptMax)
  const networks = new RecentMap<Failures>(limits.failuresKeptMax)
  const pairs = new RecentMap<Failures>(limits.failuresKeptMax)
  const registrations = new RecentMap<{ readonly left: number; readonly atMs: number }>(
    limits.failuresKeptMax,
  )

  // Whoever got in from a network is known there also after signing out.
  const entered = new RecentMap<true>(limits.failuresKeptMax)

  const counted = ({ account, network, known }: Target): readonly Counted[] =>
    known || entered.get(`${network} ${account}`)
      ? [{ kept: pairs, key: `${network} ${account}`, pace: knownPace }]
      : [
          { kept: accounts, key: account, pace: strangerPace },
          { kept: networks, key: network, pace: networkPace },
        ]

  return {
    attempt: (target) => {
      const nowMs = world.now()
      const all = counted(target)
      const longest = Math.max(...all.map((each) => waitMs(change(each, 0, nowMs), each.pace, nowMs)))
      if (longest > 0) return { waitMs: longest }
      for (const each of all) change(each, 1, nowMs)
      return {
        succeeded: () => {
          for (const each of all) change(each, -1, world.now())
          pairs.delete(`${target.network} ${target.account}`)
          entered.set(`${target.network} ${target.account}`, true)
        },
        withdrawn: () => {
          for (const each of all) change(each, -1, world.now())
        },
      }
    },
    registration: (network) => {
      const nowMs = world.now()
      const { left, atMs } = registrations.get(network) ?? { left: limits.registrationsBurst, atMs: nowMs }
      const grown = Math.max(0, nowMs - atMs) / limits.registrationEveryMs
      const now = Math.min(limits.registrationsBurst, left + grown)
      registrations.set(network, { left: now < 1 ? now : now - 1, atMs: nowMs })
      return now < 1 ? Math.ceil((1 - now) * limits.registrationEveryMs) : 0
    },
  }
}

interface Counted {
  readonly kept: RecentMap<Failures>
  readonly key: string
  readonly pace: Pace
}

function change({ kept, key, pace }: Counted, by: 1 | 0 | -1, nowMs: number): Failures {
  const before = remembered(kept.get(key), pace, nowMs)
  const count = Math.max(0, before.count + by)
  const after = { count, asOfMs: before.asOfMs, lastMs: by > 0 ? nowMs : before.lastMs }
  if (count === 0) kept.delete(key)
  else kept.set(key, after)
  return after
}
