import { type FileHandle, mkdir, open, readFile, rename, unlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Cache, Change } from "../ports.ts"

/** A journal shorter than this is not worth rewriting. */
const JOURNAL_BYTES_MIN = 65_536
/** It is rewritten when it is so many times as long as what it holds. */
const JOURNAL_GROWTH_MAX = 4

/** Folders this process has open: a lock with our own process id may be left from a process before a restart. */
const opened = new Set<string>()

/**
 * A cache in a folder of its own, readable by its owner only: a journal with one batch a line, on disk when `write`
 * resolves. Throws when another program uses the folder.
 */
export async function fileCache(folder: string): Promise<Cache> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unlock = await lock(folder)
  try {
    const journal = await Journal.open(folder)
    return {
      get: async (key) => journal.entries.get(key),
      list: async (prefix) =>
        [...journal.entries].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)),
      write: (changes) => journal.inTurn(() => journal.append(changes)),
      scrub: () => journal.inTurn(() => journal.rewrite()),
      close: () =>
        journal.inTurn(async () => {
          await journal.close()
          await unlock()
        }),
    }
  } catch (error) {
    await unlock()
    throw error
  }
}

/** The file, and all that it says. */
class Journal {
  readonly entries = new Map<string, string>()
  readonly #folder: string
  #file: FileHandle
  /** How much of the file is whole batches; what follows was torn by a fault. */
  #bytes: number
  #liveBytes = 0
  #last: Promise<unknown> = Promise.resolve()

  private constructor(folder: string, file: FileHandle, bytes: number) {
    this.#folder = folder
    this.#file = file
    this.#bytes = bytes
  }

  static async open(folder: string): Promise<Journal> {
    const path = join(folder, JOURNAL)
    const file = await open(path, "a+", 0o600)
    const text = await readFile(path, "utf8")
    const whole = text.slice(0, text.lastIndexOf("\n") + 1)
    const journal = new Journal(folder, file, Buffer.byteLength(whole))
    await file.truncate(journal.#bytes)
    for (const line of whole.split("\n")) journal.#apply(readBatch(line))
    return journal
  }

  /** One thing after the other; a failed one does not keep the next from being tried. */
  inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  async append(changes: readonly Change[]): Promise<void> {
    const line = `${JSON.stringify(changes.map(([key, value]) => [key, value ?? null]))}\n`
    try {
      await this.#file.appendFile(line)
      await this.#file.datasync()
    } catch (error) {
      // Part of the line may stand there; the next one must not continue it.
      await this.#file.truncate(this.#bytes).catch(() => {})
      throw error
    }
    this.#bytes += Buffer.byteLength(line)
    this.#apply(changes)
    const bound = Math.max(JOURNAL_BYTES_MIN, this.#liveBytes * JOURNAL_GROWTH_MAX)
    if (this.#bytes > bound) await this.rewrite()
  }

  /** Writes what is live to a new file and puts that in the old one's place, on disk before and after. */
  async rewrite(): Promise<void> {
    const path = join(this.#folder, JOURNAL)
    const text = [...this.entries].map((entry) => `${JSON.stringify([entry])}\n`).join("")
    const fresh = await open(`${path}.new`, "w", 0o600)
    try {
      await fresh.writeFile(text)
      await fresh.datasync()
    } finally {
      await fresh.close()
    }
    await rename(`${path}.new`, path)
    await syncFolder(this.#folder)
    const file = await open(path, "a", 0o600)
    await this.#file.close()
    this.#file = file
    this.#bytes = Buffer.byteLength(text)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #apply(changes: readonly Change[]): void {
    for (const [key, value] of changes) {
      const before = this.entries.get(key)
      if (before !== undefined) this.#liveBytes -= key.length + before.length
      if (value === undefined) this.entries.delete(key)
      else {
        this.entries.set(key, value)
        this.#liveBytes += key.length + value.length
      }
    }
  }
}

const JOURNAL = "cache.journal"

/** A line that is no batch was damaged on disk; what it said is lost, the rest is not. */
function readBatch(line: string): Change[] {
  try {
    const batch: unknown = JSON.parse(line)
    return Array.isArray(batch) ? batch.flatMap(readChange) : []
  } catch {
    return []
  }
}

function readChange(change: unknown): Change[] {
  if (!Array.isArray(change) || typeof change[0] !== "string") return []
  return typeof change[1] === "string" || change[1] === null ? [[change[0], change[1] ?? undefined]] : []
}

/** A rename is on disk when its folder is. Where folders cannot be opened (Windows) there is nothing to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

async function lock(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock")
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, String(process.pid), { flag: "wx", mode: 0o600 })
      opened.add(folder)
      return async () => {
        opened.delete(folder)
        await unlink(path).catch(() => {})
      }
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error
      const holder = Number(await readFile(path, "utf8").catch(() => ""))
      if (isAlive(holder, folder)) break
      await unlink(path).catch(() => {})
    }
  }
  throw new Error(`Another program uses the cache in ${folder}: end it, or choose another folder.`)
}

function isAlive(process_: number, folder: string): boolean {
  if (process_ === process.pid) return opened.has(folder)
  if (!Number.isInteger(process_) || process_ <= 0) return false
  try {
    process.kill(process_, 0)
    return true
  } catch (error) {
    return isCode(error, "EPERM")
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code
}
