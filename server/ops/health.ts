import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { type Records, StoreRefused } from "../core/ports.ts"

/** How long one look at the store is good for: a probe costs a write to the disk. */
const PROBE_EVERY_MS = 5_000
/** A write that takes longer counts as failed. */
const PROBE_MAX_MS = 3_000

interface HealthParts {
  isDraining(): boolean
  /** Writes something small; resolves once it is on disk. */
  probe(): Promise<void>
  now(): number
}

/**
 * For `/readyz`: undefined while clients should be sent here, else why not. Asking starts a probe of the store, at most
 * one in 5 seconds; the answer is what the latest one that finished has found.
 */
export function makeReadiness({ isDraining, probe, now }: HealthParts): () => Refusal | undefined {
  let probedMs = Number.NEGATIVE_INFINITY
  let found: Refusal | undefined
  return () => {
    if (isDraining()) return refuse("restarting")
    if (now() - probedMs >= PROBE_EVERY_MS) {
      probedMs = now()
      settled(probe(), (refusal) => {
        found = refusal
      })
    }
    return found
  }
}

/** Tells once how the work ended, at the latest when it has taken too long. */
function settled(work: Promise<void>, tell: (refusal: Refusal | undefined) => void): void {
  const timer = setTimeout(() => tell(refuse("store-failed")), PROBE_MAX_MS)
  const done = (refusal: Refusal | undefined) => {
    clearTimeout(timer)
    tell(refusal)
  }
  work.then(
    () => done(undefined),
    (error: unknown) => {
      const full = error instanceof StoreRefused && error.code === "store-full"
      done(refuse(full ? "store-full" : "store-failed"))
    },
  )
}

/** A write that changes nothing anyone reads. */
export async function probeStore({ db }: Records, nowMs: number): Promise<void> {
  await db
    .insertInto("setting")
    .values({ key: "probe", value: String(nowMs) })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ value: String(nowMs) }))
    .execute()
}
