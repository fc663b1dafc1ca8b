import { afterAll, describe, expect, test } from "bun:test"
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { cacheContract } from "./contract.ts"
import { fileCache } from "./file.ts"

const folders: string[] = []

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "parley-cache-"))
  folders.push(folder)
  return join(folder, "cache")
}

const journalOf = (folder: string) => join(folder, "cache.journal")

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

describe("the cache in a folder", () => {
  const kit = {
    fresh: async () => {
      const folder = await freshFolder()
      return () => fileCache(folder)
    },
  }
  for (const { title, run } of cacheContract) test(title, () => run(kit))

  test("what stands there is its owner's alone to read", async () => {
    const folder = await freshFolder()
    const cache = await fileCache(folder)
    await cache.write([["a", "1"]])
    await cache.scrub()
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect((await stat(journalOf(folder))).mode & 0o777).toBe(0o600)
    await cache.close()
  })

  test("a batch torn by a power cut is no batch, and what is written next is whole", async () => {
    const folder = await freshFolder()
    const first = await fileCache(folder)
    await first.write([["a", "1"]])
    await first.close()
    const whole = await readFile(journalOf(folder), "utf8")
    for (const length of [1, 8, 15]) {
      await writeFile(journalOf(folder), whole)
      await appendFile(journalOf(folder), '[["b","2"],["c","3"]]\n'.slice(0, length))
      const cache = await fileCache(folder)
      expect(await cache.list("")).toEqual([["a", "1"]])
      await cache.write([["d", "4"]])
      await cache.close()
      const again = await fileCache(folder)
      expect(await again.list("")).toEqual([
        ["a", "1"],
        ["d", "4"],
      ])
      await again.close()
    }
  })

  test("a damaged line loses its own batch only", async () => {
    const folder = await freshFolder()
    const first = await fileCache(folder)
    await first.write([["a", "1"]])
    await first.write([["b", "2"]])
    await first.write([["c", "3"]])
    await first.close()
    const lines = (await readFile(journalOf(folder), "utf8")).split("\n")
    await writeFile(journalOf(folder), [lines[0], "#damaged", lines[2], ""].join("\n"))
    const again = await fileCache(folder)
    expect(await again.list("")).toEqual([
      ["a", "1"],
      ["c", "3"],
    ])
    await again.close()
  })

  test("after scrubbing, an erased word is nowhere in the folder", async () => {
    const folder = await freshFolder()
    const cache = await fileCache(folder)
    await cache.write([["a", "a secret word"]])
    await cache.write([["a", undefined]])
    expect(await readFile(journalOf(folder), "utf8")).toContain("secret")
    await cache.scrub()
    expect(await readFile(journalOf(folder), "utf8")).not.toContain("secret")
    await cache.close()
  })

  test("the journal does not grow with every change", async () => {
    const folder = await freshFolder()
    const cache = await fileCache(folder)
    for (let round = 0; round < 300; round++) await cache.write([["a", `${round} ${"word ".repeat(200)}`]])
    expect((await stat(journalOf(folder))).size).toBeLessThan(70_000)
    await cache.close()
  })

  test("a second program is told that the folder is in use", async () => {
    const folder = await freshFolder()
    const cache = await fileCache(folder)
    await expect(fileCache(folder)).rejects.toThrow("Another program uses the cache")
    await cache.close()
    await (await fileCache(folder)).close()
  })

  test("the lock of a program that died is no hindrance", async () => {
    const folder = await freshFolder()
    await (await fileCache(folder)).close()
    const dead = Bun.spawn(["true"])
    await dead.exited
    for (const holder of [String(dead.pid), String(process.pid), "", "no number"]) {
      await writeFile(join(folder, "lock"), holder)
      await (await fileCache(folder)).close()
    }
  })
})
