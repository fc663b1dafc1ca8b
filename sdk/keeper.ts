import type { Cache, Change } from "./ports.ts"

/** Writes to a cache: one batch after another, in order, and what comes in one moment as one batch. */
export class Keeper {
  readonly #cache: Cache
  readonly #trouble: (error: unknown) => void
  #changes: Change[] = []
  #next: Promise<void> | undefined
  #last: Promise<void> = Promise.resolve()
  #scrub = false

  /** `trouble` hears of writes that failed; the client goes on without them. */
  constructor(cache: Cache, trouble: (error: unknown) => void) {
    this.#cache = cache
    this.#trouble = trouble
  }

  /** Puts, or with undefined deletes. Resolves when it is kept, or when keeping it has failed; never rejects. */
  put(key: string, value: string | undefined): Promise<void> {
    this.#changes.push([key, value])
    this.#next ??= this.#last = this.#last.then(() => this.#write())
    return this.#next
  }

  /** With the next batch, leaves nothing readable of what was overwritten: something was erased. */
  scrub(): void {
    this.#scrub = true
  }

  /** Resolves when everything put so far is written. */
  settled(): Promise<void> {
    return this.#last
  }

  async #write(): Promise<void> {
    this.#next = undefined
    const changes = this.#changes
    const scrub = this.#scrub
    this.#changes = []
    this.#scrub = false
    try {
      await this.#cache.write(changes)
      if (scrub) await this.#cache.scrub()
    } catch (error) {
      this.#trouble(error)
    }
  }
}
