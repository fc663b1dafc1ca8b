import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { cast } from "../test/cast.ts"
import type { Event } from "./event.ts"
import { limits } from "./limits.ts"
import { actorOf, asRead, idOf, makeRoom, shownAt, type TestLog } from "./testing.ts"
import { type Message, type Notice, type Shown, show, subject } from "./timeline.ts"

const actors = [actorOf(cast.ada), actorOf(cast.bob), actorOf(cast.cleo)] as const
const [ada, bob, cleo] = actors

type Timeline = ReadonlyMap<number, Shown>

function grown(before: Timeline, events: readonly Event[]): Timeline {
  const timeline = new Map(before)
  for (const event of events) {
    const shown = show(timeline.get(subject(event)), event)
    if (shown) timeline.set(subject(event), shown)
  }
  return timeline
}

const nothing: Timeline = new Map()

// ---------------------------------------------------------------- any history

const near = fc.nat(8)
const act = fc.record({
  who: fc.nat(2),
  // Somewhere near the end, so that things happen to the same messages.
  back: near,
  does: fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("message.posted"), inThread: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("message.edited") }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("message.deleted") }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom("reaction.added", "reaction.removed"),
        emoji: fc.constantFrom("🌹", "👍", "🐝"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("pin.added", "pin.removed", "member.left") }) },
  ),
})

function bodyOf(does: { kind: string; emoji?: string; inThread?: boolean }, seq: number): object {
  if (does.kind === "message.posted") return { text: `words ${seq}`, ...(does.inThread && { root: seq }) }
  if (does.kind === "message.edited") return { text: `better words ${seq}` }
  return does.emoji === undefined ? {} : { emoji: does.emoji }
}

/** What of the acts is allowed has happened. */
function happened(acts: readonly (typeof act extends fc.Arbitrary<infer Act> ? Act : never)[]): TestLog {
  const log = makeRoom([ada, bob, cleo])
  for (const { who, back, does } of acts) {
    const actor = actors[who] ?? ada
    const target = Math.max(1, log.events.length - back)
    const aims = !/posted|left/.test(does.kind)
    const args = [actor, does.kind, bodyOf(does, target), aims ? target : undefined] as const
    if (log.refusal(...args) === undefined) log.add(...args)
    else if (log.refusal(actor, "member.joined") === undefined) log.add(actor, "member.joined")
  }
  return log
}

const history = fc.array(act, { maxLength: 60, size: "max" }).map(happened)

describe("[SHOW-4] the fold", () => {
  test("of what was heard live is the fold of what is read later, cut wherever it may be", () => {
    fc.assert(
      fc.property(history, fc.nat(100), (log, percent) => {
        const read = log.events.map(asRead)
        const whole = grown(nothing, read)
        expect(grown(nothing, log.heard)).toEqual(whole)
        const cut = Math.floor((read.length * percent) / 100)
        // A page as of then, or a client that was away: what came after the cut is read as it is now.
        expect(grown(grown(nothing, log.heard.slice(0, cut)), read.slice(cut))).toEqual(whole)
      }),
    )
  })

  test("of a window is what the whole shows there", () => {
    fc.assert(
      fc.property(history, fc.nat(60), (log, first) => {
        const read = log.events.map(asRead)
        const whole = [...grown(nothing, read)].filter(([seq]) => seq >= first)
        const window = read.filter(({ seq, target }) => (target ?? seq) >= first)
        expect([...grown(nothing, window)]).toEqual(whole)
        // Changes of what lies outside a window show nothing in it.
        const late = read.filter(({ seq }) => seq >= first)
        for (const [seq] of grown(nothing, late)) expect(seq).toBeGreaterThanOrEqual(first)
      }),
    )
  })

  test("[SHOW-2] counts each person once for each emoji", () => {
    fc.assert(
      fc.property(history, (log) => {
        for (const shown of grown(nothing, log.events.map(asRead)).values()) {
          if (shown.type !== "message" || shown.deleted) continue
          const has = new Map<string, Set<string>>()
          for (const event of log.events) {
            if (event.target !== shown.seq || !event.kind.startsWith("reaction.")) continue
            const { emoji } = event.body as { emoji: string }
            const people = has.get(emoji) ?? has.set(emoji, new Set()).get(emoji)
            if (event.kind === "reaction.added") people?.add(event.by)
            else people?.delete(event.by)
          }
          const expected = [...has].filter(([, people]) => people.size > 0)
          const counted = shown.reactions.map(({ emoji, count, by }) => [emoji, count, [...by].sort()])
          expect(new Map(counted.map(([emoji, ...rest]) => [emoji, rest]))).toEqual(
            new Map(expected.map(([emoji, people]) => [emoji, [people.size, [...people].sort()]])),
          )
        }
      }),
    )
  })

  test("[SHOW-3] never shows a word, a reaction or a pin of what was deleted, at any point of reading it", () => {
    fc.assert(
      fc.property(history, (log) => {
        const read = log.events.map(asRead)
        const erased = new Set(read.filter(({ body }) => body === null).map(({ seq }) => seq))
        let timeline = nothing
        for (const event of read) {
          timeline = grown(timeline, [event])
          const shown = timeline.get(subject(event))
          if (shown?.type !== "message" || !erased.has(shown.seq)) continue
          expect([shown.deleted, shown.text, shown.reactions]).toEqual([true, "", []])
          expect(shown).not.toHaveProperty("pinned")
          expect(shown).not.toHaveProperty("editedAt")
        }
      }),
    )
  })
})

// ---------------------------------------------------------------- this and that

describe("what is shown", () => {
  const event = (more: Partial<Event>): Event => ({
    seq: 9,
    id: idOf(9),
    at: 9_000,
    by: ada.account,
    kind: "message.posted",
    body: {},
    ...more,
  })

  test("[SHOW-1] of an event without a target is a message or a notice, of a kind nobody knows too", () => {
    const { type, kind, body } = show(
      undefined,
      event({ kind: "poll.opened", body: { question: "?" } }),
    ) as Notice
    expect({ type, kind, body }).toEqual({ type: "notice", kind: "poll.opened", body: { question: "?" } })
    expect(show(undefined, event({ body: { text: "hi" } }))).toMatchObject({ type: "message", style: "text" })
  })

  test("[FORM-3] [SHOW-1] of a change nobody knows is what stood there before", () => {
    const before = show(undefined, event({ body: { text: "hi" } }))
    expect(show(before, event({ seq: 10, kind: "message.translated", target: 9 }))).toBe(before as Shown)
    const notice = show(undefined, event({ kind: "member.joined" }))
    expect(show(notice, event({ seq: 10, kind: "reaction.added", target: 9, body: { emoji: "👍" } }))).toBe(
      notice as Shown,
    )
    expect(
      show(undefined, event({ kind: "reaction.added", target: 3, body: { emoji: "👍" } })),
    ).toBeUndefined()
  })

  test("[SHOW-2] of many who react are the first few names and the whole count", () => {
    const log = makeRoom([ada])
    const { seq } = log.add(ada, "message.posted", { text: "Cake at four" })
    const guests = Array.from({ length: limits.reactionNamesMax + 5 }, (_, at) =>
      actorOf({ id: idOf(0xf00 + at) }),
    )
    for (const guest of guests) {
      log.add(guest, "member.joined")
      log.add(guest, "reaction.added", { emoji: "🍰" }, seq)
    }
    const [cake] = (shownAt(log, seq) as Message).reactions
    expect(cake?.count).toBe(guests.length)
    expect(cake?.by).toEqual(guests.slice(0, limits.reactionNamesMax).map(({ account }) => account))
  })

  test("[SHOW-2] of an emoji that comes again after it had gone stands last", () => {
    const log = makeRoom([ada, bob])
    const { seq } = log.add(ada, "message.posted", { text: "Cake" })
    for (const emoji of ["🍰", "👍"]) log.add(bob, "reaction.added", { emoji }, seq)
    log.add(bob, "reaction.removed", { emoji: "🍰" }, seq)
    log.add(ada, "reaction.added", { emoji: "🍰" }, seq)
    expect((shownAt(log, seq) as Message).reactions.map(({ emoji }) => emoji)).toEqual(["👍", "🍰"])
  })
})
