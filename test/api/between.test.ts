import { describe, expect, test } from "bun:test"
import { isRefusal } from "../../protocol/refusals.ts"
import { systemActor } from "../../server/accounts/self.ts"
import type { Log } from "../../server/core/ports.ts"
import { ApiHouse } from "./house.ts"

/** A log at which something happens while it is read, once, when it is armed. */
function interrupted() {
  let happen: (() => Promise<unknown>) | undefined
  const first = async <Value>(reading: Promise<Value>): Promise<Value> => {
    const found = await reading
    const now = happen
    happen = undefined
    await now?.()
    return found
  }
  return {
    arm: (what: () => Promise<unknown>) => {
      happen = what
    },
    around: (log: Log): Log => ({
      ...log,
      read: (...place) => first(log.read(...place)),
      find: (...place) => first(log.find(...place)),
      changes: (...place) => first(log.changes(...place)),
    }),
  }
}

async function scene() {
  const between = interrupted()
  const house = await ApiHouse.make({ around: between.around })
  const [ada, bob] = [await house.person("ada"), await house.person("bob")]
  const attic = await house.room("attic", [ada, bob])
  const seq = await house.say(ada, attic, "zanzibar")
  await house.act(ada, attic, "pin.added", seq)
  await house.follow()
  const remove = async () => {
    const command = { id: house.id(), kind: "member.removed", body: { account: bob.who.id } }
    const said = await house.rooms.submit(attic, systemActor, command)
    if (isRefusal(said)) throw new Error(said.message)
  }
  return { house, between, ada, bob, attic, seq, remove }
}

describe("whoever is put out while the answer is read sees none of it", () => {
  test.each([
    ["events.list", () => ({ after: 0 })],
    ["messages.list", () => ({})],
    ["messages.get", (seq: number) => ({ message: seq })],
    ["messages.changes", (seq: number) => ({ from: 1, to: seq, asOf: 0 })],
    ["messages.pins", () => ({})],
  ] as const)("%s", async (name, input) => {
    const { house, between, bob, attic, seq, remove } = await scene()
    between.arm(remove)
    const { status, body } = await house.ask(bob, name, { room: attic, ...input(seq) })
    expect(body).toMatchObject({ code: "not-a-member" })
    expect(status).toBe(403)
  })

  test("search.messages", async () => {
    const { house, between, ada, bob, remove } = await scene()
    expect(await house.get<object>(ada, "search.messages", { q: "zanzibar" })).toMatchObject({ hits: [{}] })
    between.arm(remove)
    expect(await house.get<object>(bob, "search.messages", { q: "zanzibar" })).toEqual({ hits: [] })
  })
})

describe("what is erased while a page is read", () => {
  test("is not shown in its first wording when its edits are gone already", async () => {
    const { house, between, ada, bob, attic } = await scene()
    const seq = await house.say(ada, attic, "the first wording")
    await house.act(ada, attic, "message.edited", seq, { text: "the second" })
    between.arm(() => house.act(ada, attic, "message.deleted", seq))
    const { message } = await house.get<{ message: { text: string } }>(bob, "messages.get", {
      room: attic,
      message: seq,
    })
    expect(message).toMatchObject({ text: "", deleted: true })
  })

  test("a page is as of one place: what comes after it is left for the changes", async () => {
    const { house, between, ada, bob, attic, seq } = await scene()
    interface Page {
      readonly asOf: number
      readonly messages: readonly { readonly seq: number; readonly reactions: readonly unknown[] }[]
    }
    // Between the head and the changes: the log is asked for the root of the thread first.
    const answer = await house.say(bob, attic, "in the thread", { root: seq })
    between.arm(() => house.act(ada, attic, "reaction.added", answer, { emoji: "🌿" }))
    const kept = await house.get<Page>(bob, "messages.list", { room: attic, root: seq })
    expect(kept).toMatchObject({ asOf: answer, messages: [{ seq: answer, reactions: [] }] })
    const since = { room: attic, from: 1, to: kept.asOf, asOf: kept.asOf }
    expect(await house.get<object>(bob, "messages.changes", since)).toMatchObject({
      events: [{ kind: "reaction.added", target: answer }],
    })
  })
})
