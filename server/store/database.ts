import { Database } from "bun:sqlite"
import { closeSync, openSync } from "node:fs"
import { join } from "node:path"
import { faultOf } from "./faults.ts"

/** The file in the data folder that holds the log and the tables beside it. */
const DATABASE_FILE = "parley.db"

export function databasePath(folder: string): string {
  return join(folder, DATABASE_FILE)
}

/** How long a connection waits for another process that has the database locked: a tool of the operator's. */
const BUSY_MS = 5_000

/** Settings of every connection; sizes are negative KiB, as SQLite has it. */
function settle(db: Database, cacheKiB: number): void {
  // Pages mapped into memory count as the process's own, and a page cache of the kernel's stands behind ours anyway.
  db.run("pragma mmap_size = 0")
  db.run(`pragma cache_size = -${cacheKiB}`)
  db.run("pragma temp_store = memory")
  db.run("pragma foreign_keys = off")
}

/**
 * Opens the database for reading, beside a running server or without one. `event.n` is the order of arrival: follow it
 * by `n > position`; nothing is ever inserted behind. `room.key` is what the other tables call `room`. `place` has one
 * row an event and says what it shows, see the first migration. A deleted message's `event.body` is null. Keep no
 * statement open between turns: it would keep the log file from being truncated.
 */
export function openReadOnly(folder: string, cacheKiB = 2_000): Database {
  return openForReading(databasePath(folder), cacheKiB)
}

/** The same by the path of the file. */
export function openForReading(path: string, cacheKiB = 2_000): Database {
  const db = new Database(path, { readonly: true, strict: true })
  settle(db, cacheKiB)
  db.run(`pragma busy_timeout = ${BUSY_MS}`)
  return db
}

/** Opens the database for the one connection that writes; makes the file when there is none. */
export function openForWriting(path: string, cacheKiB = 24_000): Database {
  // Made here, for nobody else to read; SQLite's own files beside it take after it.
  closeSync(openSync(path, "a", 0o600))
  const db = new Database(path, { create: true, readwrite: true, strict: true })
  settle(db, cacheKiB)
  db.run(`pragma busy_timeout = ${BUSY_MS}`)
  db.run("pragma journal_mode = wal")
  db.run("pragma synchronous = full")
  db.run("pragma secure_delete = on")
  // Checkpoints are the keeper's: inside a commit they would make someone wait.
  db.run("pragma wal_autocheckpoint = 0")
  return db
}

export interface Checkpoint {
  /** Pages in SQLite's log file, of which the next write may take the place once all are in the database. */
  readonly pagesInFile: number
  /** Only for `truncate`: false when someone reads from the file, or the disk is full. */
  readonly isEmpty: boolean
}

/** Brings committed pages into the database: `passive` as far as it can without waiting, `truncate` all of them. */
export function checkpoint(db: Database, mode: "passive" | "truncate"): Checkpoint {
  // A reader is waited for a moment only, since whoever commits waits as long.
  db.run(`pragma busy_timeout = ${mode === "truncate" ? 50 : BUSY_MS}`)
  try {
    const row = db.prepare<{ busy: number; log: number }, []>(`pragma wal_checkpoint(${mode})`).get()
    return { pagesInFile: row?.log ?? 0, isEmpty: row?.busy === 0 && row.log <= 0 }
  } catch (error) {
    if (faultOf(error) !== "full") throw error
    // There is no room for what is new in the database; it stays in the log file, and is as safe there.
    return { pagesInFile: 0, isEmpty: false }
  } finally {
    db.run(`pragma busy_timeout = ${BUSY_MS}`)
  }
}
