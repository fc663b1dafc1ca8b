import { cacheContract } from "../caches/contract.ts"
import { indexedDbCache } from "../caches/indexeddb.ts"

// What a page of the browser test runs: one case of the contract at a time, over databases of its own.
let made = 0
const kit = {
  async fresh() {
    const name = `cache ${made++}`
    indexedDB.deleteDatabase(name)
    return () => indexedDbCache(name)
  },
}

Object.assign(globalThis, {
  cacheOf: indexedDbCache,
  /** The fault of a case, or null. */
  async fault(title: string): Promise<string | null> {
    try {
      await cacheContract.find((one) => one.title === title)?.run(kit)
      return null
    } catch (error) {
      return String(error)
    }
  },
})
