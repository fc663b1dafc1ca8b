/** Buckets grow by 2 %, so that what is read from them is right to a hundredth of itself. */
const GROWTH = Math.log(1.02)
const LEAST_MS = 0.01

/** How durations lie: counts by bucket. Small enough to be sent, added up and kept for a run of any length. */
export type Spread = Map<number, number>

export function observe(spread: Spread, ms: number): void {
  const bucket = Math.max(0, Math.ceil(Math.log(ms / LEAST_MS) / GROWTH))
  spread.set(bucket, (spread.get(bucket) ?? 0) + 1)
}

export function joined(spreads: readonly Spread[]): Spread {
  const all: Spread = new Map()
  for (const spread of spreads)
    for (const [bucket, count] of spread) all.set(bucket, (all.get(bucket) ?? 0) + count)
  return all
}

/** The duration in ms below which a share of all lies; 0 for none. */
export function below(spread: Spread, share: number): number {
  const total = [...spread.values()].reduce((sum, count) => sum + count, 0)
  let left = Math.ceil(total * share)
  for (const [bucket, count] of [...spread].sort(([a], [b]) => a - b)) {
    left -= count
    if (left <= 0) return LEAST_MS * Math.exp(bucket * GROWTH)
  }
  return 0
}
