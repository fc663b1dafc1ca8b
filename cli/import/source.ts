import { createReadStream, statSync } from "node:fs"
import process from "node:process"
import { pipeline, Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import { Complaint } from "../complaint.ts"

/** No message is so long; what is comes from another kind of file. */
const LINE_CHARS_MAX = 4_194_304

/** Lines of a file, numbered from 1, some thousand at a time. */
interface SourceLines {
  readonly lines: readonly string[]
  readonly firstNumber: number
  /** Bytes of the file read so far. */
  readonly bytes: number
}

export function sourceBytes(path: string): number | undefined {
  if (path === "-") return undefined
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new Complaint(`There is no file ${path}; check the path.`)
  if (!found.isFile()) throw new Complaint(`${path} is not a file; name one of NDJSON, plain or as .gz.`)
  return found.size
}

/** Reads NDJSON, unpacking it where it begins as gzip does; `-` is standard input. */
export async function* readSource(path: string): AsyncGenerator<SourceLines> {
  const raw: AsyncIterable<Buffer> =
    path === "-" ? process.stdin : createReadStream(path, { highWaterMark: 262_144 })
  let bytes = 0
  async function* counted() {
    for await (const chunk of raw) {
      bytes += chunk.length
      yield chunk
    }
  }
  const decoder = new TextDecoder()
  let rest = ""
  let firstNumber = 1
  try {
    for await (const chunk of unpacked(counted())) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      rest = lines.pop() ?? ""
      if (rest.length > LINE_CHARS_MAX)
        throw new Complaint(
          `Line ${firstNumber + lines.length} of ${path} has no end; this is no NDJSON file.`,
        )
      if (lines.length === 0) continue
      yield { lines, firstNumber, bytes }
      firstNumber += lines.length
    }
  } catch (error) {
    if (error instanceof Complaint) throw error
    throw new Complaint(`${path} cannot be read to its end; it is cut off or damaged. Fetch it again.`)
  }
  rest += decoder.decode()
  if (rest !== "") yield { lines: [rest], firstNumber, bytes }
}

async function* unpacked(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Uint8Array> {
  const first = await chunks.next()
  if (first.done) return
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b
  async function* all() {
    yield first.value as Buffer
    yield* chunks
  }
  if (!packed) {
    yield* all()
    return
  }
  const gunzip = createGunzip()
  // An error comes out of `gunzip`, which is read here.
  pipeline(Readable.from(all()), gunzip, () => undefined)
  yield* gunzip
}
