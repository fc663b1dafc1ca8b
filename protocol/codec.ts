import type { Event } from "./event.ts"
import type { Down, Events } from "./frames.ts"

/** An event whose body is JSON text already, as the log holds it; null once erased. */
export interface RawEvent extends Omit<Event, "body"> {
  readonly body: string | null
}

/** An `events` frame of stored events. Bodies go out as the very text that was stored, never parsed or serialised again. */
export function eventsText(
  frame: Omit<Events, "events" | "type"> & { readonly events: readonly RawEvent[] },
  nameOf?: (account: string) => string | undefined,
): string {
  let list = ""
  for (const event of frame.events) list += (list === "" ? "" : ",") + eventText(event, nameOf)
  return `{"type":"events","room":"${frame.room}","epoch":"${frame.epoch}","after":${frame.after},"to":${frame.to},"check":"${frame.check}","events":[${list}]}`
}

/** One event as JSON; `root` only where the erased body tells it no longer. Ids and kinds need no escaping. */
export function eventText(event: RawEvent, nameOf?: (account: string) => string | undefined): string {
  const name = nameOf?.(event.by)
  const named = name === undefined ? "" : `"name":${JSON.stringify(name)},`
  const target = event.target === undefined ? "" : `"target":${event.target},`
  const root = event.body === null && event.root !== undefined ? `"root":${event.root},` : ""
  return `{"seq":${event.seq},"id":"${event.id}","at":${event.at},"by":"${event.by}",${named}"kind":"${event.kind}",${target}${root}"body":${event.body ?? "null"}}`
}

/** Any other frame. */
export function downText(frame: Down): string {
  return JSON.stringify(frame)
}

/**
 * Reads a frame from the server. The server is trusted to keep the protocol, so only the outer form is checked;
 * undefined for a type this version does not know, which a reader skips. Throws on what is not JSON.
 */
export function readDown(text: string): Down | undefined {
  const value = JSON.parse(text)
  return typeof value === "object" && value !== null && types.has(value.type) ? value : undefined
}

const types = new Set<Down["type"]>([
  "welcome",
  "accepted",
  "refused",
  "events",
  "reset",
  "signals",
  "response",
  "pong",
])
