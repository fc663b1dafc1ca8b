import { openStore } from "./open.ts"
import { openSearch } from "./search.ts"
import { searchContract } from "./search-contract.ts"
import { folders } from "./testing/folders.ts"

const folderOf = folders()

searchContract("search over SQLite", async () => {
  const folder = folderOf("search")
  const store = await openStore({ kind: "sqlite", folder })
  return { store, search: await openSearch({ kind: "sqlite", folder }) }
})

searchContract("search in memory", async () => {
  const store = await openStore({ kind: "memory" })
  return { store, search: await openSearch({ kind: "memory", feed: store.feed }) }
})
