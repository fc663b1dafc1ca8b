import Type from "typebox"
import { UuidText } from "../../protocol/events/matter.ts"
import { isVisible } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Shown } from "../../protocol/timeline.ts"
import type { SearchQuery, TypedSearch } from "../core/ports.ts"
import { fold } from "./fold.ts"
import { type Signed, signedIn } from "./handler.ts"
import { accountOf, inside } from "./inside.ts"
import { limitOf, withName } from "./paging.ts"
import { Limit, Message, Names, Next, nextPage, RoomRef } from "./shapes.ts"

const HITS_MAX = 100
const HITS_USUAL = 20

export const search = [
  signedIn({
    name: "search.messages",
    at: "GET /search",
    about:
      'Looks for messages in the rooms one is in: words, "a phrase", -word, from:, in:, on:, before:, after:.',
    input: {
      q: Type.String({ maxLength: limits.searchCharsMax }),
      /** In this room alone. */
      room: Type.Optional(RoomRef),
      /** How many minutes one's clock is ahead of UTC; days begin by it. */
      offset: Type.Optional(Type.Integer({ minimum: -1_440, maximum: 1_440 })),
      limit: Limit,
      next: Next,
      names: Names,
    },
    output: Type.Object({
      /** By time, newest first. */
      hits: Type.Array(Type.Object({ room: UuidText, message: Message })),
      ...nextPage,
    }),
    run: async (asked, { q, room, offset = 0, limit, next, names }) => {
      const { api } = asked
      const typed = api.language.parse(q, offset)
      if (isRefusal(typed)) return typed
      const query = await queryOf(asked, typed, room)
      if (isRefusal(query)) return query
      const found = await api.search.search({
        ...query,
        limit: limitOf(limit, HITS_MAX, HITS_USUAL),
        ...(next !== undefined && { next }),
      })
      if (isRefusal(found)) return found
      const read = await Promise.all(found.hits.map((hit) => messageAt(asked, hit)))
      const shown = await Promise.all(read.map((hit) => stillSeen(asked, hit)))
      const hits = shown.flatMap((hit) =>
        hit ? [{ room: hit.room, message: withName(api, names, hit.message) }] : [],
      )
      return { hits, ...(found.next !== undefined && { next: found.next }) }
    },
  }),
]

/** What the index is asked: in the rooms one is in, and no others. */
async function queryOf(
  asked: Signed,
  typed: TypedSearch,
  room: string | undefined,
): Promise<Omit<SearchQuery, "limit" | "next"> | Refusal> {
  const named = room === undefined ? typed.in : [room]
  const rooms = named.length > 0 ? await theseRooms(asked, named) : await allRooms(asked)
  if (isRefusal(rooms)) return rooms
  const by: Uuid[] = []
  for (const name of typed.from) {
    const account = accountOf(asked, name)
    if (isRefusal(account)) return refuse("no-such-account", `There is no account called ${name}.`)
    by.push(account.id)
  }
  const { terms, fromMs, toMs } = typed
  return {
    terms,
    rooms,
    ...(by.length > 0 && { by }),
    ...(fromMs !== undefined && { fromMs }),
    ...(toMs !== undefined && { toMs }),
  }
}

async function theseRooms(asked: Signed, refs: readonly string[]) {
  const rooms = new Map<Uuid, number>()
  for (const ref of refs) {
    const found = await inside(asked, ref)
    if (isRefusal(found)) return found
    rooms.set(found.room, found.member.from)
  }
  return [...rooms].map(([room, from]) => ({ room, from }))
}

async function allRooms(asked: Signed) {
  const all = await asked.api.pages.roomsOf(asked.who.id)
  const found = await Promise.all(
    all.flatMap(({ room, type }) => (type === "room" || type === "direct" ? [inside(asked, room)] : [])),
  )
  return found.flatMap((one) => (isRefusal(one) ? [] : [{ room: one.room, from: one.member.from }]))
}

interface Hit {
  readonly room: Uuid
  readonly cites: number
  readonly message: Extract<Shown, { type: "message" }>
}

/** What stands there now, by the log itself; an index may be behind. */
async function messageAt(
  { api }: Signed,
  { room, seq }: { readonly room: Uuid; readonly seq: number },
): Promise<Hit | undefined> {
  const [event] = await api.log.read(room, seq - 1, 1)
  if (event?.seq !== seq || event.body === null) return undefined
  const head = await api.rooms.head(room)
  const [message] = await fold(api, room, [event], head?.seq ?? seq)
  if (message?.type !== "message" || message.deleted) return undefined
  return { room, cites: event.cites ?? seq, message }
}

/** Judged when everything is read: whoever was removed meanwhile sees nothing. */
async function stillSeen(asked: Signed, hit: Hit | undefined): Promise<Hit | undefined> {
  const found = hit && (await inside(asked, hit.room))
  if (!hit || !found || isRefusal(found)) return undefined
  const { seq } = hit.message
  return isVisible({ seq, cites: hit.cites }, found.member.from) ? hit : undefined
}
