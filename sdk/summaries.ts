import type { Uuid } from "../protocol/ids.ts"
import { isRefusal } from "../protocol/refusals.ts"
import { backoffMs } from "./backoff.ts"
import type { Ask, RoomsTold, RoomTold } from "./calls.ts"
import type { Stop, World } from "./ports.ts"

/** After a reconnect everybody asks; not at one moment. */
const SPREAD_MS = 10_000
/** What may be wrong is asked for so much later, together with what else turns out to be wrong by then. */
const STALE_MS = 1_000

/** What a list of rooms shows and the logs do not tell: counts of what is unread, topics. */
export class Summaries {
  readonly #world: World
  readonly #ask: Ask
  readonly #told: (room: RoomTold) => void
  readonly #stale = new Set<Uuid>()
  #timer: Stop | undefined
  #isFirst = true

  constructor(world: World, ask: Ask, told: (room: RoomTold) => void) {
    this.#world = world
    this.#ask = ask
    this.#told = told
  }

  /** Signed in. The first time it is asked at once, since there is nothing to show yet. */
  welcomed(): void {
    this.#timer?.()
    this.#timer = undefined
    if (this.#isFirst) void this.#list()
    else this.#timer = this.#world.after(this.#spread(), () => void this.#list())
  }

  /** What is known of a room may be wrong. */
  stale(room: Uuid): void {
    this.#stale.add(room)
    this.#timer ??= this.#world.after(STALE_MS, () => void this.#refresh())
  }

  /** The connection is gone; with the next one everything is asked for anew. */
  cut(): void {
    this.#timer?.()
    this.#timer = undefined
    this.#stale.clear()
  }

  #spread(): number {
    return backoffMs(0, { firstMs: SPREAD_MS, longestMs: SPREAD_MS }, this.#world)
  }

  async #list(): Promise<void> {
    this.#timer = undefined
    this.#stale.clear()
    for (let next: string | undefined; ; ) {
      const page = await this.#asked<RoomsTold>("rooms.list", next === undefined ? {} : { next })
      if (!page) return
      this.#isFirst = false
      for (const room of page.rooms) this.#told(room)
      next = page.next
      if (next === undefined) return
    }
  }

  async #refresh(): Promise<void> {
    this.#timer = undefined
    const rooms = [...this.#stale]
    this.#stale.clear()
    for (const room of rooms) {
      const told = await this.#asked<RoomTold>("rooms.get", { room })
      if (told && "unread" in told) this.#told(told)
    }
  }

  async #asked<Body extends object>(name: string, input: object): Promise<Body | undefined> {
    const answer = await this.#ask<Body>(name, input).catch(() => undefined)
    return answer === undefined || isRefusal(answer) ? undefined : answer
  }
}
