import Type from "typebox"
import { isClientKind } from "../../protocol/events/index.ts"
import { Seq, UuidText } from "../../protocol/events/matter.ts"
import { refuse } from "../../protocol/refusals.ts"
import { append } from "./append.ts"
import { signedIn } from "./handler.ts"
import { EventsInput, EventsPage, eventsOf } from "./log-pages.ts"
import { Appended, RoomRef } from "./shapes.ts"

/** The log as it is. */
export const events = [
  signedIn({
    name: "events.list",
    at: "GET /rooms/{room}/events",
    about: "Raw events of a room, ascending: those after a place, or the last ones.",
    input: { room: RoomRef, ...EventsInput },
    output: EventsPage,
    run: (asked, { room, ...input }) => eventsOf(asked, room, input),
  }),
  signedIn({
    name: "events.create",
    at: "POST /rooms/{room}/events",
    about: "Appends an event: a message, an edit, a reaction. Its id makes it safe to send again.",
    input: {
      room: RoomRef,
      kind: Type.String({ maxLength: 64 }),
      body: Type.Object({}),
      target: Type.Optional(Type.Union([Seq, UuidText])),
      prev: Type.Optional(UuidText),
    },
    output: Appended,
    status: [201],
    changes: "logged",
    run: async (asked, { room, ...command }) =>
      isClientKind(command.kind)
        ? append(asked, room, command)
        : refuse("bad-input", `Clients send no events of kind ${command.kind}.`),
  }),
]
