import type { Stop, World } from "../core/ports.ts"

/** A connection that may only stay so for a while. */
export interface Watched {
  /** Its time is over. */
  overdue(): void
}

/** Deadlines of the few connections that wait or close: one timer for all, and none while there are none. */
export interface Sweep {
  /** Replaces an earlier deadline of the same connection. */
  watch(what: Watched, forMs: number): void
  forget(what: Watched): void
  /** How many are watched. */
  size(): number
}

/** How late a deadline may be noticed, in milliseconds. */
const EVERY_MS = 1_000

export function createSweep(world: Pick<World, "now" | "after">): Sweep {
  const deadlines = new Map<Watched, number>()
  let stop: Stop | undefined
  const look = () => {
    stop = undefined
    const now = world.now()
    for (const [what, atMs] of deadlines) {
      if (atMs > now) continue
      deadlines.delete(what)
      what.overdue()
    }
    if (deadlines.size > 0) stop ??= world.after(EVERY_MS, look)
  }
  return {
    watch(what, forMs) {
      deadlines.set(what, world.now() + forMs)
      stop ??= world.after(EVERY_MS, look)
    },
    forget(what) {
      if (!deadlines.delete(what) || deadlines.size > 0) return
      stop?.()
      stop = undefined
    },
    size: () => deadlines.size,
  }
}
