import type { CounterBook } from "./counters.ts"
import type { Gauges } from "./metrics.ts"
import { metricsText } from "./metrics.ts"

/** How long one look at the store is good for: a probe costs a write to the disk. */
const PROBE_EVERY_MS = 5_000
/** A write that takes longer counts as failed. */
const PROBE_MAX_MS = 3_000

export interface HealthParts {
  isDraining(): boolean
  /** Writes something small and resolves once it is on disk. */
  probe(): Promise<void>
  now(): number
}

export type Readiness = "ready" | "draining" | "store-failing"

/** Whether clients should be sent here; the store is probed at most once in 5 seconds. */
export function makeReadiness({ isDraining, probe, now }: HealthParts): () => Promise<Readiness> {
  let probedMs = Number.NEGATIVE_INFINITY
  let writable: Promise<boolean> = Promise.resolve(true)
  return async () => {
    if (isDraining()) return "draining"
    if (now() - probedMs >= PROBE_EVERY_MS) {
      probedMs = now()
      writable = settles(probe(), PROBE_MAX_MS)
    }
    return (await writable) ? "ready" : "store-failing"
  }
}

function settles(work: Promise<void>, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs)
    const done = (is: boolean) => {
      clearTimeout(timer)
      resolve(is)
    }
    work.then(
      () => done(true),
      () => done(false),
    )
  })
}

/** A page for machines that watch the server. */
export interface WatchPage {
  readonly status: number
  readonly type: string
  readonly text: string
}

export interface WatchParts {
  readonly counters: CounterBook
  readonly gauges: Gauges
  readiness(): Promise<Readiness>
}

/** `/healthz`, `/readyz` and `/metrics`; undefined for every other path. */
export function makeWatchPages(parts: WatchParts): (path: string) => Promise<WatchPage | undefined> {
  return async (path) => {
    switch (path) {
      case "/healthz":
        return { status: 200, type: "text/plain", text: "alive\n" }
      case "/readyz": {
        const readiness = await parts.readiness()
        return { status: readiness === "ready" ? 200 : 503, type: "text/plain", text: `${readiness}\n` }
      }
      case "/metrics":
        return {
          status: 200,
          type: "text/plain; version=0.0.4",
          text: await metricsText(parts.counters, parts.gauges),
        }
      default:
        return undefined
    }
  }
}
