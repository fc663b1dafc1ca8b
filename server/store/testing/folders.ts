import { afterAll } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Gives folders that are not there yet, and removes them after the tests of the file. */
export function folders(): (name: string) => string {
  const home = mkdtempSync(join(tmpdir(), "parley-store-"))
  afterAll(() => rmSync(home, { recursive: true, force: true }))
  let count = 0
  return (name) => join(home, `${name}-${count++}`)
}
