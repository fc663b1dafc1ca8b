import type { Stop } from "./ports.ts"

type Hear<Value> = (value: Value) => void

/** Who wants to hear of what. Told at once, in the order in which they asked. */
export class Emitter<Words extends object> {
  readonly #heard = new Map<keyof Words, Set<Hear<never>>>()

  on<Word extends keyof Words>(word: Word, hear: Hear<Words[Word]>): Stop {
    const known = this.#heard.get(word) ?? new Set()
    this.#heard.set(word, known)
    // A wrapper of its own, so that the same function may be given twice and stopped once.
    const own: Hear<Words[Word]> = (value) => hear(value)
    known.add(own)
    return () => {
      known.delete(own)
    }
  }

  /** A listener that throws has a bug; it must not keep the others, or the protocol, from going on. */
  tell<Word extends keyof Words>(word: Word, value: Words[Word]): void {
    for (const hear of [...(this.#heard.get(word) ?? [])] as Hear<Words[Word]>[]) {
      try {
        hear(value)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  has(word: keyof Words): boolean {
    return (this.#heard.get(word)?.size ?? 0) > 0
  }
}
