import Type, { type Static } from "typebox"
import { HOUSE_ACCOUNT, type Uuid, uuid8 } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { isRoomName } from "../../protocol/names.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import { isCleanText } from "../../protocol/text.ts"
import type { Imported } from "../core/ports.ts"
import { causeBytes, type OperatorParts, operation, operator } from "./operation.ts"

const MESSAGES_MAX = 1_000
const AUTHORS_MAX = 5_000

const strict = { additionalProperties: false }
const Text = Type.String({ maxLength: limits.frameBytesMax })

/** A message of the file, its text cleaned and short enough. `replyTo` names an earlier one of this call by its place, or of an earlier call by seq. */
const FileMessage = Type.Object(
  {
    i: Type.Integer({ minimum: 0 }),
    /** Tells apart messages that are equal in `i`, `at` and author, and the parts of a long one. */
    part: Type.Optional(Type.Integer({ minimum: 1 })),
    at: Type.Integer({ minimum: 0 }),
    author: Text,
    text: Text,
    action: Type.Optional(Type.Literal(true)),
    replyTo: Type.Optional(
      Type.Union([
        Type.Object({ place: Type.Integer({ minimum: 0 }) }),
        Type.Object({ seq: Type.Integer({ minimum: 1 }) }),
      ]),
    ),
  },
  strict,
)
type FileMessage = Static<typeof FileMessage>

/** `room` as the file calls it, `as` as it is called here. */
const RoomOfFile = { source: Text, room: Text, as: Type.Optional(Text) }

export const importOperations = {
  /** What the room will be called, and whether it can be had, before anything is written. */
  "import.begin": operation(Type.Object(RoomOfFile, strict), async (parts, { source, room, as }) => {
    const id = roomId(parts, source, room)
    const head = await parts.rooms.head(id)
    if (head) return { name: head.name, seq: head.seq }
    const name = as ?? roomName(room)
    if (!isRoomName(name))
      return refuse("bad-name", `A room cannot be called ${name}; give --as a name of letters and digits.`)
    if ((await parts.rooms.resolve(`#${name}`)) !== undefined) return taken(name)
    return { name, seq: 0 }
  }),

  /** Answers the seq of each message; those up to `before` were there already. `at` must not decrease. */
  "import.batch": operation(
    Type.Object({ ...RoomOfFile, messages: Type.Array(FileMessage, { maxItems: MESSAGES_MAX }) }, strict),
    async (parts, { source, room, as, messages }) => {
      if (!messages.every(({ text }) => isCleanText(text))) return refuse("bad-text")
      const id = roomId(parts, source, room)
      const name = as ?? roomName(room)
      const before = (await parts.rooms.head(id))?.seq ?? 0
      const originals = [...new Set(messages.map(({ author }) => author))]
      const authors = await parts.services.people.importAuthors(source, originals)
      const ids = messages.map((message) => messageId(parts, source, room, message))
      const loaded = messages.map((message, place) => imported(message, ids[place] ?? "", authors, ids))
      const seqs = await parts.rooms.load(id, loaded, {
        id: uuid8(parts.digest(causeBytes("import-created", id))),
        name,
      })
      if (isRefusal(seqs)) return seqs.code === "name-taken" ? taken(name) : seqs
      return { seqs, before }
    },
  ),

  /** Opens the room to everyone. A room whose owner closed it again later stays closed: the id is used already. */
  "import.finish": operation(Type.Object(RoomOfFile, strict), async (parts, { source, room }) => {
    const id = roomId(parts, source, room)
    const head = await parts.rooms.head(id)
    if (!head) return refuse("no-such-room")
    if (head.visibility === "private") {
      const opened = await parts.rooms.submit(id, operator, {
        id: uuid8(parts.digest(causeBytes("import-open", id))),
        kind: "room.visibility",
        // What was imported is what people come for.
        body: { visibility: "public", past: true },
      })
      if (isRefusal(opened)) return opened
    }
    return { room: id, name: head.name }
  }),

  /** Makes unclaimed accounts for authors, and answers what they are called here, in the same order. */
  "import.authors": operation(
    Type.Object({ source: Text, originals: Type.Array(Text, { maxItems: AUTHORS_MAX }) }, strict),
    async (parts, { source, originals }) => {
      const authors = await parts.services.people.importAuthors(source, originals)
      return {
        names: originals.map((original) => parts.accounts.account(authors.get(original) ?? "")?.name ?? ""),
      }
    },
  ),
}

function taken(name: string): Refusal {
  return refuse(
    "name-taken",
    `There is a room called #${name} already, or one that looks like it; choose another name with --as.`,
  )
}

function roomId({ digest }: OperatorParts, source: string, room: string): Uuid {
  return uuid8(digest(causeBytes("import-room", source, room)))
}

function messageId({ digest }: OperatorParts, source: string, room: string, message: FileMessage): Uuid {
  const { i, at, author, part } = message
  return uuid8(
    digest(causeBytes("import", source, room, i, at, author, ...(part === undefined ? [] : [part]))),
  )
}

function imported(
  { at, author, text, action, replyTo }: FileMessage,
  id: Uuid,
  authors: ReadonlyMap<string, Uuid>,
  ids: readonly Uuid[],
): Imported {
  const answered = replyTo && ("seq" in replyTo ? replyTo.seq : ids[replyTo.place])
  return {
    id,
    at,
    by: authors.get(author) ?? HOUSE_ACCOUNT,
    text,
    ...(action && { style: "action" }),
    ...(answered !== undefined && { replyTo: answered }),
  }
}

/** A name as rooms may have it: what may not stand in one becomes a dash. */
export function roomName(original: string): string {
  const mapped = [...original.normalize("NFC").replace(/^[#\s]+/, "")]
    .map((each) => (/[\p{L}\p{M}\p{N}_\-.]/u.test(each) ? each : "-"))
    .slice(0, limits.roomNameCharsMax)
    .join("")
    .replace(/^-+|-+$/g, "")
  return isRoomName(mapped) ? mapped : "imported"
}
