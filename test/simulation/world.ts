import type { World as ServerWorld, Stop } from "../../server/core/ports.ts"

interface Task {
  readonly run: () => void
  readonly owner: Life
}

interface Timer extends Task {
  readonly atMs: number
}

/** What a task belongs to: when it dies, its tasks never run. */
export interface Life {
  alive: boolean
}

/** After this many turns of the microtask queue, whatever a task set off without I/O has happened. */
const MICROTASK_TURNS = 24
/** How much virtual time one jump passes at most. */
const JUMP_MAX_MS = 400

/**
 * Time and chance from a seed. Everything that could happen next waits in one list; each step picks one of it, so any
 * order of arrivals, commits and deaths is some seed's.
 */
export class SimulatedWorld {
  readonly always: Life = { alive: true }
  nowMs = Date.UTC(2026, 0, 1)
  #state: number
  #tasks: Task[] = []
  #timers: Timer[] = []

  constructor(seed: number) {
    this.#state = Math.imul(seed, 2_654_435_761) >>> 0 || 1
  }

  /** 0 <= x < 1 (xorshift32). */
  random(): number {
    let x = this.#state
    x ^= x << 13
    x >>>= 0
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  below(count: number): number {
    return Math.floor(this.random() * count)
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)]
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256))
  }

  later(owner: Life, run: () => void): void {
    this.#tasks.push({ owner, run })
  }

  /** Resolves some steps later, or never when its owner dies first. */
  delay(owner: Life): Promise<void> {
    return new Promise((resume) => this.later(owner, resume))
  }

  after(owner: Life, ms: number, run: () => void): Stop {
    const timer = { owner, run, atMs: this.nowMs + ms }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  /** The world as a server or client of this life sees it. */
  seenBy(owner: Life): ServerWorld {
    return {
      now: () => this.nowMs,
      random: (count) => this.bytes(count),
      digest: sha256,
      after: (ms, run) => this.after(owner, ms, run),
      turn: (run) => this.later(owner, run),
    }
  }

  get pending(): number {
    return this.#tasks.length
  }

  /** Lets one thing happen, or lets time pass. False: nothing is left to wait for. */
  async step(): Promise<boolean> {
    if (this.#tasks.length === 0 || this.chance(0.05)) this.#passTime()
    const [task] = this.#tasks.splice(this.below(this.#tasks.length), 1)
    if (task?.owner.alive) task.run()
    for (let turn = 0; turn < MICROTASK_TURNS; turn++) await null
    return this.#tasks.length > 0 || this.#timers.length > 0
  }

  #passTime(): void {
    const next = Math.min(...this.#timers.map((timer) => timer.atMs))
    const jump = 1 + this.below(JUMP_MAX_MS)
    this.nowMs =
      this.#tasks.length === 0 && next < Number.POSITIVE_INFINITY
        ? Math.max(this.nowMs, next)
        : this.nowMs + jump
    const due = this.#timers.filter((timer) => timer.atMs <= this.nowMs)
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.nowMs)
    this.#tasks.push(...due)
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(32)
  Bun.SHA256.hash(bytes, out)
  return out
}
