import Type, { type TProperties } from "typebox"
import { History, RoleInRoom, Visibility } from "../../protocol/events/matter.ts"
import { limits } from "../../protocol/limits.ts"
import { append } from "./append.ts"
import { signedIn } from "./handler.ts"
import { Appended, Name, RoomRef } from "./shapes.ts"

/** Opens the past too; see `protocol/events/room.ts`. */
const Past = Type.Optional(Type.Literal(true))

/** What can be set of a room; each is an event of its own, so each is a request of its own. */
export const roomSettings = [
  setting("rooms.rename", "name", "room.renamed", "Gives a room another name.", { name: Name }),
  setting("rooms.topic", "topic", "room.topic", "Sets what a room is about.", {
    topic: Type.String({ maxLength: limits.topicBytesMax }),
  }),
  setting("rooms.visibility", "visibility", "room.visibility", "Makes a room public or private.", {
    visibility: Visibility,
    past: Past,
  }),
  setting("rooms.history", "history", "room.history", "Says whether newcomers see what was said before.", {
    history: History,
    past: Past,
  }),
  setting(
    "rooms.archived",
    "archived",
    "room.archived",
    "Closes a room for anything new, or opens it again.",
    {
      archived: Type.Boolean(),
    },
  ),
  setting(
    "rooms.setting",
    "settings/{key}",
    "room.setting",
    "Says who may do what, or how many a room takes.",
    {
      key: Type.Enum(["posting", "topic", "invite", "pin", "limit"]),
      value: Type.Union([RoleInRoom, Type.Integer({ minimum: 1, maximum: limits.membersPerRoomMax })]),
    },
  ),
]

function setting(name: string, path: string, kind: string, about: string, input: TProperties) {
  return signedIn({
    name,
    at: `PUT /rooms/{room}/${path}`,
    about,
    input: { room: RoomRef, ...input },
    output: Appended,
    run: (asked, { room, ...body }) => append(asked, String(room), { kind, body }),
  })
}
