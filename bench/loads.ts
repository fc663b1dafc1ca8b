import type { Uuid } from "../protocol/ids.ts"
import type { Heard, Seat, Talk } from "./crowd.ts"
import type { Answer, Order } from "./load.ts"
import { cpuSeconds } from "./process.ts"
import { joined } from "./spread.ts"

/** Two processes of load: a few who listen, and the many who would keep them from hearing in time. */
export interface Loads {
  join(address: string, seats: readonly Seat[]): Promise<void>
  joinBare(address: string, rooms: readonly Uuid[]): Promise<void>
  talk(talk: Talk): Promise<void>
  /** What was heard since the last call: counts of everyone, times of those who listen. */
  heard(): Promise<Heard>
  /** CPU seconds that the processes have used so far. */
  cpuSeconds(): number
  leave(): Promise<void>
  stop(): Promise<void>
}

/** Starts the processes of a load in which so many listen. */
export function openLoads(listeners: number): Loads {
  const [few, many] = [openLoad(), openLoad()]
  let share = 0
  const join = async <One>(all: readonly One[], order: (some: readonly One[], listens: boolean) => Order) => {
    const every = Math.max(1, Math.floor(all.length / listeners))
    const isListener = (index: number) => index % every === 0 && index / every < listeners
    const [some, others] = [
      all.filter((_, index) => isListener(index)),
      all.filter((_, index) => !isListener(index)),
    ]
    share = some.length / all.length
    await few.give(order(some, true))
    await many.give(order(others, false))
  }
  const everyone = (order: Order) => Promise.all([few.give(order), many.give(order)])
  return {
    join: (address, seats) => join(seats, (some, listens) => ({ do: "join", address, seats: some, listens })),
    joinBare: (address, rooms) =>
      join(rooms, (some, listens) => ({ do: "join bare", address, rooms: some, listens })),
    async talk({ perSecond, seconds }) {
      await Promise.all([
        few.give({ do: "talk", perSecond: perSecond * share, seconds }),
        share < 1 && many.give({ do: "talk", perSecond: perSecond * (1 - share), seconds }),
      ])
    },
    async heard() {
      const [listened, counted] = await everyone({ do: "heard" })
      if (!listened?.heard || !counted?.heard) throw new Error("A process of the load did not answer.")
      return together(listened.heard, counted.heard)
    },
    cpuSeconds: () => cpuSeconds(few.pid) + cpuSeconds(many.pid),
    leave: async () => void (await everyone({ do: "leave" })),
    stop: async () => void (await Promise.all([few.stop(), many.stop()])),
  }
}

/** The times of those who listen, and the counts of everyone. */
function together(listened: Heard, counted: Heard): Heard {
  const { acceptance, lag } = listened
  return { ...sum(listened, counted), acceptance, lag }
}

/** What was heard in two places or one after the other. */
export function sum(one: Heard, other: Heard): Heard {
  return {
    deliveries: one.deliveries + other.deliveries,
    frames: one.frames + other.frames,
    accepted: one.accepted + other.accepted,
    refused: one.refused + other.refused,
    holes: one.holes + other.holes,
    delivery: joined([one.delivery, other.delivery]),
    acceptance: joined([one.acceptance, other.acceptance]),
    lag: joined([one.lag, other.lag]),
    unanswered: one.unanswered.map((count, second) => count + (other.unanswered[second] ?? 0)),
  }
}

function openLoad() {
  const waiting: { done(answer: Answer): void; failed(error: Error): void }[] = []
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/load.ts`], {
    stdio: ["ignore", "inherit", "inherit"],
    // Spreads are maps, which JSON does not know.
    serialization: "advanced",
    ipc(answer: Answer) {
      const first = waiting.shift()
      if (answer.broke === undefined) first?.done(answer)
      else first?.failed(new Error(answer.broke))
    },
    onExit() {
      for (const { failed } of waiting.splice(0)) failed(new Error("A process of the load has ended."))
    },
  })
  return {
    pid: child.pid,
    give(order: Order): Promise<Answer> {
      return new Promise((done, failed) => {
        waiting.push({ done, failed })
        child.send(order)
      })
    },
    async stop(): Promise<void> {
      child.kill()
      await child.exited
    },
  }
}
