import { sql } from "kysely"
import Type from "typebox"
import { History, Visibility } from "../../protocol/events/matter.ts"
import { type Uuid, uuid8 } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { foldName } from "../../protocol/names.ts"
import { outside } from "../../protocol/policy.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import { appendTo } from "./append.ts"
import { type Signed, signedIn } from "./handler.ts"
import { inside, roomOf } from "./inside.ts"
import { limitOf, pageOf } from "./paging.ts"
import { roomAs, roomFor } from "./room-cards.ts"
import { Limit, Name, Next, nextPage, Room, RoomCard, RoomRef } from "./shapes.ts"

/** Rooms in a list at once: each is counted. */
const ROOMS_MAX = 500
const DIRECTORY_MAX = 200

/** Rooms as a whole: one's own, those there are, a new one. */
export const rooms = [
  signedIn({
    name: "rooms.list",
    at: "GET /rooms",
    about: "Lists the rooms one is in, direct ones too, with what is unread in each.",
    input: { limit: Limit, next: Next },
    output: Type.Object({ rooms: Type.Array(Room), ...nextPage }),
    run: async (asked, { limit, next }) => {
      const { api, who } = asked
      const all = (await api.pages.roomsOf(who.id)).filter(({ type }) => type === "room" || type === "direct")
      const { page, ...more } = pageOf(
        all,
        ({ room }) => next === undefined || room > next,
        limitOf(limit, ROOMS_MAX, ROOMS_MAX),
        ({ room }) => room,
      )
      const marks = await api.marks.of(
        who.id,
        page.map(({ room }) => room),
      )
      const rooms = await Promise.all(page.map(({ room }) => roomNow(asked, room, marks.get(room) ?? 0)))
      return { rooms: rooms.flatMap((room) => (isRefusal(room) ? [] : [room])), ...more }
    },
  }),
  signedIn({
    name: "rooms.directory",
    at: "GET /directory",
    about: "Lists the public rooms there are, by name; `search` is a part of the name.",
    input: { search: Type.Optional(Name), archived: Type.Optional(Type.Boolean()), limit: Limit, next: Next },
    output: Type.Object({ rooms: Type.Array(RoomCard), ...nextPage }),
    run: directory,
  }),
  signedIn({
    name: "rooms.create",
    at: "POST /rooms",
    about: "Makes a room; who makes it owns it. Private unless told.",
    right: "room.create",
    input: {
      name: Name,
      visibility: Type.Optional(Visibility),
      topic: Type.Optional(Type.String({ maxLength: limits.topicBytesMax })),
      history: Type.Optional(History),
    },
    output: Room,
    status: [201],
    run: async (asked, { visibility = "private", history = "shared", ...wanted }) => {
      const { actor } = asked
      const name = wanted.name.startsWith("#") ? wanted.name.slice(1) : wanted.name
      const room = roomFrom(asked)
      const body = {
        ...wanted,
        type: "room",
        name,
        visibility,
        history,
        members: [actor.account],
      }
      const made = await appendTo(asked, room, actor, { kind: "room.created", body })
      return isRefusal(made) ? made : roomNow(asked, room, 0)
    },
  }),
  signedIn({
    name: "rooms.get",
    at: "GET /rooms/{room}",
    about: "One room: all about it for its members, its card for those who may know of it.",
    input: { room: RoomRef },
    output: Type.Union([Room, RoomCard]),
    run: async (asked, { room: ref }) => {
      const found = await roomOf(asked, ref)
      if (isRefusal(found)) return found
      const { room, head } = found
      const { account } = asked.actor
      if (head.members.has(account)) {
        const marks = await asked.api.marks.of(account, [room])
        return roomNow(asked, room, marks.get(room) ?? 0)
      }
      const isOpen = head.type === "room" && (head.visibility === "public" || head.invited.has(account))
      return isOpen ? roomFor(account, room, head) : refuse(outside(head, account))
    },
  }),
]

/** A room one is in, judged once more when everything is counted. */
async function roomNow(asked: Signed, room: Uuid, mark: number) {
  const before = await inside(asked, room)
  if (isRefusal(before)) return before
  const told = await roomAs(asked, before, mark)
  const after = await inside(asked, room)
  return isRefusal(after) ? after : told
}

/** The same request makes the same room, however often it comes. */
function roomFrom({ api, actor, id }: Signed): Uuid {
  return uuid8(api.world.digest(new TextEncoder().encode(`room:${actor.account}:${id}`)))
}

interface Directory {
  readonly search?: string
  readonly archived?: boolean
  readonly limit?: number
  readonly next?: string
}

async function directory(asked: Signed, { search, archived, limit: wanted, next }: Directory) {
  const { api, actor } = asked
  const limit = limitOf(wanted, DIRECTORY_MAX)
  const rows = await directoryRows(asked, { search, archived, next }, limit + 1)
  const page = rows.slice(0, limit)
  // The rows say where to look; what is shown is what the rooms themselves say.
  const found = await Promise.all(page.map(({ room }) => roomOf({ api }, room)))
  const rooms = found.flatMap((one) => {
    if (isRefusal(one) || one.head.type !== "room" || one.head.visibility !== "public") return []
    return [roomFor(actor.account, one.room, one.head)]
  })
  const last = page.at(-1)
  return { rooms, ...(rows.length > limit && last && { next: last.key }) }
}

function directoryRows(
  { api }: Signed,
  { search, archived, next }: { [Field in keyof Directory]: Directory[Field] | undefined },
  limit: number,
) {
  let query = api.records.db
    .selectFrom("claim")
    .innerJoin("room_card", "room_card.room", "claim.holder")
    .select(["room_card.room", "claim.key"])
    .where("claim.space", "=", "room")
    .where("room_card.visibility", "=", "public")
    .where("room_card.type", "=", "room")
    .orderBy("claim.key")
    .limit(limit)
  if (archived !== undefined) query = query.where("room_card.archived", "=", archived ? 1 : 0)
  if (next !== undefined) query = query.where("claim.key", ">", next)
  if (search === undefined) return query.execute()
  // The characters that LIKE reads as patterns are looked for as themselves.
  const part = foldName(search.replace(/^#/, "")).replace(/[\\%_]/g, "\\$&")
  return query.where(sql<boolean>`claim.key like ${`%${part}%`} escape '\\'`).execute()
}
