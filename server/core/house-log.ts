import { HOUSE_ROOM } from "../../protocol/ids.ts"
import type { Bus, Log, Stop, Stored, World } from "./ports.ts"

const READ_MAX = 100
/** After a failure, or when a doorbell may have been lost. */
const LOOK_AGAIN_MS = 2_000

interface HouseLogParts {
  readonly log: Pick<Log, "read">
  readonly bus: Bus
  readonly world: Pick<World, "after">
  /** The seq of the last event that was applied. */
  readonly position: () => number
  /** Applied strictly in order. When it throws, the same event comes again. */
  readonly apply: (event: Stored) => Promise<void>
  readonly broke: (error: unknown) => void
}

/** Follows the house log on behalf of this node, at most 2 s behind whatever the doorbell does. `caughtUp`: at the end of now. */
export function followHouseLog(parts: HouseLogParts): {
  readonly caughtUp: Promise<void>
  readonly stop: Stop
} {
  const { log, bus, world, position, apply, broke } = parts
  let working: Promise<void> | undefined
  let again = false
  let stopped = false
  let stopTimer: Stop = () => {}

  async function work(): Promise<void> {
    do {
      again = false
      const events = await log.read(HOUSE_ROOM, position(), READ_MAX)
      for (const event of events) if (!stopped) await apply(event)
      if (events.length === READ_MAX) again = true
    } while (again && !stopped)
  }

  function look(): Promise<void> {
    if (working !== undefined) {
      again = true
      return working
    }
    working = work().finally(() => {
      working = undefined
    })
    return working
  }

  function lookLater(): void {
    stopTimer = world.after(LOOK_AGAIN_MS, () => {
      look().catch(broke)
      lookLater()
    })
  }

  const stopBus = bus.on(`room:${HOUSE_ROOM}`, () => {
    look().catch(broke)
  })
  lookLater()
  return {
    caughtUp: look(),
    stop() {
      stopped = true
      stopTimer()
      stopBus()
    },
  }
}
