import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Event } from "../protocol/event.ts"
import { type Shown, show, subject } from "../protocol/timeline.ts"
import { type Page, Scroll } from "./scroll.ts"

const id = (seq: number) => `00000000-0000-7000-8000-${String(seq).padStart(12, "0")}`
const BY = id(0)

function posted(seq: number, text = `${seq}`): Event {
  return { seq, id: id(seq), at: seq, by: BY, kind: "message.posted", body: { text } }
}

function changed(seq: number, kind: string, target: number, body: object = {}): Event {
  return { seq, id: id(seq), at: seq, by: BY, kind, target, body }
}

/** What stands at from..to once the events up to `asOf` are applied, as the server folds a page. */
function page(log: readonly Event[], from: number, to: number, asOf: number): Page {
  const items = new Map<number, Shown>()
  for (const event of log.slice(0, asOf)) {
    const seq = subject(event)
    const shown = seq >= from && seq <= to ? show(items.get(seq), event) : undefined
    if (shown) items.set(seq, shown)
  }
  return { from, to, asOf, items: [...items.values()].sort((a, b) => a.seq - b.seq) }
}

const everything = () => true
const texts = (shown: readonly Shown[]) => shown.flatMap((one) => (one.type === "message" ? [one.text] : []))

describe("what is shown of a timeline", () => {
  test("older pages join what is live when they touch it", () => {
    const log = Array.from({ length: 20 }, (_, index) => posted(index + 1))
    const scroll = new Scroll(everything)
    scroll.begin(15)
    scroll.grow(log.slice(15), 20)
    expect(texts(scroll.list())).toEqual(["16", "17", "18", "19", "20"])
    scroll.merge(page(log, 11, 15, 20), [])
    expect(scroll.stretch()).toEqual({ from: 11, to: 20 })
    expect(texts(scroll.list())).toEqual(log.slice(10).map(({ seq }) => `${seq}`))
  })

  test("a page from long ago stands apart, and grows no more", () => {
    const log = Array.from({ length: 30 }, (_, index) => posted(index + 1))
    const scroll = new Scroll(everything)
    scroll.begin(25)
    scroll.merge(page(log, 3, 6, 28), [])
    scroll.grow(log.slice(25), 30)
    expect(texts(scroll.list(4))).toEqual(["3", "4", "5", "6"])
    expect(texts(scroll.list())).toEqual(["26", "27", "28", "29", "30"])
    expect(scroll.stretch(10)).toBeUndefined()
    expect(scroll.list(10)).toEqual([])
  })

  test("the same array is given until something changes", () => {
    const scroll = new Scroll(everything)
    scroll.begin(0)
    scroll.grow([posted(1)], 1)
    const list = scroll.list()
    expect(scroll.list()).toBe(list)
    scroll.grow([changed(2, "message.edited", 1, { text: "new" })], 2)
    expect(scroll.list()).not.toBe(list)
    expect(texts(scroll.list())).toEqual(["new"])
  })

  test("a page that is ahead of the log joins when the log has come there", () => {
    const log = Array.from({ length: 12 }, (_, index) => posted(index + 1))
    const scroll = new Scroll(everything)
    scroll.begin(0)
    scroll.grow(log.slice(0, 4), 4)
    scroll.merge(page(log, 8, 10, 10), [])
    expect(texts(scroll.list())).toEqual(["1", "2", "3", "4"])
    scroll.grow(log.slice(4), 12)
    expect(texts(scroll.list())).toEqual(log.map(({ seq }) => `${seq}`))
  })

  test("a change that a page already holds is not applied again when it arrives", () => {
    const log = [posted(1), posted(2), changed(3, "reaction.added", 1, { emoji: "👍" })]
    const scroll = new Scroll(everything)
    scroll.begin(1)
    scroll.grow([posted(2)], 2)
    scroll.merge(page(log, 1, 1, 3), [])
    scroll.grow(log.slice(2), 3)
    expect(scroll.get(1)).toMatchObject({ reactions: [{ emoji: "👍", count: 1 }] })
  })

  test("a change that came while a page was on its way is not lost", () => {
    const late = changed(3, "reaction.added", 1, { emoji: "👍" })
    const log = [posted(1), posted(2), late]
    const scroll = new Scroll(everything)
    scroll.begin(1)
    scroll.grow([posted(2)], 2)
    const asked = page(log, 1, 1, 2)
    scroll.grow([late], 3)
    scroll.merge(asked, [late])
    expect(scroll.get(1)).toMatchObject({ reactions: [{ emoji: "👍", count: 1 }] })
  })

  test("what is far from where one looks goes first; without its newest end it grows no more, but begins anew", () => {
    const log = Array.from({ length: 12 }, (_, index) => posted(index + 1))
    const scroll = new Scroll(everything)
    scroll.begin(0)
    scroll.grow(log.slice(0, 10), 10)
    scroll.evict(4, Number.POSITIVE_INFINITY)
    expect(texts(scroll.list())).toEqual(["7", "8", "9", "10"])
    scroll.evict(2, 7)
    expect(texts(scroll.list(7))).toEqual(["7", "8"])
    expect(scroll.stretch()).toBeUndefined()
    scroll.grow(log.slice(10), 12)
    expect(texts(scroll.list())).toEqual(["11", "12"])
    scroll.merge(page(log, 9, 10, 12), [])
    expect(texts(scroll.list())).toEqual(["7", "8", "9", "10", "11", "12"])
  })
})

/** A log of messages and of changes to any earlier one of them. */
const logs = fc
  .array(fc.tuple(fc.constantFrom("post", "edit", "react", "delete"), fc.nat(1_000)), {
    minLength: 15,
    maxLength: 60,
  })
  .map((plan) => {
    const log: Event[] = [posted(1)]
    const deleted = new Set<number>()
    for (const [what, which] of plan) {
      const seq = log.length + 1
      const messages = log.filter(({ kind, seq }) => kind === "message.posted" && !deleted.has(seq))
      const target = messages[which % messages.length]?.seq
      if (what === "post" || target === undefined) log.push(posted(seq))
      else if (what === "edit") log.push(changed(seq, "message.edited", target, { text: `edit ${seq}` }))
      else if (what === "react") log.push(changed(seq, "reaction.added", target, { emoji: "👍" }))
      else {
        deleted.add(target)
        log.push(changed(seq, "message.deleted", target))
      }
    }
    return log
  })

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("grow" as const), by: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ do: fc.constant("ask" as const), from: fc.nat(60), size: fc.nat(12), ahead: fc.nat(10) }),
    fc.record({ do: fc.constant("answer" as const), which: fc.nat(5) }),
    fc.record({ do: fc.constant("evict" as const), max: fc.nat(20), focus: fc.nat(60) }),
  ),
  { maxLength: 40 },
)

test("whatever is asked for, evicted and overtaken, every stretch shows what the whole log folds to", () => {
  fc.assert(
    fc.property(logs, fc.nat(14), steps, (log, begin, plan) => {
      const scroll = new Scroll(everything)
      let cursor = Math.min(begin, log.length)
      const asked: { page: Page; since: number }[] = []
      scroll.begin(cursor)
      const grow = (by: number) => {
        const to = Math.min(log.length, cursor + by)
        scroll.grow(log.slice(cursor, to), to)
        cursor = to
      }
      for (const step of plan) {
        if (step.do === "grow") grow(step.by)
        else if (step.do === "evict") scroll.evict(step.max, step.focus)
        else if (step.do === "ask") {
          const asOf = Math.min(log.length, cursor + step.ahead)
          const from = Math.min(Math.max(1, step.from), asOf)
          asked.push({ page: page(log, from, Math.min(asOf, from + step.size), asOf), since: cursor })
        } else {
          const [answer] = asked.splice(step.which % Math.max(1, asked.length), 1)
          if (answer) scroll.merge(answer.page, log.slice(answer.since, cursor))
        }
      }
      grow(log.length)
      expect(scroll.stretch()?.to).toBe(log.length)
      for (const seq of log.map(({ seq }) => seq)) {
        const stretch = scroll.stretch(seq)
        if (!stretch) continue
        expect(scroll.list(seq)).toEqual(page(log, stretch.from, stretch.to, log.length).items)
      }
    }),
    { numRuns: 2_000 },
  )
})
