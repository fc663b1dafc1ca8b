import type { Database } from "bun:sqlite"
import { serveOrders } from "./control.ts"
import { checkpoint, openForWriting } from "./database.ts"

/**
 * The worker that brings committed pages from SQLite's log file into the database while others commit: done by the
 * writer, it would make them wait for two more fsyncs and thousands of pages.
 */
export type KeeperOrder =
  | { readonly order: "open"; readonly path: string }
  /** Answers `Kept`. */
  | { readonly order: "checkpoint" }
  | { readonly order: "close" }

const CACHE_KIB = 100
let db: Database | undefined

serveOrders<KeeperOrder>((order) => {
  switch (order.order) {
    case "open":
      db = openForWriting(order.path, CACHE_KIB)
      return undefined
    case "checkpoint":
      return db && checkpoint(db, "passive")
    case "close":
      db?.close(true)
      return undefined
    default:
      return order satisfies never
  }
})
