import type { Append, Outcome } from "../core/ports.ts"

/** What is written in one commit. Appends and writes stand each for itself; all are on disk when it is answered. */
export interface Group {
  readonly appends: readonly Append[]
  /** Each: statements that happen all or none. */
  readonly writes: readonly (readonly Statement[])[]
}

export interface Statement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** One outcome for each append, one answer for each write, in their order. */
export interface Answers {
  readonly outcomes: readonly Outcome[]
  readonly writes: readonly Written[]
}

export type Written =
  | { readonly is: "written"; readonly rows: readonly unknown[]; readonly changes: number }
  | {
      readonly is: "refused"
      readonly code: "conflict" | "store-full" | "store-failed"
      readonly message: string
    }
  /** The statement itself is wrong: a bug. */
  | { readonly is: "wrong"; readonly message: string }

/** Several groups as one. */
export function merged(groups: readonly Group[]): Group {
  const [only] = groups
  if (only && groups.length === 1) return only
  return {
    appends: groups.flatMap((group) => group.appends),
    writes: groups.flatMap((group) => group.writes),
  }
}

/** The answers to `merged(groups)`, group by group. */
export function split(groups: readonly Group[], answers: Answers): readonly Answers[] {
  const outcomes = [...answers.outcomes]
  const written = [...answers.writes]
  return groups.map(({ appends, writes }) => ({
    outcomes: outcomes.splice(0, appends.length),
    writes: written.splice(0, writes.length),
  }))
}
