import type { Event } from "../../protocol/event.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { type Message, type Shown, show } from "../../protocol/timeline.ts"
import type { Stored } from "../core/ports.ts"
import type { Api } from "./parts.ts"

/** Changes read at once. */
const READ_MAX = 500
/** Things further apart than this are asked for on their own: what lies between them may be a whole room. */
const GAP_MAX = 200

/** An event as the wire has it. */
export function wire(stored: Stored): Event {
  const { check: _, cites: __, root, body, ...event } = stored
  return {
    ...event,
    body: body === null ? null : JSON.parse(body),
    ...(body === null && root !== undefined && { root }),
  }
}

/** What is shown, with the thread that grows from it. */
export type Listed = Exclude<Shown, Message> | (Message & { readonly thread?: Thread })

interface Thread {
  readonly count: number
  readonly last: number
}

/** Things to show with every change up to `asOf` applied and none after it, ascending. */
export async function fold(
  { log }: Pick<Api, "log">,
  room: Uuid,
  events: readonly Stored[],
  asOf: number,
): Promise<readonly Shown[]> {
  const ascending = events.toSorted((one, other) => one.seq - other.seq)
  const shown = new Map<number, Shown>()
  for (const event of ascending) {
    const first = show(undefined, wire(event))
    if (first) shown.set(event.seq, first)
  }
  const changes = await Promise.all(
    stretches([...shown.keys()]).map(({ from, to }) => changesOf(log, room, from, to, asOf)),
  )
  for (const change of changes.flat()) apply(shown, change)
  return [...shown.values()]
}

function apply(shown: Map<number, Shown>, change: Stored): void {
  const before = shown.get(change.target ?? 0)
  if (!before) return
  // An edit is erased with its message: the deletion came while this was read, and the first wording is not to be seen.
  const isGone = change.kind === "message.edited" && change.body === null
  const event = wire(isGone ? { ...change, kind: "message.deleted", body: "{}" } : change)
  const after = show(before, event)
  if (after) shown.set(before.seq, after)
}

/** Neighbouring seqs together. */
function stretches(seqs: readonly number[]): readonly { readonly from: number; readonly to: number }[] {
  const all: { from: number; to: number }[] = []
  for (const seq of seqs) {
    const last = all.at(-1)
    if (last && seq - last.to <= GAP_MAX) last.to = seq
    else all.push({ from: seq, to: seq })
  }
  return all
}

async function changesOf(
  log: Api["log"],
  room: Uuid,
  from: number,
  to: number,
  asOf: number,
): Promise<readonly Stored[]> {
  const all: Stored[] = []
  for (let after = 0; ; ) {
    const some = await log.changes(room, from, to, after, READ_MAX)
    all.push(...some.filter(({ seq }) => seq <= asOf))
    after = some.at(-1)?.seq ?? asOf
    if (some.length < READ_MAX || after >= asOf) return all
  }
}

/** The same with the threads that grow from them. */
export async function withThreads(
  { pages }: Pick<Api, "pages">,
  room: Uuid,
  shown: readonly Shown[],
): Promise<readonly Listed[]> {
  const roots = shown.flatMap((one) => (one.type === "message" && one.root === undefined ? [one.seq] : []))
  if (roots.length === 0) return shown
  const threads = new Map((await pages.threads(room, roots)).map((thread) => [thread.root, thread]))
  return shown.map((one) => {
    const thread = threads.get(one.seq)
    if (one.type !== "message" || !thread || thread.count === 0) return one
    return { ...one, thread: { count: thread.count, last: thread.last } }
  })
}
