import type { Database } from "bun:sqlite"
import type { Refusal } from "../../protocol/refusals.ts"
import type { SearchIndex, SearchPage, SearchQuery } from "../core/ports.ts"
import { serveOrders } from "./control.ts"
import { openReadOnly } from "./database.ts"
import { messageOf } from "./faults.ts"
import { serveLane } from "./lane.ts"
import { followLog, type SearchFollower } from "./search-follower.ts"
import { type LogSource, logSource } from "./search-log.ts"

export type SearchOrder =
  | { readonly order: "open"; readonly folder: string; readonly path: string }
  | { readonly order: "close" }

export type SearchAsk = readonly ["search", SearchQuery] | readonly ["lag"] | readonly ["wake"]

/** `troubles`: what the operator has not been told yet. */
export interface SearchAnswer {
  readonly page?: SearchPage | Refusal
  readonly lag?: Awaited<ReturnType<SearchIndex["lag"]>>
  readonly failed?: string
  readonly troubles: readonly string[]
}

interface Opened {
  readonly follower: SearchFollower
  readonly source: LogSource
  close(): void
}

let opened: Opened | undefined
const troubles: string[] = []

serveOrders<SearchOrder>((order) => {
  switch (order.order) {
    case "open": {
      const log = openReadOnly(order.folder, LOG_CACHE_KIB)
      const source = logSource(log)
      const follower = followLog({
        path: order.path,
        store: newestEpoch(log),
        source,
        tell: (sentence) => troubles.push(sentence),
      })
      const close = () => {
        follower.close()
        log.close()
      }
      opened = { follower, source, close }
      return undefined
    }
    case "close":
      opened?.close()
      return undefined
    default:
      return order satisfies never
  }
})

/** A restored or copied store has another. */
function newestEpoch(log: Database): string {
  const newest = "select id from epoch order by from_n desc, rowid desc limit 1"
  return log.query<{ id: string }, []>(newest).get()?.id ?? ""
}

/** The log is read once, in order: there is nothing to keep. */
const LOG_CACHE_KIB = 500

serveLane<SearchAsk, SearchAnswer>((asks) => asks.map(answer))

function answer(ask: SearchAsk): SearchAnswer {
  try {
    if (!opened) throw new Error("The search index was asked before it was opened.")
    return { ...answerFrom(opened, ask), troubles: troubles.splice(0) }
  } catch (error) {
    return { failed: messageOf(error), troubles: troubles.splice(0) }
  }
}

function answerFrom({ follower, source }: Opened, ask: SearchAsk): Omit<SearchAnswer, "troubles"> {
  switch (ask[0]) {
    case "search":
      return { page: follower.search(ask[1]) }
    case "lag":
      return { lag: follower.lag(source.unread(follower.position())) }
    case "wake":
      follower.wake()
      return {}
    default:
      return ask satisfies never
  }
}
