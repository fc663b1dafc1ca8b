import type { Uuid } from "../../protocol/ids.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { World } from "../core/ports.ts"

/** What one account may ask over all its sessions and doors; messages are counted by their rooms as well. */
export interface PaceLimits {
  readonly requestsPerSecond: number
  /** How many may come at once after a quiet time. */
  readonly requestsBurst: number
}

export const REQUESTS: PaceLimits = { requestsPerSecond: 200, requestsBurst: 2_000 }

/** Accounts remembered at once; the ones unheard of for longest are forgotten first. */
const ACCOUNTS_MAX = 20_000

/** How fast accounts ask. For each it keeps when its bucket is full again (ITU-T I.371, generic cell rate algorithm). */
export class Pace {
  readonly #world: Pick<World, "now">
  readonly #limits: PaceLimits
  readonly #fullAtMs = new Map<Uuid, number>()

  constructor(world: Pick<World, "now">, limits: PaceLimits) {
    this.#world = world
    this.#limits = limits
  }

  /** Takes one; a refusal that says how long to wait where there is none, and counts nothing. */
  take(account: Uuid): Refusal | undefined {
    const nowMs = this.#world.now()
    const everyMs = 1_000 / this.#limits.requestsPerSecond
    const fullAtMs = Math.max(this.#fullAtMs.get(account) ?? 0, nowMs) + everyMs
    const waitMs = Math.ceil(fullAtMs - nowMs - everyMs * this.#limits.requestsBurst)
    if (waitMs > 0) return refuse("too-fast", undefined, waitMs)
    this.#fullAtMs.delete(account)
    this.#fullAtMs.set(account, fullAtMs)
    if (this.#fullAtMs.size > ACCOUNTS_MAX) {
      const [oldest] = this.#fullAtMs.keys()
      if (oldest !== undefined) this.#fullAtMs.delete(oldest)
    }
    return undefined
  }
}
