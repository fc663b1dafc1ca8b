import { describe, test } from "bun:test"
import { cacheContract } from "./contract.ts"
import { memoryCache } from "./memory.ts"

describe("the cache in memory", () => {
  const kit = {
    fresh: async () => {
      const entries = new Map<string, string>()
      return async () => memoryCache(entries)
    },
  }
  for (const { title, run } of cacheContract) test(title, () => run(kit))
})
