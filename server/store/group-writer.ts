import type { Database } from "bun:sqlite"
import type { Uuid } from "../../protocol/ids.ts"
import type { Ballast } from "./ballast.ts"
import type { Tell } from "./control.ts"
import { faultOf, messageOf } from "./faults.ts"
import { erases } from "./fitness.ts"
import type { Answers, Group } from "./group.ts"
import { transactor } from "./transactor.ts"

/** Commits a group: never throws, whatever the disk does. */
export interface GroupWriter {
  commit(group: Group): Answers
}

export function groupWriter(db: Database, epoch: Uuid, ballast: Ballast, tell: Tell): GroupWriter {
  const transact = transactor(db, epoch, tell)
  const prove = db.prepare("update epoch set from_n = from_n")

  /** What a failed commit left in the log file is void once another commit stands in its place. */
  function isVoid(): boolean {
    try {
      prove.run()
      return true
    } catch {
      return false
    }
  }

  function commit(group: Group): Answers {
    try {
      return transact(group)
    } catch (error) {
      return afterFailure(group, error)
    }
  }

  function afterFailure(group: Group, error: unknown): Answers {
    const message = messageOf(error)
    if (faultOf(error) === "full") {
      const cleans = group.writes.length > 0 || group.appends.some(erases)
      return cleans && ballast.release() ? cleanUp(group) : allFailed(group, "store-full", message)
    }
    tell(`The store could not write: ${message}`)
    return isVoid() ? allFailed(group, "store-failed", message) : unknown(group, message)
  }

  /** With the disk full only what erases, and the tables beside the log, may use the room that is left. */
  function cleanUp({ appends, writes }: Group): Answers {
    const cleaning = { appends: appends.filter(erases), writes }
    const answers = commit(cleaning)
    const outcomes = [...answers.outcomes]
    return {
      outcomes: appends.map(
        (append) => (erases(append) && outcomes.shift()) || { is: "failed", code: "store-full" },
      ),
      writes: answers.writes,
    }
  }

  return { commit: (group) => (ballast.hasRoom() ? commit(group) : cleanUp(group)) }
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
