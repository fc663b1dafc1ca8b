import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Submit } from "../protocol/frames.ts"
import type { Uuid } from "../protocol/ids.ts"
import { type Refusal, refuse } from "../protocol/refusals.ts"
import { type Shown, show, subject } from "../protocol/timeline.ts"
import { memoryCache } from "./caches/memory.ts"
import { type Client, connect } from "./client.ts"
import { House, type Log } from "./testing/house.ts"
import { TestWorld } from "./testing/world.ts"

const NAMES = ["ada", "bob", "cleo"] as const
const MOODS = ["too-fast", "busy", "store-failed"] as const
/** Ten reconnects with their longest waits, and every pong between. */
const HEALING_MS = 600_000

type Step =
  | {
      readonly do: "say" | "edit" | "react" | "delete" | "leave or join"
      readonly who: number
      readonly which: number
    }
  | { readonly do: "cut" | "restart" | "network back"; readonly who: number }
  | { readonly do: "pass"; readonly ms: number }

const who = fc.nat(NAMES.length - 1)
const which = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("say" as const), who, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("edit" as const, "react" as const), who, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), who, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave or join" as const), who, which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("cut" as const, "network back" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), who }) },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 20 }) }),
  },
)

/** What is refused for good is refused whenever it is asked. */
function forbids({ id, kind }: Submit): Refusal | undefined {
  return id?.endsWith("7") && kind !== "member.joined" ? refuse("forbidden") : undefined
}

/** One person's device, which may be started again over what it kept. */
interface Device {
  readonly name: string
  readonly kept: Map<string, string>
  client: Client
  /** What was said, in order, and whether it was refused. */
  readonly said: Uuid[]
  cut: () => void
}

class Story {
  readonly world: TestWorld
  readonly house: House
  readonly lobby: Log
  readonly devices: Device[]
  readonly #lossy: boolean

  constructor(seed: number, lossy: boolean) {
    this.#lossy = lossy
    this.world = new TestWorld(seed)
    this.house = new House(this.world)
    this.lobby = this.house.room("lobby", ...NAMES.map((name) => this.house.person(name)))
    this.devices = NAMES.map((name) => this.#start({ name, kept: new Map(), said: [] }))
  }

  /** Everyone has signed in once, so that what they say is kept; then the weather turns. */
  async begin(): Promise<void> {
    await this.world.pass(100)
    this.house.weather = { delayMs: 200, loss: this.#lossy ? 0.2 : 0 }
    // What may succeed later is a matter of luck.
    this.house.objects = (frame) => {
      const no = forbids(frame)
      if (no) return no
      const mood = this.world.chance() < 0.15 && MOODS[Math.floor(this.world.chance() * MOODS.length)]
      return mood ? refuse(mood) : undefined
    }
  }

  #start(device: Pick<Device, "name" | "kept" | "said">): Device {
    const link = this.house.link({ lossy: this.#lossy })
    const client = connect({
      link,
      name: device.name,
      password: "correct horse",
      cache: memoryCache(device.kept),
      begin: { after: 0 },
      world: this.world,
    })
    return { ...device, client, cut: () => this.house.cutOff(device.name) }
  }

  async take(step: Step): Promise<void> {
    if (step.do === "pass") return this.world.pass(step.ms)
    const device = this.devices[step.who]
    if (!device) return
    // A doubled "join" may be refused now and taken later, after a "leave": on such a wire nobody can order that.
    if (this.#lossy && step.do === "leave or join") return
    if ("which" in step) this.#speak(device, step.do, step.which)
    else if (step.do === "cut") device.cut()
    else if (step.do === "network back") this.world.comeBack()
    else {
      await device.client.close()
      this.devices[step.who] = this.#start(device)
    }
  }

  #speak(device: Device, what: "say" | "edit" | "react" | "delete" | "leave or join", which: number): void {
    const room = device.client.room(this.lobby.id)
    const target = device.said.at(-1 - which) ?? this.lobby.events[which]?.seq ?? 1
    const said = {
      say: () => room.say(`${device.name} ${device.said.length}`),
      edit: () => room.edit(target, `${device.name} edited`),
      react: () => room.react(target, "👍"),
      delete: () => room.delete(target),
      "leave or join": () =>
        which % 2 === 0 ? room.leave() : room.submit({ kind: "member.joined", body: {} }),
    }[what]()
    device.said.push(said.id)
  }

  async heal(): Promise<void> {
    this.house.weather = { delayMs: 20, loss: 0 }
    this.house.objects = forbids
    // Those who left come in again, so that everyone can be held against the log.
    for (let round = 0; round < 2; round++) {
      this.world.comeBack()
      await this.world.pass(HEALING_MS)
      for (const { client } of this.devices) {
        const room = client.room(this.lobby.id)
        if (!room.isMember) room.join()
      }
    }
    await this.world.pass(HEALING_MS)
  }

  check(): void {
    const { events } = this.lobby
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
    const truth = new Map<number, Shown>()
    for (const event of events) {
      const shown = show(truth.get(subject(event)), event)
      if (shown) truth.set(subject(event), shown)
    }
    const logged = new Map(events.map(({ id, seq }) => [id, seq]))
    for (const { client, said } of this.devices) {
      const room = client.room(this.lobby.id)
      expect(room.replica?.place?.cursor).toBe(events.length)
      expect(room.messages).toEqual([...truth.values()].sort((a, b) => a.seq - b.seq))
      const failed = new Set(room.pending.map(({ id, is }) => (is === "failed" ? id : `${id} is ${is}`)))
      // Everything said is in the log or was refused, never both and never neither.
      for (const id of said) expect([id, logged.has(id)]).toEqual([id, !failed.has(id)])
      expect(failed.size).toBe(said.filter((id) => !logged.has(id)).length)
      const order = said.flatMap((id) => logged.get(id) ?? [])
      expect(order).toEqual([...order].sort((a, b) => a - b))
    }
  }
}

describe.each([
  ["a wire that keeps order", false],
  ["a wire that loses, doubles and overtakes", true],
] as const)("over %s", (_, lossy) => {
  test("whatever happens, in the end every replica is the log and nothing said is lost, doubled or out of order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(step, { maxLength: 60 }),
        async (seed, steps) => {
          const story = new Story(seed, lossy)
          await story.begin()
          for (const one of steps) await story.take(one)
          await story.heal()
          story.check()
        },
      ),
      { numRuns: 300 },
    )
  }, 60_000)
})
