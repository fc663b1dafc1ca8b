import { afterAll, beforeAll, expect, test } from "bun:test"
import fc from "fast-check"
import type { Uuid } from "../../protocol/ids.ts"
import { cast, castId } from "../../test/cast.ts"
import type { Append, Claim, Entry, Outcome, Stored } from "../core/ports.ts"
import { freshId } from "./contract.ts"
import { openStore } from "./open.ts"
import type { Store } from "./store.ts"
import { folders } from "./testing/folders.ts"

const newFolder = folders()
const people = Object.values(cast).map((one) => one.id)
const ROOMS = 3
const SEQS = 12

/** A step in words that fit both stores: rooms, people and ids by number, the head as it then is. */
const entry = fc.record({
  id: fc.nat(40),
  by: fc.nat(people.length - 1),
  kind: fc.constantFrom(
    "message.posted",
    "message.posted",
    "message.edited",
    "reaction.added",
    "member.joined",
  ),
  later: fc.nat(2),
  aim: fc.integer({ min: 1, max: SEQS }),
  threaded: fc.boolean(),
  erases: fc.boolean(),
})
const append = fc.record({
  room: fc.nat(ROOMS - 1),
  /** Mostly the head as it is. */
  behind: fc.constantFrom(0, 0, 0, 0, 1),
  entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
  name: fc.option(fc.record({ key: fc.nat(2), skeleton: fc.nat(2), back: fc.boolean() })),
  member: fc.option(fc.record({ account: fc.nat(people.length - 1), leaves: fc.boolean() })),
})
const steps = fc.array(fc.array(append, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 })

type Step = typeof append extends fc.Arbitrary<infer Value> ? Value : never

function entryOf(
  { id, by, kind, later, aim, threaded, erases }: Step["entries"][number],
  at: number,
  run: string,
): Entry {
  const changes = kind === "message.edited" || kind === "reaction.added"
  return {
    id: idOf(`${run}${id}`),
    at: at + later,
    by: people[by] ?? "",
    kind,
    body: JSON.stringify({ text: `${id}` }),
    ...(changes && { target: aim, cites: aim }),
    ...(threaded && !changes && { root: aim, cites: aim }),
    ...(erases && { erases: aim }),
  }
}

const ids = new Map<string, Uuid>()
function idOf(name: string): Uuid {
  const known = ids.get(name) ?? freshId()
  ids.set(name, known)
  return known
}

async function appendsOf(store: Store, batch: readonly Step[], run: string): Promise<Append[]> {
  const heads = new Map<Uuid, { seq: number; at: number }>()
  const appends: Append[] = []
  for (const { room, behind, entries, name, member } of batch) {
    const id = idOf(`${run} room ${room}`)
    const head = heads.get(id) ?? (await store.log.head(id)) ?? { seq: 0, at: 0 }
    const claim: Claim | undefined = name
      ? {
          space: "room",
          key: `${run}${name.key}`,
          skeleton: `${run}${name.skeleton}`,
          holder: name.back ? null : id,
        }
      : undefined
    const role = member?.leaves ? null : "member"
    appends.push({
      room: id,
      epoch: store.epoch,
      after: Math.max(0, head.seq - behind),
      entries: entries.map((one) => entryOf(one, head.at, run)).sort((a, b) => a.at - b.at),
      card: { type: "room", name: `${room}`, topic: "", visibility: "public", archived: false, members: 0 },
      ...(claim && { claims: [claim] }),
      ...(member && { members: [{ account: people[member.account] ?? "", role, joined: 1, from: 1 }] }),
    })
    heads.set(id, { seq: head.seq + entries.length, at: head.at + 2 })
  }
  return appends
}

const without = ({ check: _, ...event }: Stored) => event
const bare = (outcome: Outcome) =>
  outcome.is === "appended" ? { is: outcome.is, count: outcome.checks.length } : outcome

/** All that can be asked of a room. */
async function everything(store: Store, room: Uuid): Promise<unknown> {
  const { log, pages, records } = store
  const head = await log.head(room)
  const shown = async (query: Parameters<typeof pages.shown>[1]) =>
    (await pages.shown(room, query)).map(without)
  const roots = Array.from({ length: SEQS }, (_, index) => index + 1)
  return {
    head: head && { seq: head.seq, at: head.at },
    log: (await log.read(room, 0, 1_000)).map(without),
    middle: (await log.read(room, 3, 4)).map(without),
    changes: (await log.changes(room, 2, 8, 1, 10)).map(without),
    late: (await log.changes(room, 1, 100, Math.max((head?.seq ?? 0) - 2, 0), 10)).map(without),
    pages: await Promise.all([
      shown({ from: 1, limit: 5 }),
      shown({ from: 4, before: 9, limit: 3 }),
      shown({ from: 1, after: 2, limit: 4 }),
      shown({ from: 1, root: 2, limit: 4 }),
      shown({ from: 1, root: 3, after: 0, limit: 4 }),
    ]),
    unread: await Promise.all(people.map((account) => pages.unread(room, account, 2, 5))),
    threads: await pages.threads(room, roots),
    times: await Promise.all([0, 1, 3, 5, 100].map((atMs) => pages.seqAt(room, atMs))),
    members: await records.db
      .selectFrom("membership")
      .select(["account", "role"])
      .where("room", "=", room)
      .orderBy("account")
      .execute(),
    claims: await records.db
      .selectFrom("claim")
      .select(["key", "skeleton"])
      .where("holder", "=", room)
      .orderBy("key")
      .execute(),
  }
}

let stores: readonly [Store, Store]
beforeAll(async () => {
  stores = [
    await openStore({ kind: "memory" }),
    await openStore({ kind: "sqlite", folder: newFolder("model") }),
  ]
})
afterAll(() => Promise.all(stores.map((store) => store.close())))

test("the two stores answer alike, whatever is asked of them", async () => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(steps, async (batches) => {
      const run = `${castId(runs++)} `
      const rooms = Array.from({ length: ROOMS }, (_, room) => idOf(`${run} room ${room}`))
      for (const batch of batches) {
        const [memory, sqlite] = await Promise.all(
          stores.map(async (store) => (await store.log.append(await appendsOf(store, batch, run))).map(bare)),
        )
        expect(sqlite).toEqual(memory ?? [])
      }
      for (const room of rooms) {
        const [memory, sqlite] = await Promise.all(stores.map((store) => everything(store, room)))
        expect(sqlite).toEqual(memory)
      }
    }),
    { numRuns: 60 },
  )
}, 60_000)
