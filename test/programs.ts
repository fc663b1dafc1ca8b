/**
 * Whether the programs a test needs are on this machine: `test.skipIf(!requires("strace"))(…)`.
 * A person may lack one, and is told which tests that skips; with CI=true it is an error.
 */
export function requires(...programs: readonly string[]): boolean {
  return judge(programs, Bun.which, process.env.CI === "true", console.warn)
}

export function judge(
  programs: readonly string[],
  which: (program: string) => string | null,
  mustHave: boolean,
  tell: (line: string) => void,
): boolean {
  const missing = programs.filter((program) => which(program) === null)
  if (missing.length === 0) return true
  const names = missing.join(", ")
  if (mustHave) throw new Error(`Missing here: ${names}. Add its package to the list at the top of .ci/run.`)
  tell(`Some tests are skipped: they need ${names}, which is not on this machine.`)
  return false
}
