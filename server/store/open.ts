import { openMemory } from "./memory-store.ts"
import { openSqlite } from "./sqlite.ts"
import type { Store } from "./store.ts"

export type StoreOptions =
  | {
      readonly kind: "sqlite"
      readonly folder: string
      /** Hears sentences for the operator's log: what failed and was contained. */
      readonly tell?: (sentence: string) => void
    }
  | { readonly kind: "memory" }

/** Opens the store of a server. Throws a sentence for people when it cannot be opened. */
export function openStore(options: StoreOptions): Promise<Store> {
  return options.kind === "sqlite" ? openSqlite(options.folder, options.tell ?? console.error) : openMemory()
}
