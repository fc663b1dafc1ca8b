/** A stretch of time in milliseconds since 1970: fromMs <= at < toMs. */
interface Period {
  readonly fromMs: number
  readonly toMs: number
}

const FORM = /^(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?$/
const FIRST_YEAR = 1970

/**
 * The year, month or day that a text names: `2005`, `2005-03`, `2005-03-01`, also with slashes or dots. Undefined when it
 * names none. `offsetMinutes`: how far the clock by which days begin is ahead of UTC.
 */
export function readPeriod(text: string, offsetMinutes: number): Period | undefined {
  const [, year = "", , month, day] = FORM.exec(text) ?? []
  if (Number(year) < FIRST_YEAR) return undefined
  const from = { year: Number(year), month: Number(month ?? 1), day: Number(day ?? 1) }
  if (!isDay(from)) return undefined
  const to =
    day !== undefined
      ? { ...from, day: from.day + 1 }
      : month !== undefined
        ? { ...from, month: from.month + 1 }
        : { ...from, year: from.year + 1 }
  const shiftMs = offsetMinutes * 60_000
  return { fromMs: utc(from) - shiftMs, toMs: utc(to) - shiftMs }
}

interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Days past a month's end run on into the next. */
function utc({ year, month, day }: Day): number {
  return Date.UTC(year, month - 1, day)
}

function isDay(day: Day): boolean {
  const read = new Date(utc(day))
  return read.getUTCMonth() + 1 === day.month && read.getUTCDate() === day.day
}
