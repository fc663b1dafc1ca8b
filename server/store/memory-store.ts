import { Database } from "bun:sqlite"
import { uuid7 } from "../../protocol/ids.ts"
import { refuse } from "../../protocol/refusals.ts"
import { besideWriter } from "./beside-writer.ts"
import { sha256 } from "./digest.ts"
import { memoryLog } from "./memory.ts"
import { migrate } from "./migrate.ts"
import { migrations } from "./migrations/list.ts"
import { recordWriter } from "./record-writer.ts"
import { type Executor, recordsOver } from "./records.ts"
import { statementRunner } from "./statements.ts"
import type { Store } from "./store.ts"

const IN_MEMORY = refuse("bad-input", "This store is in memory only: there is nothing to verify or to copy.")

/** A store that lasts as long as the process: the log in plain memory, the tables beside it in SQLite's. */
export async function openMemory(): Promise<Store> {
  const db = new Database(":memory:", { strict: true })
  migrate(db, migrations, Date.now())
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const epoch = uuid7(Date.now(), random(10))
  const beside = besideWriter(db)
  const mentions = db.prepare<{ seq: number }, [string, string, number]>(
    "select distinct seq from mention where room = ? and (account = ? or account is null) and seq > ?",
  )
  const log = memoryLog({
    epoch,
    world: { digest: sha256, random },
    sink: db.transaction(beside.write),
    mentions: (room, account, after) => mentions.all(room, account, after).map((row) => row.seq),
  })
  return {
    epoch,
    log,
    pages: log,
    feed: log,
    records: recordsOver(executorOf(db)),
    verify: async () => IN_MEMORY,
    backup: async () => IN_MEMORY,
    close: async () => db.close(true),
  }
}

function executorOf(db: Database): Executor {
  const write = recordWriter(db)
  const { rows } = statementRunner(db)
  return {
    read: async (statement) => rows(statement),
    write: async (statements) => db.transaction(write)(statements),
  }
}
