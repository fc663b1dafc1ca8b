import type { Uuid } from "../../protocol/ids.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { World } from "./ports.ts"

interface Rate {
  readonly perSecond: number
  /** How much may come at once after a quiet time. */
  readonly burst: number
}

/** Buckets that have been full for a while say nothing and are forgotten. */
const BUCKETS_MAX = 20_000

interface Bucket {
  tokens: number
  atMs: number
}

/** How fast one account may send, over all its sessions and doors. */
export class Rates {
  readonly #world: World
  readonly #rate: Rate
  readonly #buckets = new Map<Uuid, Bucket>()

  constructor(world: World, rate: Rate) {
    this.#world = world
    this.#rate = rate
  }

  /** Takes one token; a refusal that says how long to wait when there is none. */
  command(account: Uuid): Refusal | undefined {
    const { perSecond, burst } = this.#rate
    const nowMs = this.#world.now()
    const bucket = this.#bucket(account, nowMs)
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1_000)
    bucket.atMs = nowMs
    if (bucket.tokens < 1)
      return refuse("too-fast", undefined, Math.ceil(((1 - bucket.tokens) * 1_000) / perSecond))
    bucket.tokens--
    return undefined
  }

  #bucket(account: Uuid, nowMs: number): Bucket {
    const known = this.#buckets.get(account)
    if (known) return known
    if (this.#buckets.size >= BUCKETS_MAX) this.#forgetFull(nowMs)
    const bucket = { tokens: this.#rate.burst, atMs: nowMs }
    this.#buckets.set(account, bucket)
    return bucket
  }

  #forgetFull(nowMs: number): void {
    const refillMs = (this.#rate.burst / this.#rate.perSecond) * 1_000
    for (const [account, bucket] of this.#buckets)
      if (nowMs - bucket.atMs >= refillMs) this.#buckets.delete(account)
  }
}
