/** A step from one schema to the next. Once released it is never changed; the next change is a new step. */
export interface Migration {
  /** Dense from 1. */
  readonly number: number
  readonly name: string
  /** Statements, run in one transaction with all other steps that are due. */
  readonly sql: string
}
