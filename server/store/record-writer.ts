import type { Database, Statement as Prepared, SQLQueryBindings } from "bun:sqlite"
import { faultOf, messageOf } from "./faults.ts"
import type { Statement, Written } from "./group.ts"

const STATEMENTS_KEPT_MAX = 256

/** Runs the writes of `Records` inside the caller's transaction; one that is refused leaves the others as they are. */
export function recordWriter(db: Database): (statements: readonly Statement[]) => Written {
  const kept = new Map<string, Prepared>()

  function prepared(sql: string): Prepared {
    const known = kept.get(sql)
    if (known) return known
    if (kept.size >= STATEMENTS_KEPT_MAX) {
      for (const old of kept.values()) old.finalize()
      kept.clear()
    }
    const made = db.prepare(sql)
    kept.set(sql, made)
    return made
  }

  function run({ sql, parameters }: Statement): Written {
    const statement = prepared(sql)
    // Parameters came through JSON, so they are what SQLite takes.
    const bindings = parameters as SQLQueryBindings[]
    if (statement.columnNames.length > 0) {
      const rows = statement.all(...bindings)
      return { is: "written", rows, changes: rows.length }
    }
    return { is: "written", rows: [], changes: statement.run(...bindings).changes }
  }

  return (statements) => {
    const many = statements.length > 1
    if (many) db.run("savepoint several")
    try {
      let last: Written = { is: "written", rows: [], changes: 0 }
      for (const statement of statements) last = run(statement)
      if (many) db.run("release several")
      return last
    } catch (error) {
      const fault = faultOf(error)
      if (fault === "full" || fault === "failed") throw error
      if (many) {
        db.run("rollback to several")
        db.run("release several")
      }
      const message = messageOf(error)
      return fault === "conflict" ? { is: "refused", code: "conflict", message } : { is: "wrong", message }
    }
  }
}
