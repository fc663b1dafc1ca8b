import { describe, expect, test } from "bun:test"
import { play } from "./run.ts"

const SEEDS = 2_000
const SEEDS_PER_TEST = 100
const TEST_MAX_MS = 120_000

describe("PROMISE-1, PROMISE-2, PROMISE-3, PROMISE-4, PROMISE-5, PROMISE-6, FOLLOW-5: no storm breaks them", () => {
  for (let first = 1; first <= SEEDS; first += SEEDS_PER_TEST) {
    const last = first + SEEDS_PER_TEST - 1
    test(
      `seeds ${first} to ${last}: lost doorbells, dying links, forgetful stores, killed processes`,
      async () => {
        let events = 0
        let accepted = 0
        let refused = 0
        for (let seed = first; seed <= last; seed++) {
          try {
            const result = await play(seed)
            events += result.events
            accepted += result.accepted
            refused += result.refused
          } catch (error) {
            throw new Error(`Seed ${seed} (bun test/simulation/main.ts ${seed}): ${error}`)
          }
        }
        // A world in which nothing happens keeps every promise and proves nothing.
        expect(events).toBeGreaterThan(20 * SEEDS_PER_TEST)
        expect(accepted).toBeGreaterThan(10 * SEEDS_PER_TEST)
        expect(refused).toBeGreaterThan(5 * SEEDS_PER_TEST)
      },
      TEST_MAX_MS,
    )
  }
})
