import type { Database, Statement as Prepared, SQLQueryBindings } from "bun:sqlite"
import type { Statement } from "./group.ts"

const STATEMENTS_KEPT_MAX = 256

/** Runs the statements of `Records` and keeps them prepared: there are as many as the server has places that ask. */
export function statementRunner(db: Database): {
  rows(statement: Statement): readonly unknown[]
  /** Rows only where the statement returns some. */
  write(statement: Statement): { readonly rows: readonly unknown[]; readonly changes: number }
} {
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

  const rows = ({ sql, parameters }: Statement) => prepared(sql).all(...bindings(parameters))
  return {
    rows,
    write(statement) {
      const made = prepared(statement.sql)
      if (made.columnNames.length === 0) {
        return { rows: [], changes: made.run(...bindings(statement.parameters)).changes }
      }
      const returned = rows(statement)
      return { rows: returned, changes: returned.length }
    },
  }
}

/** `Records` lets only text, numbers and null through. */
function bindings(parameters: readonly unknown[]): SQLQueryBindings[] {
  return parameters as SQLQueryBindings[]
}
