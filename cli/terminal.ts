import process from "node:process"

/** What a person sees, on standard output. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** What goes beside the result: progress, remarks, complaints; on standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** True where someone sits: progress may be drawn and questions asked. */
export const isAttended = process.stderr.isTTY === true

const COLUMNS = 80

/** The width to draw in. */
export function columns(): number {
  return process.stderr.columns || COLUMNS
}

const isBold = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb"

/** Bold on a terminal that has it; https://no-color.org. */
export function bold(text: string): string {
  return isBold ? `\x1b[1m${text}\x1b[22m` : text
}

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

/** 232815 as "232,815". */
export function grouped(count: number): string {
  return whole.format(count)
}

/** "1 message", "232,815 messages". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** "0.4 s", "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const all = Math.round(seconds)
  if (all < 60) return `${all} s`
  const [minutes, hours] = [Math.floor(all / 60), Math.floor(all / 3600)]
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min ${all % 60} s`
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"]

/** 7901601 as "7.9 MB". */
export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  const amount = bytes / 1000 ** power
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power]}`
}

/** Control characters out, so that nobody's name or text steers the terminal. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd")
}

/** Words broken into lines of at most `width` columns; all lines but the first begin with `indent`. */
export function wrapped(text: string, width: number, indent = ""): string {
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${indent}`)
}
