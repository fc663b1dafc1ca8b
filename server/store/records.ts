import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely"
import { type Records, StoreRefused, type Tables } from "../core/ports.ts"
import type { Statement, Written } from "./group.ts"

/** Where the statements of `Records` run. */
export interface Executor {
  read(statement: Statement): Promise<readonly unknown[]>
  /** All or none, on disk when it answers. */
  write(statements: readonly Statement[]): Promise<Written>
}

/** Kysely over an executor: what reads goes to the reader, everything else to the writer. */
export function recordsOver(executor: Executor): Records {
  const connection = connectionOver(executor)
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => driverOf(connection),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  return {
    db,
    async atomically(writes) {
      if (writes.length === 0) return
      await written(
        executor,
        writes.map((write) => statementOf(write.compile())),
      )
    },
  }
}

function connectionOver(executor: Executor): DatabaseConnection {
  return {
    async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      const statement = statementOf(query)
      // The rows are of the shape that the query's types say: the schema is ours.
      if (isRead(query)) return { rows: (await executor.read(statement)) as Row[] }
      const { rows, changes } = await written(executor, [statement])
      return { rows: rows as Row[], numAffectedRows: BigInt(changes) }
    },
    async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
      yield await this.executeQuery<Row>(query)
    },
  }
}

function driverOf(connection: DatabaseConnection): Driver {
  const none = async () => undefined
  const refuse = async () => {
    throw new Error("There are no interactive transactions here; use `Records.atomically`.")
  }
  return {
    init: none,
    acquireConnection: async () => connection,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: none,
    destroy: none,
  }
}

async function written(executor: Executor, statements: readonly Statement[]) {
  const answer = await executor.write(statements)
  switch (answer.is) {
    case "written":
      return answer
    case "refused":
      throw new StoreRefused(answer.code, answer.message)
    case "wrong":
      throw new Error(
        `The store cannot do this: ${answer.message} (${statements.map((one) => one.sql).join("; ")})`,
      )
    default:
      return answer satisfies never
  }
}

function isRead({ query, sql }: CompiledQuery): boolean {
  if (query.kind === "SelectQueryNode") return true
  return query.kind === "RawNode" && /^\s*select\b/i.test(sql)
}

/** What may travel as JSON and be bound as it is. Throws on anything else. */
function statementOf({
  sql,
  parameters,
}: {
  readonly sql: string
  readonly parameters: readonly unknown[]
}): Statement {
  return { sql, parameters: parameters.map(parameter) }
}

function parameter(value: unknown): string | number | null {
  if (typeof value === "string" || value === null) return value
  if (typeof value === "boolean") return value ? 1 : 0
  if (typeof value === "number" && Number.isFinite(value)) return value
  throw new Error(`A value of type ${typeof value} cannot be stored; text, numbers, booleans and null can.`)
}
