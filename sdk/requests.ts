import type { Request, Response } from "../protocol/frames.ts"
import { type Uuid, uuid7 } from "../protocol/ids.ts"
import { isRefusal, type Refusal, refuse } from "../protocol/refusals.ts"
import type { Stop, World } from "./ports.ts"

/** A request that has no answer after so long fails; long enough for a reconnect. */
const WITHIN_MS = 60_000

/** What requests ask of their owner. */
interface Desk {
  isOnline(): boolean
  send(frame: Request): void
  /** The number of pings sent so far. */
  pings(): number
}

interface Open {
  readonly frame: Request
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
  readonly forget: Stop
  /** How many pings had been sent before it; undefined while it is not on the wire. */
  era: number | undefined
}

/** Questions on their way. Each keeps its id, so asking again after a cut changes nothing twice. */
export class Requests {
  readonly #world: World
  readonly #desk: Desk
  readonly #open = new Map<Uuid, Open>()

  constructor(world: World, desk: Desk) {
    this.#world = world
    this.#desk = desk
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * Asks, now or when online again. Resolves with the body of the answer, or with the refusal; rejects when there is no
   * answer within `withinMs`, or when the client ends. The caller says what the body is; the server keeps the protocol.
   */
  ask<Body>(name: string, input: unknown, withinMs: number = WITHIN_MS): Promise<Body | Refusal> {
    const id = uuid7(this.#world.now(), this.#world.random(10))
    return new Promise<Body | Refusal>((resolve, reject) => {
      const forget = this.#world.after(withinMs, () => {
        this.#open.delete(id)
        reject(
          new Error(`The server did not answer "${name}" within ${Math.round(withinMs / 1_000)} seconds.`),
        )
      })
      const open: Open = {
        frame: { type: "request", id, name, input },
        resolve: (answer) => resolve(answer as Body | Refusal),
        reject,
        forget,
        era: undefined,
      }
      this.#open.set(id, open)
      this.#send(open)
    })
  }

  answered({ id, status, body }: Response): void {
    const open = this.#open.get(id)
    if (!open) return
    this.#open.delete(id)
    open.forget()
    open.resolve(status < 400 ? body : asRefusal(body))
  }

  cut(): void {
    for (const open of this.#open.values()) open.era = undefined
  }

  resume(): void {
    for (const open of this.#open.values()) this.#send(open)
  }

  /** What was asked before a ping and has no answer by its pong was lost on the way. */
  ponged(ping: number): void {
    for (const open of this.#open.values()) if (open.era !== undefined && open.era < ping) this.#send(open)
  }

  /** Nothing will be answered any more. */
  end(why: string): void {
    for (const open of this.#open.values()) {
      open.forget()
      open.reject(new Error(why))
    }
    this.#open.clear()
  }

  #send(open: Open): void {
    if (!this.#desk.isOnline()) return
    open.era = this.#desk.pings()
    this.#desk.send(open.frame)
  }
}

function asRefusal(body: unknown): Refusal {
  return typeof body === "object" && body !== null && isRefusal(body) ? body : refuse("broken")
}
