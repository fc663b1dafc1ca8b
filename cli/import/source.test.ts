import { afterAll, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { readSource, sourceBytes } from "./source.ts"

const folder = mkdtempSync(join(tmpdir(), "parley-test-"))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function linesOf(path: string): Promise<string[]> {
  const all: string[] = []
  for await (const { lines, firstNumber } of readSource(path)) {
    expect(firstNumber).toBe(all.length + 1)
    all.push(...lines)
  }
  return all
}

const many = Array.from({ length: 50_000 }, (_, index) => `line ${index} – ${"ü".repeat(index % 40)}`)

describe("a file to import", () => {
  test("is read line by line, with or without a line feed at the end", async () => {
    expect(await linesOf(file("a", "one\ntwo\n"))).toEqual(["one", "two"])
    expect(await linesOf(file("b", "one\n\ntwo"))).toEqual(["one", "", "two"])
    expect(await linesOf(file("c", ""))).toEqual([])
    expect(await linesOf(file("d", many.join("\n")))).toEqual(many)
  })

  test("is unpacked where it is gzip, whatever its name, several packed files in a row included", async () => {
    expect(await linesOf(file("packed", gzipSync(many.join("\n"))))).toEqual(many)
    const two = Buffer.concat([gzipSync("one\n"), gzipSync("two\n")])
    expect(await linesOf(file("two.gz", two))).toEqual(["one", "two"])
  })

  test("that is cut off is refused, never taken for a whole one", async () => {
    const packed = gzipSync(many.join("\n"))
    const cut = file("cut.gz", packed.subarray(0, packed.length / 2))
    await expect(linesOf(cut)).rejects.toThrow(/cut off or damaged/)
  })

  test("that has no lines at all is refused before it fills the memory", async () => {
    const endless = file("endless", "x".repeat(5_000_000))
    await expect(linesOf(endless)).rejects.toThrow(/no NDJSON file/)
  })

  test("that is not there is named", () => {
    expect(() => sourceBytes(join(folder, "nowhere"))).toThrow(/There is no file .*nowhere/)
    expect(() => sourceBytes(folder)).toThrow(/is not a file/)
  })
})
