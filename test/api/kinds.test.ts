import { expect, test } from "bun:test"
import { type Kind, kinds } from "../../protocol/events/index.ts"
import { HOUSE_ROOM, type Uuid } from "../../protocol/ids.ts"
import { kindRows, type Placed } from "./kinds.ts"
import { makeScene, type Persona, personas, type Scene } from "./scene.ts"

interface Page {
  readonly events?: readonly { readonly seq: number; readonly kind: string }[]
  readonly messages?: readonly { readonly seq: number }[]
}

/** The places of a log that somebody can get at, in whatever way there is to ask. */
async function readable(scene: Scene, persona: Persona, log: Uuid): Promise<ReadonlySet<number>> {
  const { house } = scene
  const me = scene.person(persona)
  const asks: readonly (readonly [string, object])[] = [
    ["events.list", { room: log, after: 0, limit: 500 }],
    ["events.list", { room: log, limit: 500 }],
    ["messages.changes", { room: log, from: 1, to: 1_000, asOf: 0 }],
    ["messages.list", { room: log, limit: 200 }],
    ["messages.pins", { room: log }],
    ...(log === HOUSE_ROOM ? [["house.events", { limit: 500 }] as const] : []),
    ...(log === me?.who.self ? [["me.activity", { limit: 500 }] as const] : []),
  ]
  const seen = new Set<number>()
  for (const [name, input] of asks) {
    const { body } = await house.ask(me, name, input)
    const { events = [], messages = [] } = body as Page
    for (const { seq } of [...events, ...messages]) seen.add(seq)
  }
  return seen
}

test("every kind has its row", () => {
  expect(Object.keys(kindRows).sort()).toEqual([...kinds].sort())
})

test.each(Object.entries(kindRows))("%s reaches those it is for, and nobody else", async (kind, row) => {
  const scene = await makeScene()
  const { house } = scene
  const logs = [scene.attic, HOUSE_ROOM, scene.person("bob")?.who.self ?? ""]
  const listeners = new Map<Persona, ReadonlyMap<Uuid, readonly number[]>>()
  for (const persona of personas) listeners.set(persona, await house.listen(scene.person(persona), logs))
  const placed: Placed = await row.happen(scene)
  await house.settle()
  // Who has come in meanwhile begins to follow now.
  if (kind === "member.joined") listeners.set("ivy", await house.listen(scene.person("ivy"), logs))
  const [event] = await house.store.log.read(placed.log, placed.seq - 1, 1)
  expect(event?.kind).toBe(kind as Kind)

  const hears = personas.filter((persona) => listeners.get(persona)?.get(placed.log)?.includes(placed.seq))
  expect(hears.sort()).toEqual([...(row.hears ?? row.reads)].sort())
  const reads: Persona[] = []
  for (const persona of personas)
    if ((await readable(scene, persona, placed.log)).has(placed.seq)) reads.push(persona)
  expect(reads.sort()).toEqual([...row.reads].sort())
  expect(house.broken).toEqual([])
  await house.close()
})

test("[SEE-1] whoever was put out hears of it last, and of nothing that follows", async () => {
  const scene = await makeScene()
  const { house, attic } = scene
  const bob = scene.person("bob")
  const [ada, heard] = [scene.person("ada"), await house.listen(bob, [attic])]
  if (!ada || !bob) throw new Error("They are there.")
  const last = await house.act(ada, attic, "member.removed", undefined, { account: bob.who.id })
  await house.say(ada, attic, "now we are among ourselves")
  await house.settle()
  expect(heard.get(attic)?.at(-1)).toBe(last)
  expect(await house.code(bob, "events.list", { room: attic })).toBe("not-a-member")
})
