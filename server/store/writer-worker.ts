import type { Database } from "bun:sqlite"
import { statSync } from "node:fs"
import { type Ballast, holdBallast } from "./ballast.ts"
import { serveOrders, tellOperator } from "./control.ts"
import { checkpoint, databasePath, openForWriting } from "./database.ts"
import { ensureEpoch, readEpochs } from "./epochs.ts"
import { messageOf } from "./faults.ts"
import { type Answers, type Group, merged, split } from "./group.ts"
import { type GroupWriter, groupWriter } from "./group-writer.ts"
import { serveLane } from "./lane.ts"
import { migrate } from "./migrate.ts"
import { migrations } from "./migrations/list.ts"
import type { Epoch } from "./rows.ts"

/** The worker that owns every write to the database. */
export type WriterOrder =
  /** Answers the epochs of the log. */
  | { readonly order: "open"; readonly folder: string }
  /** Answers `Checkpoint`. */
  | { readonly order: "checkpoint"; readonly mode: "passive" | "truncate" }
  | { readonly order: "close" }

const WORTH_EMPTYING_BYTES = 1024 * 1024

let db: Database | undefined
let writer: GroupWriter | undefined

serveOrders<WriterOrder>((order) => {
  switch (order.order) {
    case "open":
      return open(order.folder)
    case "checkpoint":
      return db && checkpoint(db, order.mode)
    case "close":
      if (db) checkpoint(db, "truncate")
      db?.close(true)
      return undefined
    default:
      return order satisfies never
  }
})

serveLane<Group, Answers>(
  (groups) => {
    if (!writer) throw new Error("The writer was asked before it was opened.")
    return split(groups, writer.commit(merged(groups)))
  },
  () => db?.run("pragma shrink_memory"),
)

function open(folder: string): readonly Epoch[] {
  // First, since it may have to make room.
  const ballast = holdBallast(folder)
  db = openForWriting(databasePath(folder))
  migrate(db, migrations, Date.now())
  ensureEpoch(db, Date.now())
  // A process that ended before its time may have left erased words in the log file.
  checkpoint(db, "truncate")
  const epochs = readEpochs(db)
  writer = groupWriter(db, epochs.at(-1)?.id ?? "", roomOf(db, ballast), tellOperator)
  return epochs
}

/** Room on the disk, as the writer has it: what SQLite's log file takes is room as well. */
function roomOf(db: Database, ballast: Ballast): Ballast {
  return {
    hasRoom() {
      try {
        return ballast.hasRoom() || (emptied(db) && ballast.hasRoom())
      } catch (error) {
        // Whoever cannot say how full the disk is, is no reason not to write to it.
        tellOperator(`The store cannot tell how much room there is: ${messageOf(error)}`)
        return true
      }
    },
    release() {
      const released = ballast.release()
      if (released) emptied(db)
      return released
    },
  }
}

/** False when there was little in SQLite's log file, somebody reads from it, or the disk fails. */
function emptied(db: Database): boolean {
  try {
    const { size } = statSync(`${db.filename}-wal`, { throwIfNoEntry: false }) ?? { size: 0 }
    return size >= WORTH_EMPTYING_BYTES && checkpoint(db, "truncate").isEmpty
  } catch (error) {
    tellOperator(`The store's log file could not be emptied: ${messageOf(error)}`)
    return false
  }
}
