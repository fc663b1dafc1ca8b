import { expect } from "bun:test"
import type { Event } from "../../protocol/event.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { http } from "../voices.ts"
import type { Writer } from "./writers.ts"

interface Page {
  readonly events: readonly Event[]
  readonly seq: number
}

/** A whole log, page by page. */
export async function logOf(url: string, room: Uuid, token: string): Promise<readonly Event[]> {
  const events: Event[] = []
  for (;;) {
    const after = events.at(-1)?.seq ?? 0
    const { status, body } = await http(
      url,
      "GET",
      "/rooms/{room}/events",
      { room, after, limit: 500 },
      token,
    )
    expect(status).toBe(200)
    const page = body as Page
    events.push(...page.events)
    if ((events.at(-1)?.seq ?? 0) >= page.seq) return events
    if (page.events.length === 0) throw new Error(`The log of ${room} ends at ${after}, not at ${page.seq}.`)
  }
}

/** Whether a log, and what writers know of it, are one: promises 1, 2, 3 and 5. */
export function checkLog(room: Uuid, log: readonly Event[], writers: readonly Writer[]): void {
  expect(log.findIndex(({ seq }, index) => seq !== index + 1)).toBe(-1)
  const places = new Map(log.map(({ id, seq }) => [id, seq]))
  expect(places.size).toBe(log.length)
  for (const writer of writers) {
    for (const [id, one] of writer.accepted)
      if (one.room === room && places.get(id) !== one.seq)
        throw new Error(`${id} was accepted at ${one.seq} and stands at ${places.get(id)}.`)
    for (const id of writer.refused)
      if (places.has(id)) throw new Error(`${id} was refused and stands at ${places.get(id)}.`)
    const order = writer.said(room).flatMap((id) => places.get(id) ?? [])
    expect(order).toEqual([...order].sort((one, other) => one - other))
    const replica = writer.replica(room)
    if (replica) checkReplica(log, replica)
  }
}

/** What somebody has heard is the log, each event once and in order; words may have been erased since. */
function checkReplica(log: readonly Event[], heard: readonly Event[]): void {
  expect(heard.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq))
  for (const [index, event] of log.entries()) {
    const { seq, id, at, by, kind, target, body } = heard[index] ?? event
    const known = { seq, id, at, by, kind, target, body: event.body === null ? null : body }
    expect(known).toEqual({
      seq: event.seq,
      id: event.id,
      at: event.at,
      by: event.by,
      kind: event.kind,
      target: event.target,
      body: event.body,
    })
  }
}
