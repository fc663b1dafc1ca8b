import { afterAll } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { storeContract } from "./contract.ts"
import { openStore } from "./open.ts"

const home = mkdtempSync(join(tmpdir(), "parley-store-"))
afterAll(() => rmSync(home, { recursive: true, force: true }))

storeContract("a store in SQLite", () => openStore({ kind: "sqlite", folder: join(home, "contract") }))
