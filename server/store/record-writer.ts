import type { Database } from "bun:sqlite"
import { faultOf, messageOf } from "./faults.ts"
import type { Statement, Written } from "./group.ts"
import { statementRunner } from "./statements.ts"

/** Runs the writes of `Records` inside the caller's transaction; one that is refused leaves the others as they are. */
export function recordWriter(db: Database): (statements: readonly Statement[]) => Written {
  const runner = statementRunner(db)
  return (statements) => {
    const many = statements.length > 1
    if (many) db.run("savepoint several")
    try {
      let last: ReturnType<typeof runner.write> = { rows: [], changes: 0 }
      for (const statement of statements) last = runner.write(statement)
      if (many) db.run("release several")
      return { is: "written", ...last }
    } catch (error) {
      const fault = faultOf(error)
      if (fault === "full" || fault === "failed") throw error
      if (many) {
        db.run("rollback to several")
        db.run("release several")
      }
      const message = messageOf(error)
      if (fault === "conflict") return { is: "refused", code: "conflict", message }
      return fault === "damaged" ? { is: "refused", code: "store-failed", message } : { is: "wrong", message }
    }
  }
}
