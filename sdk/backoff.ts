import type { World } from "./ports.ts"

interface Backoff {
  /** The longest first wait. */
  readonly firstMs: number
  /** No wait is longer than this. */
  readonly longestMs: number
}

/**
 * Exponential back-off with full jitter: anywhere between nothing and twice the last bound, so that a crowd that lost
 * its server at one moment does not come back at one moment. `attempt` counts from 0; whole milliseconds.
 */
export function backoffMs(attempt: number, { firstMs, longestMs }: Backoff, world: World): number {
  const bound = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30))
  return Math.floor(fraction(world.random(4)) * bound)
}

/** Four random bytes as a number from 0 up to, not including, 1. */
function fraction(bytes: Uint8Array): number {
  let whole = 0
  for (const byte of bytes) whole = whole * 256 + byte
  return whole / 256 ** bytes.length
}
