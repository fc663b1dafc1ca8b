import type { Database } from "bun:sqlite"
import type { Uuid } from "../../protocol/ids.ts"
import type { Outcome } from "../core/ports.ts"
import type { Ballast } from "./ballast.ts"
import { faultOf, messageOf } from "./faults.ts"
import { erases } from "./fitness.ts"
import type { Answers, Group } from "./group.ts"
import { logWriter } from "./log-writer.ts"
import { recordWriter } from "./record-writer.ts"

/** Commits a group: never throws, whatever the disk does. */
export interface GroupWriter {
  commit(group: Group): Answers
}

export function groupWriter(db: Database, epoch: Uuid, ballast: Ballast): GroupWriter {
  const log = logWriter(db, epoch)
  const write = recordWriter(db)
  const prove = db.prepare("update epoch set from_n = from_n")
  const begin = db.prepare("begin immediate")
  const end = db.prepare("commit")
  const savepoint = db.prepare("savepoint one")
  const release = db.prepare("release one")
  const undo = db.prepare("rollback to one")

  /** Most groups hold no id twice, so nothing is looked up before it is inserted and nothing needs a savepoint. */
  function optimistic(group: Group): Answers {
    const outcomes = group.appends.map((append) => log.append(append))
    return { outcomes, writes: group.writes.map(write) }
  }

  function careful(group: Group): Answers {
    const outcomes = group.appends.map((append): Outcome => {
      const known = log.knownId(append)
      savepoint.run()
      try {
        const outcome = log.append(append)
        release.run()
        return outcome
      } catch (error) {
        if (!isOfOneAppend(error)) throw error
        undo.run()
        release.run()
        log.forget()
        if (known !== undefined) return { is: "known", id: known }
        console.error(`A bug: an append was refused by the log. ${messageOf(error)}`)
        return { is: "failed", code: "store-failed" }
      }
    })
    return { outcomes, writes: group.writes.map(write) }
  }

  function transact(group: Group, how: (group: Group) => Answers): Answers {
    begin.run()
    try {
      const answers = how(group)
      end.run()
      return answers
    } catch (error) {
      log.forget()
      if (db.inTransaction) db.run("rollback")
      throw error
    }
  }

  function attempt(group: Group): Answers {
    try {
      return transact(group, optimistic)
    } catch (error) {
      if (!isOfOneAppend(error)) throw error
      return transact(group, careful)
    }
  }

  /** What a failed commit left in the log file is void once another commit stands in its place. */
  function isVoid(): boolean {
    try {
      prove.run()
      return true
    } catch {
      return false
    }
  }

  function afterFailure(group: Group, error: unknown): Answers {
    const message = messageOf(error)
    if (faultOf(error) === "full") {
      const cleans = group.writes.length > 0 || group.appends.some(erases)
      if (cleans && ballast.release()) return cleanUp(group)
      return allFailed(group, "store-full", message)
    }
    console.error(`The store could not write: ${message}`)
    return isVoid() ? allFailed(group, "store-failed", message) : unknown(group, message)
  }

  /** With the disk full only what erases, and the tables beside the log, may use the room that is left. */
  function cleanUp(group: Group): Answers {
    const rest = { appends: group.appends.filter(erases), writes: group.writes }
    const answers =
      rest.appends.length + rest.writes.length > 0 ? commitOr(rest) : { outcomes: [], writes: [] }
    let next = 0
    const outcomes = group.appends.map((append): Outcome => {
      const outcome = erases(append) ? answers.outcomes[next++] : undefined
      return outcome ?? { is: "failed", code: "store-full" }
    })
    return { outcomes, writes: answers.writes }
  }

  function commitOr(group: Group): Answers {
    try {
      return attempt(group)
    } catch (error) {
      return afterFailure(group, error)
    }
  }

  return {
    commit: (group) => (ballast.hasRoom() ? commitOr(group) : cleanUp(group)),
  }
}

/** One append is at fault, not the disk: the others of its group are to go in. */
function isOfOneAppend(error: unknown): boolean {
  const fault = faultOf(error)
  return fault === "conflict" || fault === "wrong"
}

function allFailed(group: Group, code: "store-full" | "store-failed", message: string): Answers {
  return {
    outcomes: group.appends.map(() => ({ is: "failed", code })),
    writes: group.writes.map(() => ({ is: "refused", code, message })),
  }
}

function unknown(group: Group, message: string): Answers {
  return {
    outcomes: group.appends.map(() => ({ is: "unknown" })),
    writes: group.writes.map(() => ({ is: "refused", code: "store-failed", message })),
  }
}
