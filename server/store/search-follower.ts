import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { SearchIndex, SearchPage, SearchQuery } from "../core/ports.ts"
import { faultOf, messageOf } from "./faults.ts"
import { type IndexFile, openIndex, removeIndex } from "./search-index.ts"
import { pages } from "./search-pages.ts"
import type { Row } from "./search-rows.ts"
import type { Change, Source, Unread } from "./search-source.ts"
import { authorWord, indexed, roomWord } from "./search-words.ts"

/** The log is looked at this often even when nobody rings. */
const LOOK_EVERY_MS = 1_000
const RETRY_AFTER_MS = 5_000
/** While messages come in without a pause, removed words stay in SQLite's log file up to this long. */
const WIPE_EVERY_MS = 10_000

type Lag = Awaited<ReturnType<SearchIndex["lag"]>>

interface FollowerOptions {
  readonly path: string
  /** An id of the store that changes when it is restored or copied. */
  readonly store: string
  readonly source: Source
  /** What went wrong, in a sentence for the operator; the follower goes on by itself. */
  readonly tell: (sentence: string) => void
}

export interface SearchFollower {
  search(query: SearchQuery): SearchPage | Refusal
  wake(): void
  /** How far the log has been read; 0 while there is no index that can be read. */
  position(): number
  lag(unread: Unread): Lag
  /** Batches are whole or not there, so none is waited for. */
  close(): void
}

/**
 * Keeps an index up to the log, batch by batch, and answers from it between batches. An index that cannot be read, or was
 * read from another log, is thrown away and made again.
 */
export function followLog(options: FollowerOptions): SearchFollower {
  const { source, tell } = options
  const holder = indexHolder(options)
  const bell = doorbell()
  let closed = false
  let caughtUpAtMs = 0

  /** One batch. True when there is more to do at once. */
  async function step(): Promise<boolean> {
    const index = holder.open()
    const startedAtMs = Date.now()
    const stretch = await source.read(index.file.cursor().n)
    if (closed) return false
    if (stretch) {
      const rows = rowsOf(stretch.changes)
      index.file.write(rows, stretch.to)
      index.unwiped ||= rows.some((row) => !row.fresh)
    }
    const more = stretch?.more ?? false
    if (!more) {
      caughtUpAtMs = startedAtMs
      holder.isFine()
    }
    wipe(index, more)
    return more || index.unwiped
  }

  async function run(): Promise<void> {
    while (!closed) {
      try {
        if (await step()) await turn()
        else await bell.rung(LOOK_EVERY_MS)
      } catch (error) {
        const again = holder.drop(error)
        await bell.rung(again ? RETRY_AFTER_MS : 0)
      }
    }
  }
  run().catch((error) => tell(`The search index has stopped: ${messageOf(error)}`))

  return {
    search(query) {
      try {
        return holder.open().answer(query)
      } catch (error) {
        holder.drop(error)
        bell.ring()
        return refuse("busy", "The search index is being repaired; search again in a moment.")
      }
    },
    wake: bell.ring,
    position() {
      try {
        return holder.open().file.cursor().n
      } catch (error) {
        holder.drop(error)
        return 0
      }
    },
    lag({ events, at }) {
      // What was sent long ago may have been imported just now: it has waited no longer than since the log was last read.
      return { events, ms: events === 0 ? 0 : Math.max(0, Date.now() - Math.max(at, caughtUpAtMs)) }
    },
    close() {
      closed = true
      bell.ring()
      holder.close()
    },
  }
}

interface OpenIndex {
  readonly file: IndexFile
  readonly answer: (query: SearchQuery) => SearchPage | Refusal
  /** Bytes of what was removed may still be in the files. */
  unwiped: boolean
  wipedAtMs: number
}

/** While more comes in, only now and then: what was removed is gone within a minute, not at once. */
function wipe(index: OpenIndex, more: boolean): void {
  if (!index.unwiped || (more && Date.now() - index.wipedAtMs < WIPE_EVERY_MS)) return
  index.unwiped = index.file.wipe()
  if (!index.unwiped) index.wipedAtMs = Date.now()
}

/** The open index; opened when it is needed, dropped when it is in trouble. */
function indexHolder({ path, store, source, tell }: FollowerOptions) {
  let index: OpenIndex | undefined
  let told = ""

  function opened(): IndexFile {
    const file = openIndex(path, store)
    if (source.knows(file.cursor())) return file
    file.close()
    removeIndex(path)
    return openIndex(path, store)
  }
  function close(): void {
    index?.file.close()
    index = undefined
  }

  return {
    open(): OpenIndex {
      if (!index) {
        const file = opened()
        index = { file, answer: pages(file.db, source), unwiped: true, wipedAtMs: 0 }
      }
      return index
    },
    /**
     * Whatever state the database was left in, the next use begins from the file, or from nothing where that is damaged.
     * True when this happened again before all was fine.
     */
    drop(error: unknown): boolean {
      const damaged = faultOf(error) === "damaged"
      const trouble = damaged ? "is damaged and is made again" : "cannot go on"
      const sentence = `The search index ${trouble}: ${messageOf(error)}`
      const again = told !== ""
      if (sentence !== told) tell(sentence)
      told = sentence
      close()
      if (damaged) removeIndex(path)
      return again
    },
    isFine(): void {
      told = ""
    },
    close,
  }
}

/** Of several changes of one message the last one counts. */
function rowsOf(changes: readonly Change[]): Row[] {
  const byArrival = new Map<number, Row>()
  for (const { room, seq, at, n, by, text, fresh } of changes) {
    const words = text === undefined ? undefined : `${indexed(text)} ${roomWord(room)} ${authorWord(by)}`
    byArrival.set(n, { room, seq, at, n, words, fresh: fresh || (byArrival.get(n)?.fresh ?? false) })
  }
  return [...byArrival.values()]
}

/** Lets searches in that arrived meanwhile. */
function turn(): Promise<void> {
  return new Promise((go) => setImmediate(go))
}

function doorbell() {
  let [waiting, ringing]: [(() => void) | undefined, boolean] = [undefined, false]
  return {
    ring(): void {
      ringing = true
      waiting?.()
    },
    /** When it was rung since the last time, or after so long. */
    rung(atMostMs: number): Promise<void> {
      return new Promise((go) => {
        const end = () => {
          clearTimeout(timer)
          ;[waiting, ringing] = [undefined, false]
          go()
        }
        const timer = setTimeout(end, ringing ? 0 : atMostMs)
        waiting = end
      })
    },
  }
}
