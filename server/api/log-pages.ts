import Type, { type Static } from "typebox"
import { UuidText } from "../../protocol/events/matter.ts"
import { isVisible } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import type { Stored } from "../core/ports.ts"
import { wire } from "./fold.ts"
import type { Signed } from "./handler.ts"
import { readInside } from "./inside.ts"
import { type Direction, directed, directionOf, limitOf, withName } from "./paging.ts"
import type { Api } from "./parts.ts"
import { Cursor, Event, Limit, Names, Next, nextPage } from "./shapes.ts"

/** `after`: the first ones behind that place; else the last ones, before a place where one is given. */
export const EventsInput = {
  after: Type.Optional(Cursor),
  before: Type.Optional(Cursor),
  limit: Limit,
  next: Next,
  names: Names,
}

export const EventsPage = Type.Object({
  room: UuidText,
  epoch: Type.Optional(UuidText),
  /** Ascending. Numbers may be left out: those one may not see. */
  events: Type.Array(Event),
  /** How far this page reaches: the cursor to go on from with `after`. */
  to: Cursor,
  /** The room's newest event. */
  seq: Cursor,
  ...nextPage,
})

type Input = Static<Type.TObject<typeof EventsInput>>

/** A page of the raw events of a log, as far as the one who asks may see them. */
export async function eventsOf(asked: Signed, ref: string, input: Input) {
  const direction = directionOf(input)
  if (isRefusal(direction)) return direction
  const read = await readInside(asked, ref, ({ room, head, member }) =>
    stretch(asked.api, { room, from: member.from, head: head.seq }, direction, input.limit),
  )
  if (isRefusal(read)) return read
  const { inside, found } = read
  const visible = found.events.filter((event) => isVisible(event, inside.member.from))
  return page(asked.api, inside.room, { ...found, events: visible }, input)
}

/** A page of a log that is read by right of office: the house's. */
export async function eventsOfHouse(asked: Signed, room: Uuid, input: Input) {
  const direction = directionOf(input)
  if (isRefusal(direction)) return direction
  const head = (await asked.api.rooms.head(room))?.seq ?? 0
  const found = await stretch(asked.api, { room, from: 1, head }, direction, input.limit)
  return page(asked.api, room, found, input)
}

async function page(api: Api, room: Uuid, { events, to, head, next }: Stretch, { names }: Input) {
  const epoch = await api.rooms.epoch(room)
  return {
    room,
    ...(epoch !== undefined && { epoch }),
    events: events.map((event) => withName(api, names, wire(event))),
    to,
    seq: head,
    ...(next !== undefined && { next }),
  }
}

interface Stretch {
  readonly events: readonly Stored[]
  readonly to: number
  readonly head: number
  readonly next?: string
}

interface Reach {
  readonly room: Uuid
  readonly from: number
  readonly head: number
}

async function stretch(
  { log }: Pick<Api, "log">,
  { room, from, head }: Reach,
  { after, before }: Direction,
  asked: number | undefined,
): Promise<Stretch> {
  const limit = limitOf(asked, limits.eventsPerPageMax)
  const end = Math.min(head, (before ?? Number.MAX_SAFE_INTEGER) - 1)
  if (after === undefined) {
    const start = Math.max(from, end - limit + 1)
    const events = end < start ? [] : await log.read(room, start - 1, end - start + 1)
    const next = start > from && end >= start ? directed("before", start) : undefined
    return { events, to: Math.max(end, 0), head, ...(next !== undefined && { next }) }
  }
  const start = Math.max(after, from - 1)
  const count = Math.min(limit, end - start)
  const events = count > 0 ? await log.read(room, start, count) : []
  const to = events.at(-1)?.seq ?? start
  return { events, to, head, ...(to < end && events.length > 0 && { next: directed("after", to) }) }
}
