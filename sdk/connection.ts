import { readDown } from "../protocol/codec.ts"
import type { Down, Hello, Pong, Refused, Up, Welcome } from "../protocol/frames.ts"
import type { Refusal } from "../protocol/refusals.ts"
import { PROTOCOL_VERSION } from "../protocol/version.ts"
import { backoffMs } from "./backoff.ts"
import type { Link, Stop, Wire, World } from "./ports.ts"

const RECONNECT = { firstMs: 1_000, longestMs: 30_000 }
/** From opening the link to the welcome; a password takes its time on a busy server. */
const WELCOME_WITHIN_MS = 30_000
/** With a ping out and nothing heard for so long, the connection is taken for dead. */
const SILENCE_MAX_MS = 10_000
const PING_EVERY_MS = 20_000
/** On a wire that loses frames, whatever was not answered is asked again after so long. */
const LOSSY_AGAIN_MS = 1_000

export type State =
  /** Waiting to try again; `why` is for people. */
  | { readonly is: "offline"; readonly why: string; readonly againAtMs: number }
  | { readonly is: "connecting" }
  | { readonly is: "signing-in" }
  | { readonly is: "online"; readonly welcome: Welcome }
  /** For good: by `close()` (no `why`), or because the server will never let this client in as it is. */
  | { readonly is: "ended"; readonly why?: Refusal }

/** How to sign in. Nothing at all: the connection brings its own token (a browser's cookie). */
export interface Credentials {
  readonly token?: string
  readonly name?: string
  readonly password?: string
  /** Makes the account. */
  readonly register?: true
  readonly invite?: string
  /** What the person will read in the list of their sessions. */
  readonly client?: string
  /** Ask for a name beside every event's author. */
  readonly names?: boolean
}

/** What the connection tells its owner. */
interface Owner {
  changed(state: State): void
  /** A frame that is neither `welcome` nor `pong`. */
  heard(frame: Exclude<Down, Welcome | Pong>): void
  /** The answer to the ping of this number: everything sent before it is settled, and its answers were written. */
  ponged(ping: number, heads: Pong["heads"]): void
  /** True while something is unanswered: on a lossy wire pings then come faster. */
  isWaiting(): boolean
}

/** One connection after the other to the same server: opens, signs in, notices death, comes back. */
export class Connection {
  state: State = { is: "connecting" }
  /** Counts pings: what was sent while it was n is settled by the pong of any ping above n. */
  pings = 0
  readonly #link: Link
  readonly #world: World
  readonly #owner: Owner
  #credentials: Credentials
  #wire: Wire | undefined
  #attempt = 0
  #heardAt = 0
  /** The oldest ping whose pong is still to come; 0 for none. */
  #awaited = 0
  /** The next ping comes soon, since something waits for its answer. */
  #hurries = false
  #timer: Stop = () => {}
  #forgetNetwork: Stop = () => {}
  /** What the server said before it closed. */
  #farewell: Refusal | undefined
  /** A registration whose answer was lost may have made the account. */
  #mayBeRegistered = false

  constructor(link: Link, credentials: Credentials, world: World, owner: Owner) {
    this.#link = link
    this.#credentials = credentials
    this.#world = world
    this.#owner = owner
  }

  start(): void {
    this.#forgetNetwork = this.#world.networkBack?.(() => this.#networkBack()) ?? (() => {})
    this.#open()
  }

  /** Sends when online; what is said offline is nobody's to hear, so callers ask the state first. */
  send(frame: Exclude<Up, Hello>): void {
    if (this.state.is === "online") this.#wire?.send(JSON.stringify(frame))
  }

  /** Asks for a pong now, and from then on regularly. The owner calls it once it has said what it had to, after a welcome. */
  ping(): void {
    if (this.state.is !== "online") return
    this.pings++
    if (this.#awaited === 0) {
      this.#awaited = this.pings
      this.#heardAt = this.#world.now()
    }
    this.send({ type: "ping", id: String(this.pings) })
    this.#timer()
    this.#watch()
  }

  /** Ends for good. */
  close(): void {
    this.#end(undefined)
  }

  // ------------------------------------------------------------ opening

  #open(): void {
    this.#timer()
    this.#farewell = undefined
    this.#become({ is: "connecting" })
    const wire: Wire = this.#link.open({
      opened: () => {
        if (this.#wire === wire) this.#signIn()
      },
      frame: (text) => {
        if (this.#wire === wire) this.#frame(text)
      },
      closed: (why) => {
        if (this.#wire === wire) this.#lost(why)
      },
    })
    this.#wire = wire
    this.#timer = this.#world.after(WELCOME_WITHIN_MS, () => this.#lost("The server did not answer."))
  }

  #signIn(): void {
    this.#become({ is: "signing-in" })
    this.#hello()
    if (!this.#link.lossy) return
    let left = Math.floor(WELCOME_WITHIN_MS / LOSSY_AGAIN_MS)
    const again = () => {
      left--
      if (left === 0) return this.#lost("The server did not answer.")
      this.#hello()
      this.#timer = this.#world.after(LOSSY_AGAIN_MS, again)
    }
    this.#timer()
    this.#timer = this.#world.after(LOSSY_AGAIN_MS, again)
  }

  #hello(): void {
    const hello: Hello = { type: "hello", version: PROTOCOL_VERSION, ...this.#credentials }
    this.#wire?.send(JSON.stringify(hello))
  }

  #frame(text: string): void {
    this.#heardAt = this.#world.now()
    let frame: Down | undefined
    try {
      frame = readDown(text)
    } catch {
      this.#lost("The server sent something that is no frame.")
    }
    if (frame === undefined) return
    if (frame.type === "welcome") this.#welcome(frame)
    else if (frame.type === "refused" && (frame.of === "hello" || frame.of === "session"))
      this.#turnedAway(frame)
    else if (this.state.is === "online") {
      if (frame.type === "pong") this.#pong(frame)
      else this.#owner.heard(frame)
    }
  }

  #welcome(welcome: Welcome): void {
    if (this.state.is !== "signing-in") return
    const { token } = welcome.session
    if (token !== undefined) {
      const { client, names } = this.#credentials
      this.#credentials = {
        token,
        ...(client !== undefined && { client }),
        ...(names !== undefined && { names }),
      }
    }
    this.#mayBeRegistered = false
    this.#awaited = 0
    this.#timer()
    this.#become({ is: "online", welcome })
  }

  #turnedAway(refused: Refused): void {
    const { code, message, waitMs } = refused
    const why: Refusal = { code, message, ...(waitMs !== undefined && { waitMs }) }
    if (code === "name-taken" && this.#mayBeRegistered) {
      // The answer that was lost may have been a yes: then the same name and password let us in.
      const { register: _, invite: __, ...rest } = this.#credentials
      this.#credentials = rest
      this.#mayBeRegistered = false
      this.#farewell = { ...why, waitMs: 0 }
      this.#lost(message)
    } else if (refused.retry || (this.#link.lossy && code === "bad-frame")) {
      this.#farewell = why
      this.#lost(message)
    } else this.#end(why)
  }

  // ------------------------------------------------------------ staying

  #pong(pong: Pong): void {
    const ping = Number(pong.id)
    if (!Number.isInteger(ping) || ping > this.pings) return
    this.#attempt = 0
    if (ping >= this.#awaited) this.#awaited = 0
    this.#owner.ponged(ping, pong.heads)
    if (this.state.is === "online" && this.#awaited === 0) this.#restUntilNextPing()
  }

  #restUntilNextPing(): void {
    this.#timer()
    this.#hurries = this.#link.lossy === true && this.#owner.isWaiting()
    const pause = this.#hurries ? LOSSY_AGAIN_MS : PING_EVERY_MS
    this.#timer = this.#world.after(pause, () => this.ping())
  }

  /** A ping is out: anything heard shows that the connection lives, a long silence that it does not. */
  #watch(): void {
    const silence = this.#world.now() - this.#heardAt
    if (silence >= SILENCE_MAX_MS) this.#lost("The connection went silent.")
    else if (this.#link.lossy) this.#timer = this.#world.after(LOSSY_AGAIN_MS, () => this.#pingAgain())
    else this.#timer = this.#world.after(SILENCE_MAX_MS - silence, () => this.#watch())
  }

  #pingAgain(): void {
    if (this.#world.now() - this.#heardAt >= SILENCE_MAX_MS) this.#lost("The connection went silent.")
    else this.ping()
  }

  #networkBack(): void {
    if (this.state.is === "offline") this.#open()
    else if (this.state.is === "online") this.ping()
  }

  /** On a lossy wire something now waits for its answer: look again soon. */
  hurry(): void {
    if (this.#link.lossy && this.state.is === "online" && this.#awaited === 0 && !this.#hurries)
      this.#restUntilNextPing()
  }

  // ------------------------------------------------------------ leaving

  #lost(why: string): void {
    const wire = this.#wire
    if (!wire) return
    if (this.state.is === "signing-in" && this.#credentials.register && this.#farewell === undefined)
      this.#mayBeRegistered = true
    this.#wire = undefined
    this.#timer()
    wire.close()
    const wait = this.#farewell?.waitMs
    const pause = (wait ?? 0) + (wait === 0 ? 0 : backoffMs(this.#attempt, RECONNECT, this.#world))
    this.#attempt++
    this.#become({
      is: "offline",
      why: this.#farewell?.message ?? why,
      againAtMs: this.#world.now() + pause,
    })
    if (this.state.is === "offline") this.#timer = this.#world.after(pause, () => this.#open())
  }

  #end(why: Refusal | undefined): void {
    if (this.state.is === "ended") return
    const wire = this.#wire
    this.#wire = undefined
    this.#timer()
    this.#forgetNetwork()
    wire?.close()
    this.#become(why ? { is: "ended", why } : { is: "ended" })
  }

  #become(state: State): void {
    this.state = state
    this.#owner.changed(state)
  }
}
