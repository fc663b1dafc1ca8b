export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 }

export function plus(one: Counts, other: Counts): Counts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

/**
 * Reads the summary that `bun test` writes last. Its JUnit report is not used: it leaves out files that fail to load.
 * No summary means that the run died, with whatever exit code; an exit code without a failure is one nobody counted.
 */
export function bunCounts(output: string, exitCode: number): Counts {
  const plain = Bun.stripANSI(output)
  const summary = [...plain.matchAll(/((?: *\d+ [a-z(][^\n]*\n)+)Ran \d+ tests? across /g)].at(-1)?.[1]
  if (summary === undefined) return { ...NOTHING, failed: 1 }
  const count = (word: string) => Number(new RegExp(`^ *(\\d+) ${word}`, "m").exec(summary)?.[1] ?? 0)
  const failed = count("fail")
  const unnamed = exitCode !== 0 && failed === 0 ? 1 : 0
  return { passed: count("pass"), failed: failed + unnamed, skipped: count("skip") + count("todo") }
}

export function verdict({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}
