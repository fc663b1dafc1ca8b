import type { Stop, World } from "../ports.ts"

/** After so many turns of the microtask queue, whatever was set off without I/O has happened. */
const MICROTASK_TURNS = 40

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

/** Time and chance from a seed; nothing happens but in `pass`. */
export class TestWorld implements World {
  #nowMs = Date.UTC(2026, 0, 1)
  #state: number
  #timers: Timer[] = []
  #network = new Set<() => void>()

  constructor(seed = 1) {
    this.#state = Math.imul(seed, 2_654_435_761) >>> 0 || 1
  }

  now(): number {
    return this.#nowMs
  }

  /** 0 <= x < 1 (xorshift32). */
  chance(): number {
    let x = this.#state
    x ^= x << 13
    x >>>= 0
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state / 2 ** 32
  }

  random(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => Math.floor(this.chance() * 256))
  }

  after(ms: number, run: () => void): Stop {
    const timer = { atMs: this.#nowMs + ms, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  networkBack(hear: () => void): Stop {
    this.#network.add(hear)
    return () => this.#network.delete(hear)
  }

  /** The machine says that its network is there again. */
  comeBack(): void {
    for (const hear of [...this.#network]) hear()
  }

  /** When the next timer is due, from now, in milliseconds; undefined without one. */
  get nextMs(): number | undefined {
    const next = this.#next()
    return next && next.atMs - this.#nowMs
  }

  /** Lets time pass; everything due happens in order of time, what is due together in the order it was asked for. */
  async pass(ms: number): Promise<void> {
    const end = this.#nowMs + ms
    for (;;) {
      await settle()
      const due = this.#next()
      if (!due || due.atMs > end) break
      this.#timers = this.#timers.filter((one) => one !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.run()
    }
    this.#nowMs = end
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (!first || timer.atMs < first.atMs) first = timer
    return first
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < MICROTASK_TURNS; turn++) await null
}
