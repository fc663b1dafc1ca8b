// A process of the load: does what the bench tells it, one order after the other. The crowd's own cost and lateness stay
// here, away from the server and from the bench.
import process from "node:process"
import type { Uuid } from "../protocol/ids.ts"
import { Crowd, type Heard, type Seat, type Talk } from "./crowd.ts"

export type Order =
  | {
      readonly do: "join"
      readonly address: string
      readonly seats: readonly Seat[]
      readonly listens: boolean
    }
  | {
      readonly do: "join bare"
      readonly address: string
      readonly rooms: readonly Uuid[]
      readonly listens: boolean
    }
  | ({ readonly do: "talk" } & Talk)
  | { readonly do: "heard" }
  | { readonly do: "leave" }

/** Every order is answered once, in the order they came in. */
export type Answer = { readonly heard?: Heard; readonly broke?: string }

const crowd = new Crowd()
let last: Promise<void> = Promise.resolve()

process.on("message", (order: Order) => {
  last = last.then(async () => {
    const answer: Answer = await obey(order).catch((error: unknown) => ({ broke: String(error) }))
    process.send?.(answer)
  })
})
process.on("disconnect", () => process.exit(0))

async function obey(order: Order): Promise<Answer> {
  switch (order.do) {
    case "join":
      await crowd.join(order.address, order.seats, order.listens)
      return {}
    case "join bare":
      await crowd.joinBare(order.address, order.rooms, order.listens)
      return {}
    case "talk":
      await crowd.talk(order)
      return {}
    case "heard":
      return { heard: crowd.heard() }
    case "leave":
      crowd.leave()
      return {}
    default:
      return order satisfies never
  }
}
