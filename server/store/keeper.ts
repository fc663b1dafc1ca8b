import { type Command, commander, type Tell } from "./control.ts"
import type { Checkpoint } from "./database.ts"
import { messageOf } from "./faults.ts"
import type { KeeperOrder } from "./keeper-worker.ts"
import type { WriterOrder } from "./writer-worker.ts"

/** Keeps SQLite's log file short, and empties it soon after an erasure. */
export interface Keeper {
  /** So many events were committed, and so many bytes were told for it. */
  committed(events: number, bytes: number): void
  erased(): void
  stop(): void
}

/** A keeper's worker, started when it is first needed: an idle server does without. */
export function keeperWorker(path: string): {
  readonly order: Command<KeeperOrder>
  close(): Promise<void>
} {
  let started: Promise<{ readonly worker: Worker; readonly order: Command<KeeperOrder> }> | undefined
  async function start() {
    const worker = new Worker(new URL("./keeper-worker.ts", import.meta.url), { smol: true })
    const order = commander<KeeperOrder>(worker)
    try {
      await order({ order: "open", path })
    } catch (error) {
      worker.terminate()
      started = undefined
      throw error
    }
    return { worker, order }
  }
  return {
    async order<Value>(order: KeeperOrder) {
      started ??= start()
      return (await started).order<Value>(order)
    },
    async close() {
      const keeper = await started?.catch(() => undefined)
      await keeper?.order({ order: "close" })
      keeper?.worker.terminate()
    },
  }
}

/** About 16 MB, guessed from what was committed: a commit touches a few pages, an event two more. */
const PAGES_PER_CHECKPOINT = 4_000
const PAGES_PER_COMMIT = 5
const PAGES_PER_EVENT = 2
/** So much may be new in the database by then: it has to fit in the room that is kept free on the disk. */
const BYTES_PER_CHECKPOINT = 6 * 1024 * 1024
/** Beyond 64 MB the writer itself finishes a checkpoint, so that the file starts anew instead of growing. */
const PAGES_IN_FILE_MAX = 16_000
/** What was erased is in the log file for no longer than a minute. */
const EMPTY_AFTER_MS = 20_000
const EMPTY_AGAIN_AFTER_MS = 5_000

export function keep(order: Command<KeeperOrder>, orderWriter: Command<WriterOrder>, tell: Tell): Keeper {
  let pages = 0
  let written = 0
  let busy = false
  let emptying: Timer | undefined
  let stopped = false

  function failed(error: unknown): void {
    tell(`The store's log file could not be emptied; that is tried again. ${messageOf(error)}`)
  }

  async function checkpoint(): Promise<void> {
    const { pagesInFile } = await order<Checkpoint>({ order: "checkpoint" })
    if (pagesInFile > PAGES_IN_FILE_MAX) await orderWriter({ order: "checkpoint", mode: "passive" })
  }

  async function empty(): Promise<void> {
    await order({ order: "checkpoint" })
    const { isEmpty } = await orderWriter<Checkpoint>({ order: "checkpoint", mode: "truncate" })
    // Someone is reading from it just now: a backup, a search.
    if (!isEmpty) emptyAfter(EMPTY_AGAIN_AFTER_MS)
  }

  function emptyAfter(ms: number): void {
    if (stopped) return
    emptying = setTimeout(() => {
      emptying = undefined
      empty().catch((error: unknown) => {
        failed(error)
        emptyAfter(EMPTY_AGAIN_AFTER_MS)
      })
    }, ms)
    emptying.unref()
  }

  return {
    committed(events, bytes) {
      pages += PAGES_PER_COMMIT + events * PAGES_PER_EVENT
      written += bytes
      if (busy || (pages < PAGES_PER_CHECKPOINT && written < BYTES_PER_CHECKPOINT)) return
      busy = true
      pages = 0
      written = 0
      checkpoint()
        .catch(failed)
        .finally(() => {
          busy = false
        })
    },
    erased() {
      if (!emptying) emptyAfter(EMPTY_AFTER_MS)
    },
    stop() {
      stopped = true
      clearTimeout(emptying)
      emptying = undefined
    },
  }
}
