import { join } from "node:path"
import { refuse } from "../../protocol/refusals.ts"
import type { Feed, SearchIndex } from "../core/ports.ts"
import { commander } from "./control.ts"
import { messageOf } from "./faults.ts"
import { lane } from "./lane.ts"
import { feedSource } from "./search-feed.ts"
import { followLog } from "./search-follower.ts"
import type { SearchAnswer, SearchAsk, SearchOrder } from "./search-worker.ts"

const INDEX_FILE = "search.db"
/** Bells that ring within this time are one: what is sent is found that much later, and costs a fraction in company. */
const WAKE_EVERY_MS = 100
/** A search takes about a millisecond: many in a message would only wait for each other. */
const ASKS = { messagesInFlightMax: 4, weigh: () => 1, weightMax: 16 }

type SearchOptions = (
  | { readonly kind: "sqlite"; readonly folder: string }
  | { readonly kind: "memory"; readonly feed: Feed }
) & {
  /** What went wrong, in a sentence for the operator; nothing needs to be done unless it is said again and again. */
  readonly broke?: (error: unknown) => void
}

/**
 * Opens the search over a store, which is open already. With SQLite the index is a file of its own, made and read by a
 * worker of its own; it may be deleted whenever no server runs.
 */
export async function openSearch(options: SearchOptions): Promise<SearchIndex> {
  const broke = options.broke ?? ((error) => console.error(messageOf(error)))
  return options.kind === "sqlite" ? openWorker(options.folder, broke) : openMemory(options.feed, broke)
}

function openMemory(feed: Feed, broke: (error: unknown) => void): SearchIndex {
  const source = feedSource(feed)
  const follower = followLog({
    path: ":memory:",
    store: "memory",
    source,
    tell: (text) => broke(new Error(text)),
  })
  const wakes = bell(follower.wake)
  return {
    search: async (query) => follower.search(query),
    wake: wakes.ring,
    lag: async () => {
      const lag = follower.lag(await source.unread())
      follower.wake()
      return lag
    },
    async close() {
      wakes.stop()
      follower.close()
    },
  }
}

async function openWorker(folder: string, broke: (error: unknown) => void): Promise<SearchIndex> {
  const worker = new Worker(new URL("./search-worker.ts", import.meta.url), { smol: true })
  const order = commander<SearchOrder>(worker)
  const asks = lane<SearchAsk, SearchAnswer>(worker, ASKS)
  worker.addEventListener("error", (event) => {
    broke(new Error(`The search has stopped; restart the server. ${event.message}`))
    asks.fail(new Error("The search has stopped."))
  })
  await order({ order: "open", folder, path: join(folder, INDEX_FILE) })

  async function ask(question: SearchAsk): Promise<SearchAnswer> {
    const answer = await asks.ask(question)
    for (const trouble of answer.troubles) broke(new Error(trouble))
    if (answer.failed !== undefined) throw new Error(`The search failed: ${answer.failed}`)
    return answer
  }

  const wakes = bell(() => {
    ask(["wake"]).catch(broke)
  })
  return {
    async search(query) {
      const answer = await ask(["search", query])
      return answer.page ?? refuse("busy")
    },
    wake: wakes.ring,
    async lag() {
      const answer = await ask(["lag"])
      await ask(["wake"])
      return answer.lag ?? { events: 0, ms: 0 }
    },
    async close() {
      wakes.stop()
      await order({ order: "close" })
      worker.terminate()
    },
  }
}

/** At most one call in so long, and always one after the last ring. */
function bell(call: () => void): { ring(): void; stop(): void } {
  let rung = false
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    ring() {
      if (rung) return
      rung = true
      timer = setTimeout(() => {
        rung = false
        call()
      }, WAKE_EVERY_MS)
    },
    stop() {
      rung = true
      clearTimeout(timer)
    },
  }
}
