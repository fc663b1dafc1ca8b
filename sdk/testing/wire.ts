import type { Hearing, Wire } from "../ports.ts"
import type { TestWorld } from "./world.ts"

/** How a link treats what it carries. */
export interface Weather {
  /** The longest time under way; each frame takes some of it. */
  readonly delayMs: number
  /** Share of frames lost, and doubled; above 0 the wire is a datagram wire, and frames overtake each other. */
  readonly loss: number
}

/** Both ends of one connection. */
interface TestWire {
  readonly wire: Wire
  /** From the house to the client. */
  say(text: string): void
  end(why: string): void
}

/** What is under way when it ends may still arrive at the house, much later; it never arrives at the client. */
export function testWire(
  world: TestWorld,
  weather: () => Weather,
  client: Hearing,
  house: { hear(text: string): void; left(): void },
): TestWire {
  let isOpen = true
  const [up, down] = [lane(world, weather), lane(world, weather)]
  world.after(1, () => {
    if (isOpen) client.opened()
  })
  const close = () => {
    isOpen = false
    house.left()
  }
  return {
    say: (text) =>
      down(() => {
        if (isOpen) client.frame(text)
      }),
    end: (why) => {
      if (!isOpen) return
      close()
      world.after(0, () => client.closed(why))
    },
    wire: {
      send: (text) => {
        if (!isOpen) return
        up(() => {
          if (isOpen || world.chance() < 0.5) house.hear(text)
        })
      },
      close,
    },
  }
}

/** One direction: in order, unless it loses frames. */
function lane(world: TestWorld, weather: () => Weather): (arrive: () => void) => void {
  let lastMs = 0
  return (arrive) => {
    const { delayMs, loss } = weather()
    const atMs = world.now() + Math.floor(world.chance() * delayMs)
    if (loss === 0) {
      lastMs = Math.max(lastMs, atMs)
      world.after(lastMs - world.now(), arrive)
      return
    }
    const luck = world.chance()
    if (luck < loss) return
    world.after(atMs - world.now(), arrive)
    if (luck < loss * 2) world.after(atMs - world.now() + delayMs, arrive)
  }
}
