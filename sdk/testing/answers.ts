import type { Event } from "../../protocol/event.ts"
import type { SignalDown } from "../../protocol/frames.ts"
import type { Head } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { refuse } from "../../protocol/refusals.ts"
import { mentions } from "../../protocol/text.ts"
import { type Shown, show, subject } from "../../protocol/timeline.ts"

interface Answer {
  readonly status: number
  readonly body: unknown
}

interface Log {
  readonly id: Uuid
  readonly name: string
  readonly epoch: Uuid
  readonly head: Head
  readonly events: readonly Event[]
}

interface Person {
  readonly id: Uuid
  readonly name: string
}

/** What the answers are made of. */
interface Records {
  readonly logs: ReadonlyMap<Uuid, Log>
  readonly people: ReadonlyMap<string, Person>
  readonly marks: Map<string, number>
  resolve(ref: string): Log | undefined
}

interface Input {
  readonly room?: string
  readonly before?: number
  readonly after?: number
  readonly around?: number
  readonly root?: number
  readonly limit?: number
  readonly from?: number
  readonly to?: number
  readonly asOf?: number
  readonly seq?: number
  readonly next?: string
  readonly ids?: readonly Uuid[]
}

/** Answers what the sdk asks, as the request table does: pages, counts, members, names, marks. */
export function answerOf(
  records: Records,
  signal: (signal: SignalDown) => void,
  name: string,
  input: unknown,
  by: Person,
): Answer {
  const wanted = input as Input
  const ok = (body: unknown): Answer => ({ status: 200, body })
  if (name === "rooms.list") {
    const mine = [...records.logs.values()].filter(
      ({ head }) => head.type === "room" && head.members.has(by.id),
    )
    return ok({ rooms: mine.map((log) => roomTold(records, log, by)) })
  }
  if (name === "people.known") {
    const people = [...records.people.values()].filter(({ id }) => wanted.ids?.includes(id))
    return ok({ people: people.map(({ id, name }) => ({ id, name, display: name })) })
  }
  const log = records.resolve(wanted.room ?? "")
  if (!log?.head.members.has(by.id)) return { status: 404, body: refuse("no-such-room") }
  switch (name) {
    case "rooms.get":
      return ok(roomTold(records, log, by))
    case "rooms.mark": {
      const key = `${log.id} ${by.id}`
      const seq = Math.max(records.marks.get(key) ?? 0, wanted.seq ?? 0)
      records.marks.set(key, seq)
      signal({ kind: "register", key: `mark:${log.id}`, value: seq, version: seq })
      return ok({ room: log.id, seq })
    }
    case "members.list":
      return ok(membersTold(records, log, wanted))
    case "messages.list":
      return ok(pageTold(records, log, wanted))
    case "messages.changes": {
      const { from = 0, to = 0, asOf = 0 } = wanted
      const events = log.events.filter(({ seq, target = 0 }) => seq > asOf && target >= from && target <= to)
      return ok({ room: log.id, events, asOf: log.events.length, more: false })
    }
    default:
      return { status: 404, body: refuse("no-such-request") }
  }
}

/** The whole log folded: what stands at each seq. */
function folded(events: readonly Event[]): ReadonlyMap<number, Shown> {
  const shown = new Map<number, Shown>()
  for (const event of events) {
    const one = show(shown.get(subject(event)), event)
    if (one) shown.set(subject(event), one)
  }
  return shown
}

/** What is unread, by the words of the specification (UNREAD-1, UNREAD-2). */
export function countsOf(
  records: Records,
  log: Log,
  me: Person,
): { mark: number; unread: number; mentions: number } {
  const shown = [...folded(log.events).values()]
  const mark = records.marks.get(`${log.id} ${me.id}`) ?? 0
  const own = shown.filter((one) => one.type === "message" && one.by === me.id && one.root === undefined)
  const after = Math.max(mark, log.head.members.get(me.id)?.joined ?? 0, ...own.map(({ seq }) => seq))
  const others = shown.flatMap((one) =>
    one.type === "message" && one.by !== me.id && !one.deleted && one.seq > after ? [one] : [],
  )
  const calls = others.filter(({ text }) => {
    const { names, room } = mentions(text)
    return room || names.some((readings) => readings.includes(me.name))
  })
  const unread = others.filter(({ root }) => root === undefined)
  const capped = (all: readonly unknown[]) => Math.min(limits.unreadCountMax, all.length)
  return { mark, unread: capped(unread), mentions: capped(calls) }
}

function roomTold(records: Records, log: Log, by: Person) {
  const { id, name, epoch, head, events } = log
  const { type, topic, visibility, archived } = head
  const joined = head.members.get(by.id)?.joined ?? 0
  const counts = countsOf(records, log, by)
  const standing = "member"
  return {
    id,
    standing,
    type,
    name,
    topic,
    visibility,
    archived,
    epoch,
    seq: events.length,
    joined,
    ...counts,
  }
}

function membersTold({ people }: Records, { head }: Log, { limit = 2, next }: Input) {
  const all = [...head.members].map(([account, { role }]) => {
    const name = [...people.values()].find(({ id }) => id === account)?.name ?? ""
    return { account, name, display: name, role }
  })
  const start = next === undefined ? 0 : Number(next)
  const end = start + limit
  return { members: all.slice(start, end), ...(end < all.length && { next: String(end) }) }
}

function pageTold({ people }: Records, log: Log, wanted: Input) {
  const { root, limit = 50 } = wanted
  const shown = folded(log.events)
  const rootOf = (one: Shown) => (one.type === "message" ? one.root : undefined)
  const all = [...shown.values()].filter((one) => rootOf(one) === root).sort((a, b) => a.seq - b.seq)
  const { items, from, to, next } = stretch(all, wanted, log.events.length, limit)
  const named = items.map((one) => {
    const name = [...people.values()].find(({ id }) => id === one.by)?.name
    const thread = [...shown.values()].filter((other) => rootOf(other) === one.seq && !isDeleted(other))
    const last = thread.at(-1)?.seq
    return { ...one, name, ...(last !== undefined && { thread: { count: thread.length, last } }) }
  })
  return {
    room: log.id,
    messages: named,
    from,
    to,
    asOf: log.events.length,
    ...(next !== undefined && { next }),
  }
}

function isDeleted(one: Shown): boolean {
  return one.type === "message" && one.deleted === true
}

function stretch(
  all: readonly Shown[],
  { before, after, around }: Input,
  head: number,
  limit: number,
): { items: readonly Shown[]; from: number; to: number; next?: string } {
  if (around !== undefined) {
    const lower = stretch(all, { before: around + 1 }, head, Math.ceil(limit / 2))
    const upper = stretch(all, { after: around }, head, Math.floor(limit / 2))
    return { items: [...lower.items, ...upper.items], from: lower.from, to: upper.to }
  }
  if (after !== undefined) {
    const behind = all.filter(({ seq }) => seq > after)
    const items = behind.slice(0, limit)
    const last = items.at(-1)?.seq ?? after
    return behind.length > limit
      ? { items, from: after + 1, to: last, next: `after:${last}` }
      : { items, from: after + 1, to: head }
  }
  const end = Math.min(before ?? head + 1, head + 1)
  const ahead = all.filter(({ seq }) => seq < end)
  const items = ahead.slice(-limit)
  const first = items[0]?.seq ?? 1
  return ahead.length > limit
    ? { items, from: first, to: end - 1, next: `before:${first}` }
    : { items, from: 1, to: end - 1 }
}
