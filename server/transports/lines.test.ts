import { describe, expect, test } from "bun:test"
import { array, assert, integer, property, string, uint8Array } from "fast-check"
import { createLines, feed, finish, type Line } from "./lines.ts"

const MAX = 20
const bytes = (text: string) => new TextEncoder().encode(text)

/** What the lines turned out to be when the bytes came in chunks of the given sizes. */
function heard(stream: Uint8Array, sizes: readonly number[] = [stream.length], max = MAX): string[] {
  const lines = createLines()
  const all: string[] = []
  const hear = (line: Line) => {
    all.push(line.is === "text" ? `text ${line.text}` : line.is)
    return true
  }
  let at = 0
  for (let i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length] ?? stream.length
    feed(lines, stream.subarray(at, at + size), max, hear)
    expect(lines.part?.length ?? 0).toBeLessThanOrEqual(max + 1)
    at += size
  }
  finish(lines, max, hear)
  return all
}

describe("lines", () => {
  test("end with LF or CR LF, may be empty, and the last may lack its end", () => {
    expect(heard(bytes("ada\nbob\r\n\n\r\ncleo"))).toEqual(["text ada", "text bob", "text cleo"])
  })

  test("of exactly the limit are taken, one byte more is told once and dropped up to its end", () => {
    const [fits, over] = ["a".repeat(MAX), "b".repeat(MAX + 1)]
    for (const sizes of [[1], [7], [1_000]]) {
      expect(heard(bytes(`${fits}\n${fits}\r\n${over}\n${over.repeat(9)}\r\nok\n${over}`), sizes)).toEqual([
        `text ${fits}`,
        `text ${fits}`,
        "too-long",
        "too-long",
        "text ok",
        "too-long",
      ])
    }
  })

  test("that are no UTF-8 are refused whole, and the next one is read", () => {
    const broken = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]]
    for (const each of broken) {
      expect(heard(Uint8Array.from([97, ...each, 10, 98, 10]))).toEqual(["not-text", "text b"])
    }
  })

  test("stop when their reader has had enough", () => {
    const lines = createLines()
    const all: Line[] = []
    feed(lines, bytes("a\nb\nc"), MAX, (line) => all.push(line) < 1)
    expect(all).toEqual([{ is: "text", text: "a" }])
    expect(lines.part).toBeUndefined()
  })

  test("are the same however the bytes were cut", async () => {
    const word = string({ unit: "grapheme", maxLength: 30 })
    await assert(
      property(array(word), array(integer({ min: 1, max: 9 }), { minLength: 1 }), (words, sizes) => {
        const stream = bytes(words.join("\n"))
        expect(heard(stream, sizes)).toEqual(heard(stream))
      }),
    )
    await assert(
      property(uint8Array(), array(integer({ min: 1, max: 9 }), { minLength: 1 }), (stream, sizes) => {
        expect(heard(stream, sizes)).toEqual(heard(stream))
      }),
    )
  })
})
