import type { Database } from "bun:sqlite"
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { databasePath, openForReading, openForWriting } from "./database.ts"
import { ensureEpoch } from "./epochs.ts"
import { messageOf } from "./faults.ts"
import { lockFolder } from "./lock.ts"
import { schemaOf } from "./migrate.ts"
import { migrations } from "./migrations/list.ts"
import type { KnownHead, Verification, VerifyProgress } from "./verification.ts"
import { verifyDatabase } from "./verify.ts"

/** What a backup or a restore brought over. */
export interface CopyReport {
  readonly folder: string
  readonly bytes: number
  readonly rooms: number
  readonly events: number
}

type Tell = (progress: VerifyProgress) => void

/** Checks the store in a folder, whether a server runs on it or not. */
export function verifyFolder(
  folder: string,
  known: readonly KnownHead[],
  tell: Tell,
): Verification | Refusal {
  return reading(databasePath(folder), (db) => run(verifyDatabase(db, known), tell))
}

/**
 * Copies the store of a folder, while a server writes to it, into a folder that is empty or not there. The copy is one
 * moment of the log; it is checked and on disk before it gets its name, so there is never half a backup.
 */
export function backupFolder(from: string, to: string, tell: Tell): CopyReport | Refusal {
  if (!isEmpty(to))
    return refuse("bad-input", `The folder ${to} is not empty; take another one for the backup.`)
  return copyChecked(from, to, tell)
}

/**
 * Puts a backup into a data folder and begins a new epoch there, so that clients that knew the original follow it anew.
 * With `replace` the store that is there is given up. Throws a sentence when a server runs on the folder.
 */
export function restoreFolder(
  from: string,
  to: string,
  { replace }: { readonly replace: boolean },
  tell: Tell,
): CopyReport | Refusal {
  if (!isEmpty(to) && !replace) {
    return refuse(
      "bad-input",
      `The folder ${to} is not empty; take another one, or say that it may be replaced.`,
    )
  }
  mkdirSync(to, { recursive: true, mode: 0o700 })
  const unlock = lockFolder(to)
  try {
    return copyChecked(from, to, tell, (partial) => {
      const db = openForWriting(partial)
      ensureEpoch(db, Date.now())
      db.close(true)
    })
  } finally {
    unlock()
  }
}

function copyChecked(
  from: string,
  to: string,
  tell: Tell,
  finish?: (partial: string) => void,
): CopyReport | Refusal {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  const [partial, path] = [partialPath(to), databasePath(to)]
  rmSync(partial, { force: true })
  try {
    const checked = reading(databasePath(from), (db) => {
      db.prepare("vacuum into ?").run(partial)
      return reading(partial, (copy) => run(verifyDatabase(copy), tell))
    })
    if ("code" in checked) return checked
    const [first] = checked.damages
    if (first) {
      return refuse(
        "store-damaged",
        `The store in ${from} is damaged, so it was not copied. ${first.message} \`parley verify\` says more.`,
      )
    }
    finish?.(partial)
    onDisk(partial)
    removeDerived(to)
    renameSync(partial, path)
    onDisk(to)
    onDisk(dirname(to))
    return { folder: to, bytes: statSync(path).size, rooms: checked.rooms, events: checked.events }
  } finally {
    rmSync(partial, { force: true })
  }
}

/** Has a database read, if it is one of ours that this program knows. */
function reading<Value>(path: string, read: (db: Database) => Value): Value | Refusal {
  if (!existsSync(path)) return refuse("no-such-thing", `There is no store at ${path}.`)
  let db: Database | undefined
  try {
    db = openForReading(path)
    const [schema, newest] = [schemaOf(db), migrations.length]
    if (schema <= newest) return read(db)
    return refuse("bad-input", `${path} was written by a newer version of Parley; update the program.`)
  } catch (error) {
    const why = messageOf(error)
    return refuse("store-damaged", `${path} cannot be read as a store of Parley: ${why}.`)
  } finally {
    db?.close(true)
  }
}

/** Runs a verification to its end. */
function run(verification: ReturnType<typeof verifyDatabase>, tell: Tell): Verification {
  for (;;) {
    const step = verification.next()
    if (step.done) return step.value
    tell(step.value)
  }
}

/** A lock, and what was cut short earlier, do not count. */
function isEmpty(folder: string): boolean {
  if (!existsSync(folder)) return true
  return readdirSync(folder).every((name) => name === "lock" || join(folder, name) === partialPath(folder))
}

function partialPath(folder: string): string {
  return `${databasePath(folder)}.partial`
}

/** What belongs to the store that is replaced: SQLite would take its log file for the new one's. */
function removeDerived(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (/^(parley\.db-(wal|shm)|search\.db(-wal|-shm)?)$/.test(name)) rmSync(join(folder, name))
  }
}

function onDisk(path: string): void {
  const file = openSync(path, "r")
  fsyncSync(file)
  closeSync(file)
}
