import type { Append, Bus, Log, Outcome, Stop } from "../../server/core/ports.ts"
import type { Life, SimulatedWorld } from "./world.ts"

/** How often what goes wrong; all 0 when the world is told to heal. */
export interface Weather {
  /** A doorbell is lost, or rings twice, or brings no letter. */
  bell: number
  /** A commit fails before it happened. */
  failsBefore: number
  /** A commit is answered `unknown`: it happened, never happens, or happens later. */
  unknown: number
  /** A frame is lost, on a wire that loses frames. */
  frame: number
}

export const storm: Weather = { bell: 0.4, failsBefore: 0.06, unknown: 0.08, frame: 0.2 }
export const calm: Weather = { bell: 0, failsBefore: 0, unknown: 0, frame: 0 }

/**
 * The store as one node sees it: every call takes its time, may fail before or after the commit, may be forgotten, and
 * may still finish when its node is dead.
 */
export function faultyLog(world: SimulatedWorld, life: Life, weather: Weather, log: Log): Log {
  const undecided = new Set<Promise<unknown>>()

  /** Decides later, perhaps after the answer, perhaps after the node's death. */
  function finishLate(appends: readonly Append[]): void {
    const deciding = world.delay(world.always).then(() => log.append(appends))
    undecided.add(deciding)
    deciding.then(() => undecided.delete(deciding)).catch(() => undefined)
  }

  return {
    async append(appends) {
      await world.delay(life)
      const all = (outcome: Outcome) => appends.map(() => outcome)
      if (world.chance(weather.failsBefore)) return all({ is: "failed", code: "store-full" })
      if (world.chance(weather.unknown)) {
        const fate = world.below(3)
        if (fate === 0) await log.append(appends)
        if (fate === 1) finishLate(appends)
        await world.delay(life)
        return all({ is: "unknown" })
      }
      const outcomes = await log.append(appends)
      await world.delay(life)
      return outcomes
    },
    async read(room, after, limit) {
      await world.delay(life)
      const events = await log.read(room, after, limit)
      await world.delay(life)
      return events
    },
    async find(room, id) {
      await world.delay(life)
      await Promise.all(undecided)
      return log.find(room, id)
    },
    async head(room) {
      await world.delay(life)
      return log.head(room)
    },
    async changes(room, from, to, after, limit) {
      await world.delay(life)
      return log.changes(room, from, to, after, limit)
    },
  }
}

/** One doorbell for all nodes. */
export class FaultyBus {
  readonly #world: SimulatedWorld
  readonly #weather: Weather
  readonly #hearers = new Map<
    string,
    Set<{ readonly life: Life; readonly hear: (letter?: unknown) => void }>
  >()

  constructor(world: SimulatedWorld, weather: Weather) {
    this.#world = world
    this.#weather = weather
  }

  /** The bus as a node of this life sees it. */
  seenBy(life: Life): Bus {
    return {
      ring: (topic, letter) => this.#ring(topic, letter),
      on: (topic, hear) => this.#on(life, topic, hear),
    }
  }

  #ring(topic: string, letter: unknown): void {
    for (const { life, hear } of this.#hearers.get(topic) ?? []) {
      if (this.#world.chance(this.#weather.bell)) continue
      const brings = this.#world.chance(this.#weather.bell) ? undefined : structuredClone(letter)
      this.#world.later(life, () => hear(brings))
      if (this.#world.chance(this.#weather.bell / 2)) this.#world.later(life, () => hear(brings))
    }
  }

  #on(life: Life, topic: string, hear: (letter?: unknown) => void): Stop {
    const hearer = { life, hear }
    const hearers = this.#hearers.get(topic)
    if (hearers) hearers.add(hearer)
    else this.#hearers.set(topic, new Set([hearer]))
    return () => this.#hearers.get(topic)?.delete(hearer)
  }
}
