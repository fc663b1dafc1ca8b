import { Database } from "bun:sqlite"
import { rmSync } from "node:fs"
import { type Row, rowWriter, wiper } from "./search-rows.ts"

/** Raised when the schema below, or what `indexed` makes of a text, changes: older files are made anew. */
const VERSION = 1
const CACHE_KIB = 4_000
/** The words of one batch stay in memory until it is written. */
const PENDING_BYTES_MAX = 4_000_000
/** Fewer merges cost less to write; each segment more costs a search some microseconds a word. */
const SEGMENTS_PER_MERGE = 8

/** How far the index has read the log, written together with what it read. */
export interface Cursor {
  readonly n: number
  /** The id of the event `n` in hex, by which a log is known again. */
  readonly id: string
}

export interface IndexFile {
  readonly db: Database
  cursor(): Cursor
  /** All of a batch and its cursor, or nothing. Each message at most once. */
  write(rows: readonly Row[], cursor: Cursor): void
  /** One step of wiping what was removed from the file; false when there is nothing left of it. */
  wipe(): boolean
  close(): void
}

/**
 * Opens the index of a store, and makes it anew where there is none of this version and this store. `store`: an id that
 * changes with every restored or copied store.
 *
 * The rowid is the second in which a message was sent, shifted by 30 bits, and its arrival: newest first is the order of
 * the index itself, also for old messages imported late; a date is a range of it and a page goes on from it. Rooms and
 * authors are words like others. Measured on the corpus, this costs 6 µs a message, and no filter makes a search slow.
 *
 * The table keeps the words of each message. FTS5 without content cannot take a message out of the index, only hide it
 * until segments happen to be merged; with it, `secure-delete` takes the very bytes out.
 */
export function openIndex(path: string, store: string): IndexFile {
  // Statements come from `query`: those of `prepare` would outlive `close`, and keep the file open.
  const db = openedFor(path, store) ?? made(path, store)
  const cursor = db.query<Cursor, []>("select n, id from state")
  const advance = db.query("update state set n = ?, id = ?")
  const put = rowWriter(db)
  const write = db.transaction((rows: readonly Row[], to: Cursor) => {
    put(rows)
    advance.run(to.n, to.id)
  })
  return {
    db,
    cursor: () => cursor.get() ?? { n: 0, id: "" },
    write: write.immediate,
    wipe: wiper(db),
    close: () => db.close(),
  }
}

function connect(path: string): Database {
  const db = new Database(path, { create: true, readwrite: true, strict: true })
  try {
    settle(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function settle(db: Database): void {
  db.run(`pragma cache_size = -${CACHE_KIB}`)
  db.run("pragma mmap_size = 0")
  db.run("pragma temp_store = memory")
  db.run("pragma journal_mode = wal")
  // A commit may be lost with the power, and is then read from the log again; what is there is always whole.
  db.run("pragma synchronous = normal")
  db.run("pragma secure_delete = on")
}

/** Undefined when the file is not an index of this version and store, or is damaged where one sees it at once. */
function openedFor(path: string, store: string): Database | undefined {
  let db: Database | undefined
  try {
    db = connect(path)
    const version = db.query<{ user_version: number }, []>("pragma user_version").get()
    if (version?.user_version === VERSION) {
      const state = db.query<{ store: string }, []>("select store from state").get()
      if (state?.store === store) return db
    }
  } catch {
    // Whatever is wrong with it, it can be made anew.
  }
  db?.close()
  return undefined
}

function made(path: string, store: string): Database {
  removeIndex(path)
  const db = connect(path)
  db.transaction(() => {
    db.run(
      "create virtual table message using fts5(text, room unindexed, seq unindexed, at unindexed, columnsize = 0, tokenize = 'ascii')",
    )
    const configure = db.query("insert into message (message, rank) values (?, ?)")
    configure.run("automerge", SEGMENTS_PER_MERGE)
    configure.run("hashsize", PENDING_BYTES_MAX)
    configure.run("secure-delete", 1)
    db.run(
      "create table state (store text not null, n integer not null, id text not null, rewrite integer not null) strict",
    )
    db.query("insert into state (store, n, id, rewrite) values (?, 0, '', 0)").run(store)
    db.run(`pragma user_version = ${VERSION}`)
  })()
  return db
}

/** The index can always be made again from the log. */
export function removeIndex(path: string): void {
  if (path === ":memory:") return
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true })
}
