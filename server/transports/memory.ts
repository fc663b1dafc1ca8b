import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Inbox, Origin, Outgoing } from "../core/ports.ts"
import { enter } from "./gate.ts"
import type { Reception } from "./reception.ts"
import {
  begin,
  broke,
  end,
  hearDrained,
  hearText,
  lastWord,
  mayHear,
  type Stage,
  textFor,
  type Wire,
} from "./wire.ts"

type Direction = "up" | "down"

/** How a wire in memory treats its frames, as real wires do; every hook may be left out. */
export interface Weather {
  /** Milliseconds until a frame arrives; 0 unless told. Frames never overtake each other, unless `overtakes`. */
  latencyMs?(direction: Direction): number
  /** A wire of datagrams: each arrives after its own latency, whatever was sent before it. */
  readonly overtakes?: boolean
  /** True: the frame is lost. Only a wire of datagrams loses one and keeps the next. */
  loses?(direction: Direction, text: string): boolean
  /** What arrives in its place. */
  garbles?(direction: Direction, text: string): string
  /** Above so many characters on their way down the server's end is not ready; no bound unless told. */
  readonly unreadMax?: number
}

interface MemoryOptions {
  readonly origin?: Partial<Origin>
  readonly weather?: Weather
  /** The text of one frame from the server. Never called within `send`. */
  readonly hear: (text: string) => void
  /** The wire is gone; with the refusal where the server closed it. Once, and not after `cut`. */
  readonly closed: (why: Refusal) => void
}

/** The client's end of a wire in memory. */
export interface MemoryEnd {
  send(text: string): void
  /** The wire breaks: both ends lose what is on its way. */
  cut(): void
  /** Stops reading: frames wait on the wire until `resume`. */
  pause(): void
  resume(): void
}

/** Opens a session over a wire in memory. Everything happens in turns of the given world, so a seeded one replays it. */
export function connectMemory(reception: Reception, options: MemoryOptions): MemoryEnd {
  const origin: Origin = { address: "127.0.0.1", transport: "memory", ...options.origin }
  const weather = options.weather ?? {}
  const peer = new MemoryPeer(reception, origin, weather, options)
  const up = carrier(reception, "up", weather, (text) => peer.hearFrame(text))
  const refusal = enter(reception.gate, origin.address, reception.world.now())
  if (refusal) peer.close(refusal)
  else begin(reception, peer)
  return {
    send: (text) => up.send(text),
    cut() {
      up.cut()
      peer.cut()
    },
    pause: () => peer.down.pause(),
    resume: () => peer.down.resume(),
  }
}

class MemoryPeer implements Wire {
  readonly #reception: Reception
  readonly #unreadMax: number
  readonly #closed: (why: Refusal) => void
  readonly origin: Origin
  readonly down: Carrier
  inbox: Inbox | undefined
  named = false
  stage: Stage = "waiting"
  #isOpen = true
  #full = false

  constructor(reception: Reception, origin: Origin, weather: Weather, client: MemoryOptions) {
    this.#reception = reception
    this.#unreadMax = weather.unreadMax ?? Number.POSITIVE_INFINITY
    this.#closed = client.closed
    this.origin = origin
    this.down = carrier(reception, "down", weather, (text) => {
      client.hear(text)
      this.#arrived()
    })
  }

  send(out: readonly Outgoing[]): void {
    if (!this.#isOpen) return
    try {
      for (const each of out) this.down.send(textFor(this.#reception, this, each))
    } catch (error) {
      broke(this.#reception, this, error)
    }
  }

  names(): void {
    this.named = true
  }

  ready(): boolean {
    const isFull = this.down.unread() > this.#unreadMax
    this.#full ||= isFull
    return !isFull
  }

  close(why: Refusal): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.down.send(lastWord(why))
    this.down.last(() => this.#closed(why))
    end(this.#reception, this)
  }

  overdue(): void {
    this.close(refuse("sign-in-first", "Nobody signed in on this connection in time."))
  }

  hearFrame(text: string): void {
    if (this.#isOpen && mayHear(this.#reception, this, text.length)) hearText(this.#reception, this, text)
  }

  cut(): void {
    this.#isOpen = false
    this.down.cut()
    end(this.#reception, this)
  }

  #arrived(): void {
    if (!this.#isOpen || !this.#full || !this.ready()) return
    this.#full = false
    hearDrained(this.#reception, this)
  }
}

/** One direction of the wire. */
interface Carrier {
  send(text: string): void
  /** Runs once all that was sent has arrived; nothing is sent after it. */
  last(run: () => void): void
  /** Characters sent that have not arrived. */
  unread(): number
  pause(): void
  resume(): void
  cut(): void
}

function carrier(
  { world }: Reception,
  direction: Direction,
  weather: Weather,
  arrive: (text: string) => void,
): Carrier {
  // Sent and not yet due; of an ordered wire the first one is taken whenever any is due, so none overtakes.
  const sent: (() => void)[] = []
  // Due, while the reader pauses.
  const held: (() => void)[] = []
  let unread = 0
  let isPaused = false
  let isCut = false
  let lastAtMs = 0
  const deliver = (run: () => void) => {
    if (isCut) return
    if (isPaused) held.push(run)
    else run()
  }
  const carry = (run: () => void) => {
    const latencyMs = weather.latencyMs?.(direction) ?? 0
    if (weather.overtakes) {
      world.after(latencyMs, () => deliver(run))
      return
    }
    sent.push(run)
    lastAtMs = Math.max(lastAtMs, world.now() + latencyMs)
    world.after(lastAtMs - world.now(), () => {
      const first = sent.shift()
      if (first) deliver(first)
    })
  }
  return {
    send(text) {
      if (isCut || weather.loses?.(direction, text)) return
      const arriving = weather.garbles?.(direction, text) ?? text
      unread += arriving.length
      carry(() => {
        unread -= arriving.length
        arrive(arriving)
      })
    },
    last: carry,
    unread: () => unread,
    pause() {
      isPaused = true
    },
    resume() {
      isPaused = false
      while (!isPaused && held.length > 0) held.shift()?.()
    },
    cut() {
      isCut = true
    },
  }
}
