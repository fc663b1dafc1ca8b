import process from "node:process"
import { columns, duration, grouped, isAttended } from "./terminal.ts"

const DRAW_EVERY_MS = 100
/** Where nobody watches, a line now and then for the log. */
const LINE_EVERY_MS = 10_000
const BAR_COLUMNS_MAX = 28
const BAR_COLUMNS_MIN = 8

interface Progress {
  at(done: number): void
  /** Takes the bar away. */
  end(): void
}

interface ProgressOptions {
  /** "Importing". */
  readonly what: string
  /** Undefined: nobody knows how much there is. */
  readonly total: number | undefined
  /** How a count reads; grouped digits unless told. */
  readonly shown?: (count: number) => string
}

/** A bar on a terminal, plain lines elsewhere; both on standard error. */
export function startProgress(options: ProgressOptions): Progress {
  const startedMs = performance.now()
  let drawnMs = isAttended ? Number.NEGATIVE_INFINITY : startedMs
  const everyMs = isAttended ? DRAW_EVERY_MS : LINE_EVERY_MS
  return {
    at: (done) => {
      const nowMs = performance.now()
      if (nowMs - drawnMs < everyMs) return
      drawnMs = nowMs
      const line = progressLine(options, done, nowMs - startedMs, isAttended ? columns() : undefined)
      process.stderr.write(isAttended ? `\r\x1b[K${line}` : `${line}\n`)
    },
    end: () => {
      if (isAttended) process.stderr.write("\r\x1b[K")
    },
  }
}

/** `width` undefined: without a bar. */
export function progressLine(
  { what, total, shown = grouped }: ProgressOptions,
  done: number,
  elapsedMs: number,
  width: number | undefined,
): string {
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0
  const speed = `${shown(rate)}/s`
  if (total === undefined) return `${what}  ${shown(done)}  ${speed}`
  const part = total === 0 ? 1 : Math.min(1, done / total)
  const left = rate > 0 ? `  ${duration(((total - done) / rate) * 1000)} left` : ""
  const counts = `${shown(done)} of ${shown(total)}  ${speed}${left}`
  const percent = `${String(Math.floor(part * 100)).padStart(3)} %`
  const plain = `${what} ${percent}  ${counts}`
  const bar = Math.min(BAR_COLUMNS_MAX, (width ?? 0) - plain.length - 5)
  if (bar < BAR_COLUMNS_MIN) return plain
  return `${what}  [${"#".repeat(Math.round(part * bar)).padEnd(bar, ".")}] ${percent}  ${counts}`
}
