import { describe, expect, test } from "bun:test"
import { StoreRefused } from "../core/ports.ts"
import { makeReadiness } from "./health.ts"

const full = () => Promise.reject(new StoreRefused("store-full", "no space left"))

function readiness(parts: Partial<Parameters<typeof makeReadiness>[0]>) {
  return makeReadiness({ isDraining: () => false, probe: async () => undefined, now: () => 0, ...parts })
}

/** Lets a probe that has its answer be heard. */
const heard = () => new Promise<void>((done) => setImmediate(done))

describe("/readyz", () => {
  test("says ready while the store takes writes", async () => {
    const ready = readiness({})
    expect(ready()).toBeUndefined()
    await heard()
    expect(ready()).toBeUndefined()
  })

  test("says that the server drains, and asks nothing of the store then", () => {
    let probes = 0
    const ready = readiness({ isDraining: () => true, probe: async () => void probes++ })
    expect(ready()?.code).toBe("restarting")
    expect(probes).toBe(0)
  })

  test("says that the disk is full, and notices that there is room again", async () => {
    let nowMs = 0
    let probe: () => Promise<void> = full
    const ready = readiness({ now: () => nowMs, probe: () => probe() })
    ready()
    await heard()
    expect(ready()?.code).toBe("store-full")

    probe = async () => undefined
    nowMs = 4_999
    ready()
    await heard()
    expect(ready()?.code).toBe("store-full")

    nowMs = 5_000
    ready()
    await heard()
    expect(ready()).toBeUndefined()
  })

  test("says that the store fails for whatever else goes wrong", async () => {
    const ready = readiness({ probe: () => Promise.reject(new Error("the worker is gone")) })
    ready()
    await heard()
    expect(ready()?.code).toBe("store-failed")
  })

  test("writes to the disk once in 5 seconds however many ask", () => {
    let probes = 0
    const ready = readiness({ probe: async () => void probes++ })
    for (let asked = 0; asked < 100; asked++) ready()
    expect(probes).toBe(1)
  })
})
