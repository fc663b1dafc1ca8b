import type { World } from "./ports.ts"

interface Writer {
  write(): void
}

/** Who has something to write: each is written once per turn, however many things it was given. */
export class Writes {
  readonly #world: World
  #dirty: Writer[] = []
  #scheduled = false

  constructor(world: World) {
    this.#world = world
  }

  /** Notes a writer for the next flush, whenever that comes. The writer calls this once, until it was written. */
  later(writer: Writer): void {
    this.#dirty.push(writer)
  }

  /** Flushes at the end of this turn. */
  soon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#world.turn(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  flush(): void {
    const writers = this.#dirty
    this.#dirty = []
    for (const writer of writers) writer.write()
  }
}
