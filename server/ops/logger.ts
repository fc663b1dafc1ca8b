import type { LogFields, Logger, LogLine } from "../core/ports.ts"

type Level = keyof Logger
const levels: readonly Level[] = ["debug", "info", "warn", "error"]

interface LoggerOptions {
  /** `text`: logfmt, for people. `json`: one object a line, for programs. */
  readonly form: "text" | "json"
  /** The lowest level that is written. */
  readonly level: Level
  /** Takes one line, without its line feed. */
  write(line: string): void
  now(): number
}

/** Makes the server's log. What a line may hold is the closed list `LogFields`; nothing else is read from `fields`. */
export function makeLogger({ form, level, write, now }: LoggerOptions): Logger {
  const render = form === "json" ? asJson : asText
  const lineAt = (at: Level): LogLine => {
    if (levels.indexOf(at) < levels.indexOf(level)) return () => undefined
    return (message, fields = {}) =>
      write(render(new Date(now()).toISOString(), at, message, shown(fields, level === "debug")))
  }
  return { error: lineAt("error"), warn: lineAt("warn"), info: lineAt("info"), debug: lineAt("debug") }
}

type Shown = readonly (readonly [string, string | number])[]

const plainFields = [
  "what",
  "code",
  "account",
  "session",
  "room",
  "seq",
  "id",
  "address",
  "transport",
  "file",
  "version",
  "events",
  "count",
  "bytes",
  "ms",
] as const satisfies readonly (keyof LogFields)[]

function shown(fields: LogFields, withStack: boolean): Shown {
  const pairs: [string, string | number][] = []
  for (const name of plainFields) {
    const value = fields[name]
    if (value !== undefined) pairs.push([name, typeof value === "number" ? value : inLine(value)])
  }
  if (fields.error === undefined) return pairs
  pairs.push(["error", inLine(scrubbed(messageOf(fields.error)))])
  const stack = withStack && fields.error instanceof Error ? fields.error.stack : undefined
  if (stack !== undefined) pairs.push(["stack", scrubbed(framesOf(stack))])
  return pairs
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error
}

/** Where it happened, without the message, which stands beside it. */
function framesOf(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => /^\s*at /.test(line))
    .map((line) => line.trim())
    .join(" < ")
}

/** A second fence, since libraries write error messages: credentials in addresses, and anything as long as a token. */
function scrubbed(text: string): string {
  return text.replace(/:\/\/[^\s/@]*@/g, "://…@").replace(/[A-Za-z0-9_-]{40,}/g, "…")
}

const FIELD_CHARS_MAX = 500

/** One line whatever it holds: a log that can be forged by a line feed is no log. */
function inLine(text: string): string {
  return text
    .slice(0, FIELD_CHARS_MAX)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]+/gu, " ")
}

function asJson(time: string, level: Level, message: string, fields: Shown): string {
  return JSON.stringify({ time, level, message, ...Object.fromEntries(fields) })
}

function asText(time: string, level: Level, message: string, fields: Shown): string {
  const rest = fields.map(([name, value]) => ` ${name}=${quoted(value)}`).join("")
  return `${time} ${level.padEnd(5)} ${message}${rest}`
}

function quoted(value: string | number): string {
  return typeof value === "number" || /^[^\s"=]+$/.test(value) ? String(value) : JSON.stringify(value)
}
