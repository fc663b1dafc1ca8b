import { openMemory } from "./memory-store.ts"
import { openSqlite } from "./sqlite.ts"
import type { Store } from "./store.ts"

export type StoreOptions = { readonly kind: "sqlite"; readonly folder: string } | { readonly kind: "memory" }

/** Opens the store of a server. Throws a sentence for people when it cannot be opened. */
export function openStore(options: StoreOptions): Promise<Store> {
  return options.kind === "sqlite" ? openSqlite(options.folder) : openMemory()
}
