import Type from "typebox"
import { Seq, UuidText } from "../../protocol/events/matter.ts"
import { isVisible } from "../../protocol/head.ts"
import { isUuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import { fold, wire, withThreads } from "./fold.ts"
import { signedIn } from "./handler.ts"
import { readInside } from "./inside.ts"
import { limitOf, withName } from "./paging.ts"
import { Cursor, Event, Limit, Message, Names, Next, Notice, nextPage, RoomRef, Time } from "./shapes.ts"
import { timelinePage } from "./timeline-pages.ts"

const Shown = Type.Union([Message, Notice])

/** Rooms as people see them: changes applied. */
export const messages = [
  signedIn({
    name: "messages.list",
    at: "GET /rooms/{room}/messages",
    about: "A page of a room, or with `root` of a thread, with edits, reactions, pins and threads applied.",
    input: {
      room: RoomRef,
      before: Type.Optional(Cursor),
      after: Type.Optional(Cursor),
      /** A page with this place in the middle. */
      around: Type.Optional(Cursor),
      root: Type.Optional(Seq),
      limit: Limit,
      next: Next,
      names: Names,
    },
    output: Type.Object({
      room: UuidText,
      /** Ascending. */
      messages: Type.Array(Shown),
      /** All that is shown from here … */
      from: Cursor,
      /** … to here is on this page. */
      to: Cursor,
      /** Changes up to this place are applied, and none after it. */
      asOf: Cursor,
      ...nextPage,
    }),
    run: (asked, { room, ...input }) => timelinePage(asked, room, input),
  }),
  signedIn({
    name: "messages.get",
    at: "GET /rooms/{room}/messages/{message}",
    about: "One message, by its place or its id.",
    input: { room: RoomRef, message: Type.Union([Seq, UuidText]), names: Names },
    output: Type.Object({ room: UuidText, message: Shown, asOf: Cursor }),
    run: async (asked, { room: ref, message, names }) => {
      const { api } = asked
      const read = await readInside(asked, ref, async ({ room, head }) => {
        const event =
          typeof message === "string" && isUuid(message)
            ? await api.log.find(room, message)
            : (await api.log.read(room, Number(message) - 1, 1))[0]
        if (!event || event.target !== undefined || event.seq > head.seq) return undefined
        const shown = await withThreads(api, room, await fold(api, room, [event], head.seq))
        return { event, shown: shown[0], asOf: head.seq }
      })
      if (isRefusal(read)) return read
      const { inside, found } = read
      if (!found?.shown || !isVisible(found.event, inside.member.from)) return refuse("no-such-message")
      return { room: inside.room, message: withName(api, names, found.shown), asOf: found.asOf }
    },
  }),
  signedIn({
    name: "messages.changes",
    at: "GET /rooms/{room}/changes",
    about:
      "What changed a page that was kept: events after `asOf` that change the messages from `from` to `to`.",
    input: { room: RoomRef, from: Seq, to: Seq, asOf: Cursor, limit: Limit },
    output: Type.Object({
      room: UuidText,
      events: Type.Array(Event),
      /** The page is now as of here. */
      asOf: Cursor,
      /** There are more: ask again with the new `asOf`. */
      more: Type.Boolean(),
    }),
    run: async (asked, { room: ref, from, to, asOf, limit: wanted }) => {
      const limit = limitOf(wanted, limits.eventsPerPageMax)
      const read = await readInside(asked, ref, async ({ room, head }) => {
        const changes = await asked.api.log.changes(room, from, to, asOf, limit)
        const reached = changes.length < limit ? head.seq : (changes.at(-1)?.seq ?? head.seq)
        const asOfNow = Math.max(asOf, Math.min(reached, head.seq))
        return {
          changes: changes.filter(({ seq }) => seq <= asOfNow),
          asOf: asOfNow,
          more: asOfNow < head.seq && changes.length === limit,
        }
      })
      if (isRefusal(read)) return read
      const { inside, found } = read
      const visible = found.changes.filter((event) => isVisible(event, inside.member.from))
      return { room: inside.room, events: visible.map(wire), asOf: found.asOf, more: found.more }
    },
  }),
  signedIn({
    name: "messages.pins",
    at: "GET /rooms/{room}/pins",
    about: "The pinned messages of a room, ascending.",
    input: { room: RoomRef, names: Names },
    output: Type.Object({ room: UuidText, messages: Type.Array(Shown), asOf: Cursor, ...nextPage }),
    run: async (asked, { room: ref, names }) => {
      const { api } = asked
      const read = await readInside(asked, ref, async ({ room, head }) => {
        const events = (await Promise.all([...head.pins].map((seq) => api.log.read(room, seq - 1, 1)))).flat()
        return { events, shown: await fold(api, room, events, head.seq), asOf: head.seq }
      })
      if (isRefusal(read)) return read
      const { inside, found } = read
      const hidden = new Set(
        found.events.filter((event) => !isVisible(event, inside.member.from)).map(({ seq }) => seq),
      )
      const visible = found.shown.filter(({ seq }) => !hidden.has(seq))
      return {
        room: inside.room,
        messages: visible.map((one) => withName(api, names, one)),
        asOf: found.asOf,
      }
    },
  }),
  signedIn({
    name: "rooms.seqAt",
    at: "GET /rooms/{room}/seq",
    about: "The place in a room that a time stands for: the first event at or after it.",
    input: { room: RoomRef, at: Time },
    output: Type.Object({ room: UuidText, seq: Seq }),
    run: async (asked, { room: ref, at }) => {
      const read = await readInside(asked, ref, ({ room }) => asked.api.pages.seqAt(room, at))
      if (isRefusal(read)) return read
      return { room: read.inside.room, seq: Math.max(read.found, read.inside.member.from) }
    },
  }),
]
