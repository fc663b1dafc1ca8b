import { isRefusal, type Refusal } from "../protocol/refusals.ts"
import { show } from "../protocol/timeline.ts"
import type { Ask, ChangesTold, PageTold, ThreadTold } from "./calls.ts"
import type { Replica } from "./replica.ts"
import type { Page, Scroll } from "./scroll.ts"

/** Messages asked for at once. */
const PAGE = 50
/** How often a page is asked for again that is older than what has arrived: the node that answered is behind. */
const ATTEMPTS_MAX = 3
/** Who would have to ask for more changes than this asks for the pages anew. */
const CHANGES_ROUNDS_MAX = 4

/** Whether there is more in that direction. */
export type Loaded = { readonly more: boolean } | Refusal

/** Which part of a timeline is wanted. */
type Where = { readonly before: number } | { readonly after: number } | { readonly around: number }

/** Fetches what lies outside of what has arrived, a page at a time, into a room's scroll or a thread's. */
export class Pages {
  readonly #replica: Replica
  readonly #ask: Ask
  readonly #took: (page: PageTold | undefined, seqs: readonly number[]) => void
  /** The same page is asked for once, however many want it. */
  readonly #loading = new Map<string, Promise<Loaded>>()

  /** `took` hears what came: the page, where it is one, and which things are new here. */
  constructor(
    replica: Replica,
    ask: Ask,
    took: (page: PageTold | undefined, seqs: readonly number[]) => void,
  ) {
    this.#replica = replica
    this.#ask = ask
    this.#took = took
  }

  /** The page before the stretch that holds `at`; without it, before what has grown. Of a thread, by its `root`. */
  async older(at?: number, root?: number): Promise<Loaded> {
    const { scroll, place } = this.#of(root)
    if (!scroll || !place) return { more: true }
    const before = scroll.stretch(at)?.from ?? place.cursor + 1
    return before <= scroll.first ? { more: false } : this.#once({ before }, root)
  }

  /** The page behind the stretch that holds `at`. */
  async newer(at: number, root?: number): Promise<Loaded> {
    const { scroll, place } = this.#of(root)
    const stretch = scroll?.stretch(at)
    if (!stretch || !place || stretch.to >= place.cursor) return { more: false }
    return this.#once({ after: stretch.to }, root)
  }

  /** A page with `seq` in its middle. */
  around(seq: number): Promise<Loaded> {
    return this.#once({ around: seq })
  }

  /** Brings up to date what was kept while so much was said that it was not replayed, and shows it again. */
  async refresh(kept: Page): Promise<void> {
    const { scroll, room } = this.#replica
    const record = this.#replica.record()
    const items = new Map(kept.items.map((item) => [item.seq, item]))
    let asOf = kept.asOf
    for (let round = 0; round < CHANGES_ROUNDS_MAX; round++) {
      const input = { room, from: kept.from, to: kept.to, asOf }
      const told = await this.#ask<ChangesTold>("messages.changes", input).catch(() => undefined)
      if (!told || isRefusal(told)) break
      for (const event of told.events) {
        const shown = show(items.get(event.target ?? 0), event)
        if (shown) items.set(shown.seq, shown)
      }
      asOf = told.asOf
      if (told.more) continue
      if (this.#replica.scroll === scroll && this.#replica.place)
        this.#took(undefined, scroll.merge({ ...kept, items: [...items.values()], asOf }, record.changes))
      break
    }
    record.stop()
  }

  #of(root: number | undefined): { scroll: Scroll | undefined; place: Replica["place"] } {
    const { threads, scroll, place } = this.#replica
    return { scroll: root === undefined ? scroll : threads.get(root), place }
  }

  #once(where: Where, root?: number): Promise<Loaded> {
    const key = JSON.stringify([where, root])
    const known = this.#loading.get(key)
    if (known !== undefined) return known
    const loading = this.#load(where, root).finally(() => this.#loading.delete(key))
    this.#loading.set(key, loading)
    return loading
  }

  async #load(where: Where, root: number | undefined): Promise<Loaded> {
    const input = {
      room: this.#replica.room,
      limit: PAGE,
      names: true,
      ...where,
      ...(root !== undefined && { root }),
    }
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const { scroll, place } = this.#of(root)
      const record = this.#replica.record()
      const page = await this.#ask<PageTold>("messages.list", input).finally(() => record.stop())
      if (isRefusal(page)) return page
      // It belongs to a log that has been begun anew since.
      if (!scroll || scroll !== this.#of(root).scroll) return { more: true }
      if (page.asOf < (place?.cursor ?? 0)) continue
      const items = page.messages.map(({ name: _, thread: __, ...item }) => item)
      const seqs = scroll.merge({ from: page.from, to: page.to, asOf: page.asOf, items }, record.changes)
      const isEnd = page.next === undefined && !("after" in where)
      if (isEnd && !("around" in where)) scroll.first = page.from
      this.#took(page, seqs)
      return { more: page.next !== undefined }
    }
    return { more: true }
  }
}

/** What a page says of the threads that grow from its messages. */
export function threadsOf({ messages }: PageTold): readonly (readonly [root: number, thread: ThreadTold])[] {
  return messages.flatMap(({ seq, thread }) => (thread ? [[seq, thread] as const] : []))
}
