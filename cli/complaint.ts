/** How a command ends; documented in docs/operate.md and in `parley help`. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  damaged: 3,
  interrupted: 130,
} as const

type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends a command with one sentence for the person: what happened and what to do. */
export class Complaint extends Error {
  override readonly name = "Complaint"
  readonly code: ExitCode

  constructor(sentence: string, code: ExitCode = exitCodes.failed) {
    super(sentence)
    this.code = code
  }
}

/** The person called it wrongly. */
export function misused(sentence: string): Complaint {
  return new Complaint(sentence, exitCodes.usage)
}
