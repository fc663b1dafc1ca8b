import type { Uuid } from "../protocol/ids.ts"
import { isRefusal } from "../protocol/refusals.ts"
import type { Ask } from "./calls.ts"
import type { World } from "./ports.ts"

/** A mark is told at most so often for each room. */
const EVERY_MS = 2_000
const AGAIN_MS = 10_000

/** Tells the server how far we have read: the newest word for each room, no more often than it must. */
export class Marks {
  readonly #world: World
  readonly #ask: Ask
  /** What is still to be told; a room whose mark was told lately has an entry without a seq. */
  readonly #rooms = new Map<Uuid, number | undefined>()
  #isOver = false

  constructor(world: World, ask: Ask) {
    this.#world = world
    this.#ask = ask
  }

  raise(room: Uuid, seq: number): void {
    const isResting = this.#rooms.has(room)
    this.#rooms.set(room, seq)
    if (!isResting) void this.#tell(room)
  }

  /** The client has ended: nothing more can be told. */
  end(): void {
    this.#isOver = true
  }

  async #tell(room: Uuid): Promise<void> {
    const seq = this.#rooms.get(room)
    this.#rooms.set(room, undefined)
    const answer = await this.#ask<object>("rooms.mark", { room, seq }).catch(() => undefined)
    if (this.#isOver) return
    // Nobody answered: tell it again, unless something newer is to be told by then.
    if (answer === undefined && this.#rooms.get(room) === undefined) this.#rooms.set(room, seq)
    const isLate = answer === undefined || (isRefusal(answer) && answer.waitMs !== undefined)
    this.#world.after(isLate ? AGAIN_MS : EVERY_MS, () => {
      if (this.#rooms.get(room) === undefined) this.#rooms.delete(room)
      else if (!this.#isOver) void this.#tell(room)
    })
  }
}
