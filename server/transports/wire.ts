import { readUp } from "../../protocol/check.ts"
import { downText, eventsText } from "../../protocol/codec.ts"
import type { Refused, Up } from "../../protocol/frames.ts"
import { isRefusal, type Refusal, refusals, refuse } from "../../protocol/refusals.ts"
import type { Inbox, Origin, Outgoing, Parcel, Peer } from "../core/ports.ts"
import { hear, leave } from "./gate.ts"
import type { Reception } from "./reception.ts"
import type { Watched } from "./sweep.ts"

/** A connection as everything here but its own transport sees it. */
export interface Wire extends Peer, Watched {
  readonly origin: Origin
  inbox: Inbox | undefined
  /** The session asked in its hello for a name beside every `by`. */
  named: boolean
  stage: Stage
}

/**
 * How far a connection has come.
 *   waiting  nobody has signed in yet: the gate counts it, and it has a deadline
 *   in       somebody has
 *   over     the session has been told that it is closed; at most the last words are still on their way
 */
export type Stage = "waiting" | "in" | "over"

/** Opens the session of a connection the gate let in. A session that cannot be opened closes the connection. */
export function begin(reception: Reception, wire: Wire): void {
  reception.sweep.watch(wire, reception.signInMs)
  guarded(reception, wire, () => {
    const inbox = reception.sessions.open(wire, wire.origin)
    reception.counters.connections[wire.origin.transport] += 1
    wire.inbox = inbox
    // A session may close its wire while it is being opened.
    if (wire.stage === "over") tellClosed(reception, wire)
  })
}

/** The connection is at its end, whoever brought it about; calling it again does nothing. */
export function end(reception: Reception, wire: Wire): void {
  if (wire.stage === "over") return
  if (wire.stage === "waiting") settle(reception, wire)
  wire.stage = "over"
  tellClosed(reception, wire)
}

function tellClosed(reception: Reception, wire: Wire): void {
  const inbox = wire.inbox
  if (!inbox) return
  wire.inbox = undefined
  reception.counters.connections[wire.origin.transport] -= 1
  guarded(reception, wire, () => inbox.closed())
}

/** Nobody waits on this connection any more: somebody has signed in, or it has ended. */
function settle(reception: Reception, wire: Wire): void {
  reception.sweep.forget(wire)
  leave(reception.gate, wire.origin.address)
}

/** One frame's text from the client. */
export function hearText(reception: Reception, wire: Wire, text: string): void {
  const frame = readUp(text)
  if (isRefusal(frame)) hearGarbled(reception, wire, frame)
  else hearFrame(reception, wire, frame)
}

/** One frame from the client. */
export function hearFrame(reception: Reception, wire: Wire, frame: Up): void {
  reception.counters.framesReceivedTotal += 1
  guarded(reception, wire, () => wire.inbox?.receive(frame))
}

/** Something came that is no frame at all. */
export function hearGarbled(reception: Reception, wire: Wire, why: Refusal): void {
  guarded(reception, wire, () => wire.inbox?.garbled(why))
}

/** The wire has room again. */
export function hearDrained(reception: Reception, wire: Wire): void {
  guarded(reception, wire, () => wire.inbox?.drained())
}

/** Counts bytes that came before anyone signed in; closes the connection and says false when they are too many. */
export function mayHear(reception: Reception, wire: Wire, bytes: number): boolean {
  if (wire.stage !== "waiting") return true
  const refusal = hear(reception.gate, wire.origin.address, bytes, reception.world.now())
  if (refusal) wire.close(refusal)
  return refusal === undefined
}

/** A frame's text, on its way out; that of events is made once for each form. A welcome means that somebody has signed in. */
export function textFor(reception: Reception, wire: Wire, out: Outgoing): string {
  if (out.type === "events") return parcelText(out, wire.named ? reception.nameOf : undefined)
  if (wire.stage === "waiting" && out.type === "welcome") {
    settle(reception, wire)
    wire.stage = "in"
  }
  return downText(out)
}

/** The text of a parcel, with names beside accounts where they are asked for; made once and kept with it. */
function parcelText(parcel: Parcel, nameOf: Reception["nameOf"] | undefined): string {
  const form = nameOf ? "json+names" : "json"
  const made = parcel.forms.get(form)
  if (typeof made === "string") return made
  const text = eventsText(parcel, nameOf)
  parcel.forms.set(form, text)
  return text
}

/** The last word on a connection that the server closes. */
export function lastWord(why: Refusal): string {
  const refused: Refused = { type: "refused", of: "session", ...why, retry: refusals[why.code].retry }
  return downText(refused)
}

/** An exception is a bug: it ends this connection with `broken`, and nothing else. */
export function broke(reception: Reception, wire: Wire, error: unknown): void {
  reception.log.error("A session broke and was closed.", { transport: wire.origin.transport, error })
  wire.close(refuse("broken"))
}

function guarded(reception: Reception, wire: Wire, run: () => void): void {
  try {
    run()
  } catch (error) {
    broke(reception, wire, error)
  }
}
