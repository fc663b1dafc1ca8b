import {
  type Given,
  isWrong,
  type Options,
  readArguments,
  serverOptions,
  settle,
  type Values,
  whereOptions,
} from "../server/config.ts"
import { misused } from "./complaint.ts"

/** One or two words of the command line: `parley user add`. */
export interface Command {
  /** As typed: "user add". */
  readonly words: string
  /** What follows beside options, each in capitals: "NAME", "[FILE]". */
  readonly takes: readonly string[]
  readonly sentence: string
  /** Paragraphs for its own help. */
  readonly more: readonly string[]
  /** In the order of the help. */
  readonly options: Options
  /** Reads the arguments behind the words and does the work; answers the exit code, or throws a `Complaint`. */
  start(argv: readonly string[]): Promise<number>
}

interface Definition<Own extends Options> {
  readonly words: string
  readonly takes?: readonly string[]
  readonly sentence: string
  readonly more?: readonly string[]
  /** Which of a server's options it has: all, where its data is, or none. */
  readonly server: "all" | "where" | "none"
  /** Options of this command alone; they are flags only. */
  readonly options?: Own
  run(call: Call<Own>): Promise<number>
}

/** What a person typed, read. */
interface Call<Own extends Options> {
  readonly values: Values<Own>
  /** As many as the command takes. */
  readonly rest: readonly string[]
  /** The server's options as flags, for `loadConfig`. */
  readonly given: Given
}

const shared = { all: serverOptions, where: whereOptions, none: {} } satisfies Record<string, Options>

export function command<const Own extends Options = Record<never, never>>(
  definition: Definition<Own>,
): Command {
  const { words, takes = [], sentence, more = [], run } = definition
  const own: Options = definition.options ?? {}
  const options: Options = { ...own, ...shared[definition.server] }
  return {
    words,
    takes,
    sentence,
    more,
    options,
    start: async (argv) => {
      const read = readArguments(options, argv)
      if (isWrong(read)) throw misused(`${read.wrong} \`parley help ${words}\` lists all.`)
      checkCount(words, takes, read.rest)
      const values = settle(own, [read.given])
      if (isWrong(values)) throw misused(values.wrong)
      return run({ values: values as Values<Own>, rest: read.rest, given: read.given })
    },
  }
}

function checkCount(words: string, takes: readonly string[], rest: readonly string[]): void {
  const missing = takes.filter((each) => !each.startsWith("["))[rest.length]
  if (missing !== undefined)
    throw misused(`\`parley ${words}\` needs ${missing}; see \`parley help ${words}\`.`)
  const extra = rest[takes.length]
  if (extra !== undefined)
    throw misused(`\`parley ${words}\` does not know what to do with ${extra}; see \`parley help ${words}\`.`)
}
