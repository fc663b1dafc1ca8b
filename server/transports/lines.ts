/** What is left of a line whose end has not come yet. */
interface Lines {
  part: Uint8Array | undefined
  /** The line grew too long and was refused; everything up to its end is dropped. */
  dropping: boolean
}

export function createLines(): Lines {
  return { part: undefined, dropping: false }
}

/** What a line turned out to be. */
export type Line =
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "too-long" }
  | { readonly is: "not-text" }

const LF = 10
const CR = 13
// Fatal: bytes that are no UTF-8 are refused, never replaced.
const decoder = new TextDecoder("utf-8", { fatal: true })

/**
 * Takes a chunk and tells its lines in order. A line ends with LF, or CR LF, and holds at most `bytesMax` bytes
 * without them; a longer one is told once, as soon as it is too long, and never kept. Empty lines are skipped.
 * `hear` answers false to stop: the rest of the chunk is dropped.
 */
export function feed(lines: Lines, chunk: Uint8Array, bytesMax: number, hear: (line: Line) => boolean): void {
  let from = 0
  for (;;) {
    const end = chunk.indexOf(LF, from)
    const piece = chunk.subarray(from, end === -1 ? chunk.length : end)
    if (end === -1) {
      keep(lines, piece, bytesMax, hear)
      return
    }
    from = end + 1
    const line = lines.part ? joined(lines.part, piece) : piece
    lines.part = undefined
    const dropped = lines.dropping
    lines.dropping = false
    if (!dropped && !tell(line, bytesMax, hear)) return
  }
}

/** The stream has ended: what is left is a line too. */
export function finish(lines: Lines, bytesMax: number, hear: (line: Line) => boolean): void {
  const part = lines.part
  lines.part = undefined
  if (part) tell(part, bytesMax, hear)
}

function keep(lines: Lines, piece: Uint8Array, bytesMax: number, hear: (line: Line) => boolean): void {
  if (lines.dropping || piece.length === 0) return
  // One more than allowed may still be the CR of a CR LF.
  if ((lines.part?.length ?? 0) + piece.length > bytesMax + 1) {
    lines.part = undefined
    lines.dropping = true
    hear({ is: "too-long" })
  } else lines.part = lines.part ? joined(lines.part, piece) : piece.slice()
}

function tell(line: Uint8Array, bytesMax: number, hear: (line: Line) => boolean): boolean {
  const bytes = line.at(-1) === CR ? line.subarray(0, -1) : line
  if (bytes.length === 0) return true
  if (bytes.length > bytesMax) return hear({ is: "too-long" })
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return hear({ is: "not-text" })
  }
  return hear({ is: "text", text })
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length)
  both.set(left)
  both.set(right, left.length)
  return both
}
