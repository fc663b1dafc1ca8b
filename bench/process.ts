import { readFileSync } from "node:fs"

/** Clock ticks a second, as /proc counts CPU time. */
const TICKS_PER_SECOND = 100

/** A server has ten seconds to drain. */
const STOP_MAX_MS = 15_000

/** CPU seconds a process has used, all its threads together, as the operating system counts them. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory of a process in bytes. */
export function rssBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
  return Number(found?.[1] ?? 0) * 1_024
}

/** A server in a process of its own, as its bench sees it. */
export interface Served {
  readonly pid: number
  /** From the start of the process until it answered. */
  readonly readyMs: number
  /** Tells it to stop and waits until it has. */
  stop(): Promise<void>
  /** Ends it between any two instructions. */
  kill(): Promise<void>
}

/** Starts a process and waits until `isReady` says so. Its output goes to a file, so that nobody's pipe fills. */
export async function serveProcess(
  command: readonly string[],
  logFile: string,
  isReady: () => Promise<boolean>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const started = performance.now()
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    env: { ...process.env, ...environment },
    stdout: Bun.file(logFile),
    stderr: Bun.file(`${logFile}.err`),
  })
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`${command.join(" ")} ended at once; see ${logFile}.err`)
    if (performance.now() - started > 30_000)
      throw new Error(`${command.join(" ")} was not ready within 30 s`)
    await Bun.sleep(2)
  }
  return {
    pid: child.pid,
    readyMs: performance.now() - started,
    async stop() {
      child.kill("SIGTERM")
      const late = setTimeout(() => {
        console.error(`${command.join(" ")} did not end when it was told to; it was killed.`)
        child.kill("SIGKILL")
      }, STOP_MAX_MS)
      await child.exited
      clearTimeout(late)
    },
    async kill() {
      child.kill("SIGKILL")
      await child.exited
    },
  }
}
