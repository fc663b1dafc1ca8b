import Type from "typebox"
import { UuidText } from "../../protocol/events/matter.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import { signedIn } from "./handler.ts"
import { inside } from "./inside.ts"
import { keyOf } from "./mark-book.ts"
import { Cursor, RoomRef } from "./shapes.ts"

export const marks = [
  signedIn({
    name: "rooms.mark",
    at: "PUT /rooms/{room}/mark",
    about: "Says how far one has read. A mark only rises; the answer says where it stands.",
    input: { room: RoomRef, seq: Cursor },
    output: Type.Object({ room: UuidText, seq: Cursor }),
    changes: "risen",
    run: async (asked, { room: ref, seq }) => {
      const found = await inside(asked, ref)
      if (isRefusal(found)) return found
      const { room, head } = found
      if (seq > head.seq)
        return refuse("bad-input", `The room has come to ${head.seq}; nothing is at ${seq} yet.`)
      const { api, who } = asked
      const mark = await api.marks.raise(who.id, room, seq)
      if (mark.rose)
        api.signals.tell(who.id, { kind: "register", key: keyOf(room), value: mark.seq, version: mark.seq })
      return { room, seq: mark.seq }
    },
  }),
]
