import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { World } from "../core/ports.ts"
import { makeGuard, remembered, type Target, waitMs } from "./guard.ts"
import { knownPace, networkPace, type Pace, peopleLimits, strangerPace } from "./limits.ts"
import { RecentMap } from "./recent.ts"

const pace: Pace = { free: 3, firstMs: 1_000, longestMs: 8_000, forgetsMs: 60_000 }
const hour = 3_600_000

function clock(startMs = 1_000_000): World & { nowMs: number } {
  return {
    nowMs: startMs,
    now() {
      return this.nowMs
    },
    random: (bytes) => new Uint8Array(bytes),
    digest: (bytes) => bytes,
    after: () => () => undefined,
    turn: (run) => run(),
  }
}

describe("the wait between wrong passwords", () => {
  test("begins after the free ones, doubles each time, and ends at the longest", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7, 100].map((count) =>
      waitMs({ count, asOfMs: 0, lastMs: 0 }, pace, 0),
    )
    expect(waits).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000])
  })

  test("runs from the last failure, however often somebody asks", () => {
    const failures = { count: 5, asOfMs: 0, lastMs: 0 }
    expect([0, 1_000, 3_999, 4_000, 9_000].map((nowMs) => waitMs(failures, pace, nowMs))).toEqual([
      4_000, 3_000, 1, 0, 0,
    ])
  })

  test("one failure is forgotten a minute, and none twice", () => {
    let failures = remembered({ count: 5, asOfMs: 0, lastMs: 0 }, pace, 90_000)
    expect(failures).toEqual({ count: 4, asOfMs: 60_000, lastMs: 0 })
    failures = remembered(failures, pace, 119_999)
    expect(failures.count).toBe(4)
    failures = remembered(failures, pace, 120_000)
    expect(failures.count).toBe(3)
    expect(remembered(failures, pace, hour).count).toBe(0)
  })

  test("is never longer than the longest, whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e9, max: 1e9 }), { maxLength: 50 }), (jumps) => {
        const world = clock(2e12)
        const guard = makeGuard(world, peopleLimits)
        for (const jump of jumps) {
          world.nowMs += jump
          const answer = guard.attempt({ account: "ada", network: "eve's", known: false })
          if ("waitMs" in answer) expect(answer.waitMs).toBeLessThanOrEqual(60_000)
        }
        // Nobody is locked out by a clock that was set back.
        world.nowMs += 60_000
        expect("waitMs" in guard.attempt({ account: "ada", network: "eve's", known: false })).toBe(false)
      }),
    )
  })
})

describe("the guard", () => {
  const stranger = (account: string, network = "eve's"): Target => ({ account, network, known: false })
  const familiar = (account: string, network = "ada's"): Target => ({ account, network, known: true })

  function fail(guard: ReturnType<typeof makeGuard>, target: Target, times: number): number {
    let tried = 0
    for (let time = 0; time < times; time++) if (!("waitMs" in guard.attempt(target))) tried++
    return tried
  }

  test("counts an attempt as failed until it has succeeded", () => {
    const guard = makeGuard(clock(), peopleLimits)
    expect(fail(guard, stranger("ada"), 50)).toBe(strangerPace.free)
    expect(fail(guard, familiar("ada"), 50)).toBe(knownPace.free)
    expect(fail(guard, stranger("bob", "bob's"), 1)).toBe(1)
  })

  test("gives back what succeeded or was not tried", () => {
    const guard = makeGuard(clock(), peopleLimits)
    for (let time = 0; time < 500; time++) {
      const attempt = guard.attempt(stranger(`name ${time % 7}`))
      if ("waitMs" in attempt) throw new Error("Nobody should wait here.")
      if (time % 2 === 0) attempt.succeeded()
      else attempt.withdrawn()
    }
  })

  test("knows a network again in which somebody's password was right", () => {
    const guard = makeGuard(clock(), peopleLimits)
    const attempt = guard.attempt(stranger("ada", "ada's"))
    if (!("waitMs" in attempt)) attempt.succeeded()
    fail(guard, stranger("ada"), 50)
    expect("waitMs" in guard.attempt(stranger("ada", "ada's"))).toBe(false)
    expect("waitMs" in guard.attempt(stranger("ada", "another"))).toBe(true)
  })

  test("forgets what was mistyped where it ends in the right password", () => {
    const guard = makeGuard(clock(), peopleLimits)
    for (let day = 0; day < 20; day++) {
      expect(fail(guard, familiar("ada"), knownPace.free - 1)).toBe(knownPace.free - 1)
      const attempt = guard.attempt(familiar("ada"))
      if (!("waitMs" in attempt)) attempt.succeeded()
    }
  })

  test("slows a network that tries many names", () => {
    const guard = makeGuard(clock(), peopleLimits)
    const tried = Array.from({ length: 200 }, (_, index) => fail(guard, stranger(`name ${index}`), 1))
    expect(tried.filter((count) => count === 1)).toHaveLength(networkPace.free)
  })

  test("keeps a bounded number of names, networks and pairs", () => {
    const kept = new RecentMap<number>(3)
    for (let key = 0; key < 100; key++) {
      kept.set(String(key), key)
      kept.get("0")
    }
    expect(kept.size).toBe(3)
    expect([kept.get("0"), kept.get("99"), kept.get("98"), kept.get("97")]).toEqual([0, 99, 98, undefined])
    kept.delete("0")
    expect([kept.get("0"), kept.size]).toEqual([undefined, 2])
  })
})
