import type { Database } from "bun:sqlite"
import type { Uuid } from "../../protocol/ids.ts"
import type { Append, Outcome } from "../core/ports.ts"
import type { Tell } from "./control.ts"
import { faultOf, messageOf } from "./faults.ts"
import type { Answers, Group } from "./group.ts"
import { logWriter } from "./log-writer.ts"
import { recordWriter } from "./record-writer.ts"

/** Commits a group in one transaction, or throws with nothing of it written. */
export function transactor(db: Database, epoch: Uuid, tell: Tell): (group: Group) => Answers {
  const log = logWriter(db, epoch)
  const write = recordWriter(db)
  const statement = (sql: string) => db.prepare(sql)
  const [begin, commit] = [statement("begin immediate"), statement("commit")]
  const [save, release, undo] = ["savepoint one", "release one", "rollback to one"].map(statement)

  /** With what is looked up first, and a savepoint, so that one append may fail alone. */
  function appendAlone(append: Append): Outcome {
    const known = log.knownId(append)
    save?.run()
    try {
      return log.append(append)
    } catch (error) {
      if (!isOfOneAppend(error)) throw error
      undo?.run()
      log.forget()
      if (known !== undefined) return { is: "known", id: known }
      tell(`A bug: the log refused an append. ${messageOf(error)}`)
      return { is: "failed", code: "store-failed" }
    } finally {
      if (db.inTransaction) release?.run()
    }
  }

  function transact(group: Group, append: (append: Append) => Outcome): Answers {
    if (db.inTransaction) db.run("rollback")
    begin.run()
    try {
      const answers = { outcomes: group.appends.map(append), writes: group.writes.map(write) }
      commit.run()
      return answers
    } catch (error) {
      log.forget()
      if (db.inTransaction) db.run("rollback")
      throw error
    }
  }

  return (group) => {
    try {
      // Hardly a group holds an id that is known, so at first nothing is looked up and nothing needs a savepoint.
      return transact(group, log.append)
    } catch (error) {
      if (!isOfOneAppend(error)) throw error
      return transact(group, appendAlone)
    }
  }
}

/** One append is at fault, not the disk: the others of its group are to go in. */
function isOfOneAppend(error: unknown): boolean {
  const fault = faultOf(error)
  return fault === "conflict" || fault === "wrong"
}
