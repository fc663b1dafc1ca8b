import { Database } from "bun:sqlite"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isLocked } from "./faults.ts"

/** How long two processes that start at the same moment sort out which one is first. */
const WAIT_MS = 300

/** Its message is a sentence for people. */
export class FolderInUse extends Error {}

/**
 * Locks a data folder for this process. The lock is the operating system's on an open file, so it ends with the
 * process however that ends. Throws a sentence for people when another process has it.
 */
export function lockFolder(folder: string): () => void {
  const pidFile = join(folder, "parley.pid")
  const db = new Database(join(folder, "lock"), { create: true, readwrite: true })
  try {
    db.run(`pragma busy_timeout = ${WAIT_MS}`)
    // Begun and never ended: that takes the lock. It writes nothing, so it works on a full disk.
    db.run("pragma journal_mode = memory")
    db.run("begin exclusive")
  } catch (error) {
    db.close(true)
    if (!isLocked(error)) throw error
    throw new FolderInUse(
      `The data folder ${folder} is in use by another Parley server${holder(pidFile)}. Stop that one first, or take another folder.`,
    )
  }
  try {
    writeFileSync(pidFile, `${process.pid}\n`)
  } catch {
    // It only serves the sentence above; a full disk is no reason not to start.
  }
  return () => {
    rmSync(pidFile, { force: true })
    db.close(true)
  }
}

function holder(pidFile: string): string {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"))
    return Number.isInteger(pid) && pid > 0 ? ` (process ${pid})` : ""
  } catch {
    return ""
  }
}
