import Type from "typebox"
import type { RoomType } from "../../protocol/head.ts"
import { isUuid, type Uuid } from "../../protocol/ids.ts"
import { refuse } from "../../protocol/refusals.ts"
import type { Log, Stored } from "../core/ports.ts"
import { type OperatorParts, operation } from "./operation.ts"

/** Events in one call. */
const EVENTS_MAX = 500

/** What is read of the bodies of messages. */
interface Words {
  readonly text: string
  readonly style?: "action" | "notice"
  readonly replyTo?: number
  readonly root?: number
}

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

  /**
   * A stretch of one log as NDJSON: `events` as the log has them, or `messages` as they read now, in the form that an
   * import takes. `to` is the cursor to go on from, absent at the end; `count` is how many lines.
   */
  "export.events": operation(
    Type.Object(
      {
        room: Type.String({ maxLength: 36 }),
        after: Seq,
        form: Type.Union([Type.Literal("events"), Type.Literal("messages")]),
      },
      strict,
    ),
    async (parts, { room, after, form }) => {
      if (!isUuid(room)) return refuse("no-such-room")
      const events = await parts.log.read(room, after, EVENTS_MAX)
      const last = events.at(-1)
      const lines =
        form === "events"
          ? events.map((event) => eventLine(room, event))
          : await messageLines(parts, room, events)
      return { lines: lines.join(""), count: lines.length, ...(last && { to: last.seq }) }
    },
  ),
}

function eventLine(room: string, { body, seq, id, at, by, kind, target, check }: Stored): string {
  const head = JSON.stringify({
    entry: "event",
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

/** Messages with their newest words; what was deleted is not there any more. */
async function messageLines(
  { log, rooms, accounts }: OperatorParts,
  room: Uuid,
  events: readonly Stored[],
): Promise<readonly string[]> {
  const [first, last] = [events[0], events.at(-1)]
  if (!first || !last) return []
  const edits = await editsOf(log, room, first.seq, last.seq)
  const name = (await rooms.head(room))?.name
  return events.flatMap(({ kind, body, seq, at, by }) => {
    if (kind !== "message.posted" || body === null) return []
    const { text, style, replyTo, root }: Words = JSON.parse(body)
    const answered = replyTo ?? root
    const line = {
      i: seq,
      room: name || room,
      at: new Date(at).toISOString(),
      author: accounts.account(by)?.name ?? by,
      text: edits.get(seq) ?? text,
      kind: style === "action" ? "action" : "said",
      ...(answered !== undefined && { replyTo: answered }),
    }
    return [`${JSON.stringify(line)}\n`]
  })
}

async function editsOf(log: Log, room: Uuid, from: number, to: number): Promise<ReadonlyMap<number, string>> {
  const edits = new Map<number, string>()
  for (let after = 0; ; ) {
    const changes = await log.changes(room, from, to, after, EVENTS_MAX)
    for (const { kind, target, body } of changes) {
      if (kind !== "message.edited" || target === undefined || body === null) continue
      const { text }: Words = JSON.parse(body)
      edits.set(target, text)
    }
    const last = changes.at(-1)
    if (!last || changes.length < EVENTS_MAX) return edits
    after = last.seq
  }
}
