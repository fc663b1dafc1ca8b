import type { RefusalCode } from "../../protocol/refusals.ts"
import type { Counters, Histogram } from "../core/ports.ts"

/** Upper bounds in seconds: a commit takes a fifth of a millisecond on a good disk and seconds on a dying one. */
const COMMIT_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
]

/** A histogram as a scrape reads it. */
export interface Buckets extends Histogram {
  readonly bounds: readonly number[]
  /** Observations in each bucket alone; the last is what lies above every bound. */
  readonly counts: readonly number[]
  readonly sum: number
}

/** The counters with what only a scrape needs. */
export interface CounterBook extends Counters {
  readonly commit: Buckets
  readonly refusals: ReadonlyMap<RefusalCode, number>
}

export function makeCounters(): CounterBook {
  const refusals = new Map<RefusalCode, number>()
  return {
    connections: { websocket: 0, tcp: 0, udp: 0, irc: 0, http: 0, memory: 0 },
    sessions: 0,
    framesReceivedTotal: 0,
    eventsAppendedTotal: 0,
    eventsDeliveredTotal: 0,
    commit: makeBuckets(COMMIT_BOUNDS),
    refusals,
    refused(code) {
      refusals.set(code, (refusals.get(code) ?? 0) + 1)
    },
  }
}

function makeBuckets(bounds: readonly number[]): Buckets {
  const counts = new Array<number>(bounds.length + 1).fill(0)
  let sum = 0
  return {
    bounds,
    counts,
    get sum() {
      return sum
    },
    observe(seconds) {
      let bucket = 0
      while (seconds > (bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
      counts[bucket] = (counts[bucket] ?? 0) + 1
      sum += seconds
    },
  }
}
