import { bold } from "./terminal.ts"

interface Column {
  readonly head: string
  readonly right?: true
}

/** Rows under their heads, two spaces between columns; `width` tells how many columns a text takes. */
export function table(
  heads: readonly Column[],
  rows: readonly (readonly string[])[],
  width: (text: string) => number = Bun.stringWidth,
): string {
  const widths = heads.map(({ head }, index) =>
    Math.max(width(head), ...rows.map((row) => width(row[index] ?? ""))),
  )
  const line = (cells: readonly string[]) =>
    heads
      .map(({ right }, index) => {
        const cell = cells[index] ?? ""
        const space = " ".repeat((widths[index] ?? 0) - width(cell))
        return right ? space + cell : cell + space
      })
      .join("  ")
      .trimEnd()
  return [bold(line(heads.map(({ head }) => head))), ...rows.map(line)].join("\n")
}
