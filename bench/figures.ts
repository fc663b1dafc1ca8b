/** A measured number beside what it must reach. */
export interface Figure {
  readonly what: string
  readonly value: string
  /** What was asked for; undefined where the figure only explains another. */
  readonly bound?: string
  readonly holds?: boolean
}

export function atMost(what: string, value: number, bound: number, unit: string, digits = 1): Figure {
  return {
    what,
    value: `${value.toFixed(digits)} ${unit}`,
    bound: `at most ${bound} ${unit}`,
    holds: value <= bound,
  }
}

export function atLeast(what: string, value: number, bound: number, unit: string): Figure {
  const whole = (number: number) => Math.round(number).toLocaleString("en")
  return {
    what,
    value: `${whole(value)} ${unit}`,
    bound: `at least ${whole(bound)} ${unit}`,
    holds: value >= bound,
  }
}

export function note(what: string, value: string): Figure {
  return { what, value }
}

/** The value below which a share of all lies; 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** As Markdown, so that it can stand in docs/benchmarks.md as it is. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, bound, holds }) => {
    const verdict = holds === undefined ? "" : holds ? "yes" : "NO"
    return `| ${what} | ${value} | ${bound ?? ""} | ${verdict} |`
  })
  return ["| figure | measured | must be | holds |", "|---|---|---|---|", ...rows].join("\n")
}
