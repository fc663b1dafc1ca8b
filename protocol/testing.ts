import { refuseBody } from "./check.ts"
import type { Citations, Cited, Event } from "./event.ts"
import { changesHead, decide, evolve } from "./events/index.ts"
import type { Verdict } from "./events/matter.ts"
import { emptyHead, type Head, type HeadEvent, type History, packHead, type Visibility } from "./head.ts"
import type { Uuid } from "./ids.ts"
import type { Actor } from "./policy.ts"
import type { RefusalCode } from "./refusals.ts"
import { type Shown, show, subject } from "./timeline.ts"

/** An event with what a store keeps beside it. */
interface Kept extends Event {
  readonly cites?: number
}

export interface TestLog {
  readonly head: Head
  /** As a reader finds them now: erased where a later event erased. */
  readonly events: readonly Kept[]
  /** As they were when they were appended: what a follower heard live. */
  readonly heard: readonly Event[]
  /** What the judge says, without appending. */
  judge(actor: Actor, kind: string, body?: object, target?: number): Verdict
  /** The code of the refusal; undefined when it would be accepted. */
  refusal(actor: Actor, kind: string, body?: object, target?: number): RefusalCode | undefined
  /** Judges and appends; throws where it is refused. */
  add(actor: Actor, kind: string, body?: object, target?: number): Kept
}

/**
 * One log in memory, judged and folded as a room does it: the ground under the tests of the events. Every judgement and
 * every fold is done twice and must give the same and leave its input as it was, so each test is one of purity too. `from`: a head
 * to judge on whose log is not here.
 */
export function makeTestLog(from: Head = emptyHead): TestLog {
  let head = from
  const events: Kept[] = []
  const heard: Event[] = []

  function judge(actor: Actor, kind: string, body: object = {}, target?: number): Verdict {
    const wrong = refuseBody(kind, body)
    if (wrong) return { refused: wrong.code }
    const command = { id: idOf(events.length + 1), kind, body, ...(target !== undefined && { target }) }
    const cited = citations(events, actor, command)
    return twice(head, () => decide(head, actor, command, cited))
  }

  return {
    get head() {
      return head
    },
    events,
    heard,
    judge,
    refusal: (...args) => {
      const verdict = judge(...args)
      return "refused" in verdict ? verdict.refused : undefined
    },
    add: (actor, kind, body, target) => {
      const verdict = judge(actor, kind, body, target)
      if ("refused" in verdict) throw new Error(`${kind} was refused: ${verdict.refused}.`)
      const { erases, ...draft } = verdict
      const seq = events.length + 1
      const event: Kept = { ...draft, seq, id: idOf(seq), at: 1_000 * seq, by: actor.account }
      if (erases !== undefined) erase(events, erases)
      events.push(event)
      heard.push(asRead(event))
      head = fold(head, event)
      return event
    },
  }
}

/** Someone who acts; a member of the house unless told. */
export function actorOf(person: { readonly id: Uuid }, more: Partial<Actor> = {}): Actor {
  return { account: person.id, role: "member", ...more }
}

/** A log with a room of the first one's, whom the others joined, invited where it is private. */
export function makeRoom(
  [owner, ...others]: readonly [Actor, ...Actor[]],
  settings: { readonly name?: string; readonly visibility?: Visibility; readonly history?: History } = {},
): TestLog {
  const log = makeTestLog()
  const room = { type: "room", name: "garden", visibility: "public", history: "shared", ...settings }
  log.add(owner, "room.created", { ...room, members: [owner.account] })
  for (const one of others) {
    if (room.visibility === "private") log.add(owner, "member.invited", { account: one.account })
    log.add(one, "member.joined")
  }
  return log
}

/** What stands at a seq for someone who reads the whole log now. */
export function shownAt(log: TestLog, seq: number): Shown | undefined {
  let shown: Shown | undefined
  for (const event of log.events.map(asRead)) if (subject(event) === seq) shown = show(shown, event)
  return shown
}

/** The head after an event. */
export function fold(head: Head, event: HeadEvent): Head {
  const after = twice(head, () => evolve(head, event))
  // What a log need not read to fold the head must not change it.
  if (changesHead(event.kind)) return after
  const untouched = packHead({ ...head, seq: event.seq, at: event.at })
  if (packHead(after) !== untouched) throw new Error(`${event.kind} changes the head unannounced.`)
  return after
}

/** Runs something twice on a head; it must say the same both times and leave the head alone. */
function twice<Value extends object>(head: Head, run: () => Value): Value {
  const before = packHead(head)
  const [first, second] = [run(), run()]
  if (text(first) !== text(second)) throw new Error("It says something else the second time.")
  if (packHead(head) !== before) throw new Error("It changed the head it was given.")
  return first
}

function text(value: object): string {
  return "members" in value ? packHead(value as Head) : JSON.stringify(value)
}

function citations(
  events: readonly Kept[],
  actor: Actor,
  command: { readonly kind: string; readonly body: object; readonly target?: number },
): Citations {
  const body: { replyTo?: number; root?: number; emoji?: string } = command.body
  const cite = (seq: number | undefined): Cited | undefined => {
    const event = events[(seq ?? 0) - 1]
    if (!event) return undefined
    const { id: _, at: __, body: ___, target: ____, ...rest } = event
    return { ...rest, erased: event.body === null }
  }
  const [target, replyTo, root] = [cite(command.target), cite(body.replyTo), cite(body.root)]
  const reacted = hasReacted(events, actor.account, command.target, body.emoji)
  return {
    ...(target && { target: { ...target, reacted } }),
    ...(replyTo && { replyTo }),
    ...(root && { root }),
  }
}

function hasReacted(
  events: readonly Kept[],
  by: Uuid,
  target: number | undefined,
  emoji: string | undefined,
): boolean {
  const last = events.findLast(
    (event) =>
      event.target === target &&
      event.by === by &&
      (event.body as { emoji?: string } | null)?.emoji === emoji,
  )
  return last?.kind === "reaction.added"
}

/** The message and every edit of it. */
function erase(events: Kept[], seq: number): void {
  for (const [index, event] of events.entries()) {
    if (event.seq === seq || (event.target === seq && event.kind === "message.edited"))
      events[index] = { ...event, body: null }
  }
}

/** An event as the wire has it. */
export function asRead({ cites: _, root, ...event }: Kept): Event {
  return event.body === null && root !== undefined ? { ...event, root } : event
}

/** A fixed UUIDv7. */
export function idOf(number: number): Uuid {
  return `019b0000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`
}
