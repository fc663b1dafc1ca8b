import Type from "typebox"
import type { RoomType } from "../../protocol/head.ts"
import { isUuid } from "../../protocol/ids.ts"
import { refuse } from "../../protocol/refusals.ts"
import type { Stored } from "../core/ports.ts"
import { operation } from "./operation.ts"

/** Events in one call. */
const EVENTS_MAX = 500

const strict = { additionalProperties: false }
const Limit = Type.Integer({ minimum: 1, maximum: 1_000 })
const Ref = Type.String({ minLength: 1, maxLength: 256 })
const Seq = Type.Integer({ minimum: 0 })

export const exportOperations = {
  /** Rooms by id, those of people only: no self log and, unless `direct`, no direct room. */
  "export.rooms": operation(
    Type.Object({ after: Type.Optional(Ref), direct: Type.Optional(Type.Boolean()), limit: Limit }, strict),
    async ({ records }, { after, direct, limit }) => {
      const types: RoomType[] = direct ? ["room", "direct"] : ["room"]
      const rows = await records.db
        .selectFrom("room_card")
        .selectAll()
        .where("type", "in", types)
        .where("room", ">", after ?? "")
        .orderBy("room")
        .limit(limit)
        .execute()
      const rooms = rows.map(({ room, type, name, topic, visibility, archived, members }) => ({
        id: room,
        type,
        name,
        topic,
        visibility,
        archived: archived === 1,
        members,
      }))
      return { rooms, ...(rooms.length === limit && { next: rooms.at(-1)?.id ?? "" }) }
    },
  ),

  "export.room": operation(Type.Object({ room: Ref }, strict), async ({ rooms }, { room: ref }) => {
    const id = await rooms.resolve(ref)
    const head = id === undefined ? undefined : await rooms.head(id)
    if (id === undefined || !head) return refuse("no-such-room", `There is no room called ${ref}.`)
    const { type, name, topic, visibility, archived, members, seq } = head
    return { id, type, name, topic, visibility, archived, members: members.size, seq }
  }),

  /** A stretch of one log as NDJSON, bodies byte for byte as stored. `to` is the cursor to go on from, absent at the end. */
  "export.events": operation(
    Type.Object({ room: Type.String({ maxLength: 36 }), after: Seq }, strict),
    async ({ log }, { room, after }) => {
      if (!isUuid(room)) return refuse("no-such-room")
      const events = await log.read(room, after, EVENTS_MAX)
      const last = events.at(-1)
      return {
        lines: events.map((event) => eventLine(room, event)).join(""),
        count: events.length,
        ...(last && { to: last.seq }),
      }
    },
  ),
}

function eventLine(room: string, { body, seq, id, at, by, kind, target, check }: Stored): string {
  const head = JSON.stringify({
    type: "event",
    room,
    seq,
    id,
    at,
    by,
    kind,
    ...(target !== undefined && { target }),
    check,
  })
  return `${head.slice(0, -1)},"body":${body ?? "null"}}\n`
}
