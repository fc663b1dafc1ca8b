import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { memoryCache } from "./caches/memory.ts"
import { type Client, connect } from "./client.ts"
import { countsOf } from "./testing/answers.ts"
import { House, type Log, type Person } from "./testing/house.ts"
import { MOMENT_MS, scene, WHILE_MS } from "./testing/scene.ts"
import { TestWorld } from "./testing/world.ts"

describe("what is unread", () => {
  test("the server's count is shown at once, and goes on from there", async () => {
    const { world, house, bob, lobby, enter } = scene()
    for (let count = 0; count < 10; count++) house.posts(lobby, bob, `${count}`)
    const client = enter("ada", { counts: true, begin: { last: 2 } })
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    expect(room.unread).toBe(10)
    house.posts(lobby, bob, "eleven")
    await world.pass(MOMENT_MS)
    expect(room.unread).toBe(11)
    room.read()
    expect(room.unread).toBe(0)
    await world.pass(MOMENT_MS)
    expect(house.marks.get(`${lobby.id} ${client.me}`)).toBe(12)
  })

  test("own words, threads and deleted messages do not count", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const client = enter("ada", { counts: true })
    await world.pass(MOMENT_MS)
    const room = client.room("lobby")
    const first = house.posts(lobby, bob, "one")
    house.posts(lobby, bob, "two")
    house.append(lobby, bob, {
      id: crypto.randomUUID(),
      kind: "message.posted",
      body: { text: "in a thread", root: first.seq },
    })
    await world.pass(MOMENT_MS)
    expect(room.unread).toBe(2)
    house.append(lobby, bob, {
      id: crypto.randomUUID(),
      kind: "message.deleted",
      body: {},
      target: first.seq,
    })
    await world.pass(MOMENT_MS)
    expect(room.unread).toBe(1)
    house.posts(lobby, ada, "from my other device")
    await world.pass(MOMENT_MS)
    expect(room.unread).toBe(0)
  })

  test("it ends at a hundred", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada", { counts: true })
    await world.pass(MOMENT_MS)
    for (let count = 0; count < 120; count++) house.posts(lobby, bob, `${count}`)
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").unread).toBe(100)
  })

  test("what calls us is counted: by name, and with @room", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada", { counts: true })
    const activity: unknown[] = []
    client.on("activity", ({ body }) => activity.push(body))
    await world.pass(MOMENT_MS)
    house.posts(lobby, bob, "@ada, are you there?")
    house.posts(lobby, bob, "@room look")
    house.posts(lobby, bob, "nobody in particular")
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").mentions).toBe(2)
    expect(activity).toEqual([{ reason: "mention", room: lobby.id, seq: 2 }])
    client.room("lobby").read()
    expect(client.room("lobby").mentions).toBe(0)
  })

  test("a mark raised on another device counts here too", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const client = enter("ada", { counts: true })
    for (const text of ["one", "two", "three"]) house.posts(lobby, bob, text)
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").unread).toBe(3)
    house.marks.set(`${lobby.id} ${ada.id}`, 3)
    house.tell({
      type: "signals",
      signals: [{ kind: "register", key: `mark:${lobby.id}`, value: 3, version: 3 }],
    })
    await world.pass(MOMENT_MS)
    expect(client.room("lobby").unread).toBe(1)
  })

  test("a mark raised on another device while this one was away counts soon after", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const client = enter("ada", { counts: true })
    for (const text of ["one", "two", "three"]) house.posts(lobby, bob, text)
    await world.pass(MOMENT_MS)
    house.cut()
    house.marks.set(`${lobby.id} ${ada.id}`, 3)
    await world.pass(WHILE_MS / 4)
    expect(client.room("lobby").unread).toBe(1)
  })

  test("a mark that goes up with every line is told every two seconds, and the last one always", async () => {
    const { world, house, bob, lobby, enter } = scene()
    const client = enter("ada")
    await world.pass(MOMENT_MS)
    for (let count = 0; count < 40; count++) {
      house.posts(lobby, bob, `${count}`)
      await world.pass(100)
      client.room("lobby").read()
    }
    await world.pass(5_000)
    const told = house.heard.flatMap(({ frame }) => (frame.type === "request" ? [frame] : []))
    expect(told.length).toBeLessThanOrEqual(4)
    expect(told.at(-1)).toMatchObject({ name: "rooms.mark", input: { seq: 41 } })
  })

  test("a mark that could not be told is told when there is a way again", async () => {
    const { world, house, ada, bob, lobby, enter } = scene()
    const client = enter("ada")
    house.posts(lobby, bob, "one")
    await world.pass(MOMENT_MS)
    house.turnsAway = () => {
      house.cut()
      return undefined
    }
    house.cut()
    client.room("lobby").read()
    await world.pass(WHILE_MS)
    house.turnsAway = () => undefined
    await world.pass(WHILE_MS)
    expect(house.marks.get(`${lobby.id} ${ada.id}`)).toBe(2)
  })
})

type Step =
  | {
      readonly do: "post" | "thread" | "call" | "call all" | "delete" | "edit"
      readonly who: number
      readonly which: number
    }
  | { readonly do: "read" | "cut" | "restart"; readonly device: number; readonly which: number }
  | { readonly do: "pass"; readonly ms: number }

const which = fc.nat(30)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "post" as const,
        "thread" as const,
        "call" as const,
        "call all" as const,
        "delete" as const,
        "edit" as const,
      ),
      // Ada herself speaks less.
      who: fc.constantFrom(0, 1, 1, 1, 2, 2),
      which,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("read" as const, "cut" as const, "restart" as const),
      device: fc.nat(1),
      which,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 2_500 }) }),
  },
)

/** Ada has two devices, one of which begins near the end; Bob and Cleo talk. */
class Story {
  readonly world: TestWorld
  readonly house: House
  readonly people: readonly Person[]
  readonly lobby: Log
  readonly kept = [new Map<string, string>(), new Map<string, string>()]
  readonly devices: Client[]
  readonly messages: { readonly seq: number; readonly by: Person; root?: number; gone?: true }[] = []

  constructor(seed: number) {
    this.world = new TestWorld(seed)
    this.house = new House(this.world)
    this.people = ["ada", "bob", "cleo"].map((name) => this.house.person(name))
    this.lobby = this.house.room("lobby", ...this.people)
    this.devices = [this.#start(0), this.#start(1)]
  }

  get ada(): Person {
    return this.people[0] as Person
  }

  #start(device: number): Client {
    return connect({
      link: this.house.link(),
      name: "ada",
      password: "correct horse",
      cache: memoryCache(this.kept[device]),
      begin: { last: device === 0 ? 3 : 50 },
      counts: true,
      world: this.world,
    })
  }

  async take(step: Step): Promise<void> {
    if (step.do === "pass") return this.world.pass(step.ms)
    if ("who" in step) this.#speak(step.do, this.people[step.who] as Person, step.which)
    else if (step.do === "read") this.devices[step.device]?.room(this.lobby.id).read(step.which)
    else if (step.do === "cut") this.house.cutOff("ada")
    else {
      await this.devices[step.device]?.close()
      this.devices[step.device] = this.#start(step.device)
    }
  }

  #speak(what: "post" | "thread" | "call" | "call all" | "delete" | "edit", by: Person, which: number): void {
    const standing = this.messages.filter(({ gone }) => !gone)
    const one = standing[which % Math.max(1, standing.length)]
    const say = (kind: string, body: object, target?: number) =>
      this.house.append(this.lobby, by, {
        id: crypto.randomUUID(),
        kind,
        body,
        ...(target !== undefined && { target }),
      })
    if (what === "delete" || what === "edit") {
      if (!one || (what === "edit" && one.by !== by)) return
      if (what === "delete") one.gone = true
      say(
        what === "edit" ? "message.edited" : "message.deleted",
        what === "edit" ? { text: `edited @${["ada", "nobody"][which % 2]}` } : {},
        one.seq,
      )
      return
    }
    const words = { post: "hello", thread: "in a thread", call: "hello @ada", "call all": "hello @room" }[
      what
    ]
    const root = what === "thread" ? (one?.root ?? one?.seq) : undefined
    const { seq } = say("message.posted", { text: words, ...(root !== undefined && { root }) })
    this.messages.push({ seq, by, ...(root !== undefined && { root }) })
  }
}

test("whatever is said, read, cut and restarted, in the end every device counts what the log says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.array(step, { maxLength: 50 }),
      async (seed, steps) => {
        const story = new Story(seed)
        await story.world.pass(MOMENT_MS)
        for (const one of steps) await story.take(one)
        await story.world.pass(WHILE_MS)
        const truth = countsOf(story.house, story.lobby, story.ada)
        for (const device of story.devices) {
          const { unread, mentions } = device.room(story.lobby.id)
          expect({ unread, mentions }).toEqual({ unread: truth.unread, mentions: truth.mentions })
        }
      },
    ),
    { numRuns: 300 },
  )
}, 60_000)
