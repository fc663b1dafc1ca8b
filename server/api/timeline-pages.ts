import { isVisible } from "../../protocol/head.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import type { PageQuery, Stored } from "../core/ports.ts"
import { fold, withThreads } from "./fold.ts"
import type { Signed } from "./handler.ts"
import { type Inside, readInside } from "./inside.ts"
import { type Direction, directed, directionOf, limitOf, withName } from "./paging.ts"

/** Messages on a page; more would not fit a screen, and each is folded. */
const MESSAGES_MAX = 200
const MESSAGES_USUAL = 50

interface Wanted extends Direction {
  readonly around?: number
  readonly root?: number
  readonly limit?: number
  readonly next?: string
  readonly names?: boolean
}

/** A page of the folded timeline; see `messages.list`. */
export async function timelinePage(asked: Signed, ref: string, wanted: Wanted) {
  const { api } = asked
  if (wanted.around !== undefined && (wanted.before !== undefined || wanted.after !== undefined))
    return refuse("bad-input", "around stands alone, without before and after.")
  const direction = directionOf(wanted)
  if (isRefusal(direction)) return direction
  const limit = limitOf(wanted.limit, MESSAGES_MAX, MESSAGES_USUAL)
  const read = await readInside(asked, ref, async (inside) => {
    const { room, head, member } = inside
    const { root } = wanted
    const reach = { room, from: member.from, asOf: head.seq, ...(root !== undefined && { root }) }
    const isRoot = root === undefined || (await seesRoot(asked, inside, root))
    if (!isRoot) return undefined
    const isAround = wanted.around !== undefined && wanted.next === undefined
    const page = isAround
      ? await around(asked, reach, wanted.around ?? 0, limit)
      : await towards(asked, reach, direction, limit)
    const shown = await fold(api, room, page.events, head.seq)
    return {
      ...page,
      shown: root === undefined ? await withThreads(api, room, shown) : shown,
      asOf: head.seq,
    }
  })
  if (isRefusal(read)) return read
  const { inside, found } = read
  if (!found) return refuse("no-such-message", "The message this thread grows from is not there.")
  const { events, from, to, asOf, next } = found
  const hidden = new Set(
    events.filter((event) => !isVisible(event, inside.member.from)).map(({ seq }) => seq),
  )
  const messages = found.shown
    .filter(({ seq }) => !hidden.has(seq))
    .map((one) => withName(api, wanted.names, one))
  return { room: inside.room, messages, from, to, asOf, ...(next !== undefined && { next }) }
}

async function seesRoot({ api }: Signed, { room, member }: Inside, root: number): Promise<boolean> {
  const [event] = await api.log.read(room, root - 1, 1)
  return event?.kind === "message.posted" && event.root === undefined && isVisible(event, member.from)
}

interface Reach {
  readonly room: string
  readonly from: number
  readonly asOf: number
  readonly root?: number
}

interface Page {
  readonly events: readonly Stored[]
  readonly from: number
  readonly to: number
  readonly next?: string
}

async function towards(asked: Signed, reach: Reach, direction: Direction, limit: number): Promise<Page> {
  const { after, before } = direction
  const end = Math.min(before ?? Number.MAX_SAFE_INTEGER, reach.asOf + 1)
  const events = await shown(asked, reach, {
    before: end,
    ...(after !== undefined && { after }),
    limit: limit + 1,
  })
  const hasMore = events.length > limit
  const page = events.slice(0, limit)
  const last = page.at(-1)?.seq ?? 0
  if (after !== undefined) {
    const start = Math.max(after + 1, reach.from)
    return hasMore
      ? { events: page, from: start, to: last, next: directed("after", last) }
      : { events: page, from: start, to: Math.max(end - 1, start - 1) }
  }
  return hasMore
    ? { events: page, from: last, to: end - 1, next: directed("before", last) }
    : { events: page, from: reach.from, to: Math.max(end - 1, reach.from - 1) }
}

/** Half of the page before a place, that place itself, and half of it after. It is gone on from with before and after. */
async function around(asked: Signed, reach: Reach, seq: number, limit: number): Promise<Page> {
  const middle = Math.min(seq, reach.asOf)
  const above = Math.floor(limit / 2)
  const [lower, upper] = await Promise.all([
    towards(asked, reach, { before: middle + 1 }, limit - above),
    above === 0 ? undefined : towards(asked, reach, { after: middle }, above),
  ])
  if (!upper) return lower
  return { events: [...lower.events, ...upper.events], from: lower.from, to: upper.to }
}

function shown({ api }: Signed, { room, from, root }: Reach, query: Omit<PageQuery, "from" | "root">) {
  return api.pages.shown(room, { ...query, from, ...(root !== undefined && { root }) })
}
