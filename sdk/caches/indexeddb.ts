import type { Cache } from "../ports.ts"

const STORE = "entries"

/**
 * A cache in the browser's IndexedDB, under a name: one for each account on each server. Two pages may open the same
 * one, but only one client at a time may use it; hold a Web Lock of its name where several pages may be open.
 */
export async function indexedDbCache(name: string): Promise<Cache> {
  const database = await open(name)
  // A newer page may want to change the database; it must not have to wait for this one.
  database.onversionchange = () => database.close()
  return {
    get: (key) => answer(reading(database).get(key)),
    async list(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
      const store = reading(database)
      const [keys, values] = await Promise.all([
        answer(store.getAllKeys(range)),
        answer<string[]>(store.getAll(range)),
      ])
      return keys.map((key, index) => [String(key), values[index] ?? ""] as const)
    },
    write: (changes) =>
      new Promise((resolve, reject) => {
        const transaction = database.transaction(STORE, "readwrite", { durability: "strict" })
        transaction.oncomplete = () => resolve()
        transaction.onabort = () => reject(transaction.error)
        const store = transaction.objectStore(STORE)
        for (const [key, value] of changes) {
          if (value === undefined) store.delete(key)
          else store.put(value, key)
        }
      }),
    // How soon freed space is overwritten is the browser's own affair.
    async scrub() {},
    async close() {
      database.close()
    },
  }
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(STORE)
  return answer(request)
}

function reading(database: IDBDatabase): IDBObjectStore {
  return database.transaction(STORE, "readonly").objectStore(STORE)
}

function answer<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
