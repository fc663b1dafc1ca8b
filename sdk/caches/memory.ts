import type { Cache } from "../ports.ts"

/** Keeps nothing over a restart. The same map may be given to a later cache, as if it had been kept. */
export function memoryCache(entries: Map<string, string> = new Map()): Cache {
  return {
    async get(key) {
      return entries.get(key)
    },
    async list(prefix) {
      return [...entries].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
    },
    async write(changes) {
      for (const [key, value] of changes) {
        if (value === undefined) entries.delete(key)
        else entries.set(key, value)
      }
    },
    async scrub() {},
    async close() {},
  }
}
