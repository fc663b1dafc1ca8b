import type { Presence, Signal, SignalDown } from "../protocol/frames.ts"
import type { Uuid } from "../protocol/ids.ts"
import type { Stop, World } from "./ports.ts"

/** Someone who was said to type is shown for so long; who goes on typing says so again before. */
const TYPING_LASTS_MS = 6_000
const TYPING_AGAIN_MS = 3_000

interface SignalsOwner {
  /** Goes out when online; else it is nobody's to hear. */
  send(signal: Signal): void
  typing(room: Uuid): void
  presence(account: Uuid): void
}

/** What is not in the log and is forgotten: who types, who is there. */
export class Signals {
  readonly #world: World
  readonly #owner: SignalsOwner
  readonly #typists = new Map<Uuid, Map<Uuid, Stop>>()
  readonly #presences = new Map<Uuid, Presence>()
  /** When we last said that we type, by room. */
  readonly #typing = new Map<Uuid, number>()
  #watched: readonly Uuid[] = []
  #mine: Exclude<Presence, "offline"> = "online"

  constructor(world: World, owner: SignalsOwner) {
    this.#world = world
    this.#owner = owner
  }

  typists(room: Uuid): readonly Uuid[] {
    return [...(this.#typists.get(room)?.keys() ?? [])]
  }

  /** Undefined: not told; only those who are watched are. */
  presence(account: Uuid): Presence | undefined {
    return this.#presences.get(account)
  }

  /** We type, or have stopped. Call it with every key: it says so no more often than it must. */
  type(room: Uuid, on: boolean): void {
    const now = this.#world.now()
    const last = this.#typing.get(room)
    if (on && last !== undefined && now - last < TYPING_AGAIN_MS) return
    if (!on && last === undefined) return
    if (on) this.#typing.set(room, now)
    else this.#typing.delete(room)
    this.#owner.send({ type: "signal", kind: "typing", room, on })
  }

  /** What was typed is said: nothing more to tell, everyone sees it. */
  typed(room: Uuid): void {
    this.#typing.delete(room)
  }

  show(state: Exclude<Presence, "offline">): void {
    this.#mine = state
    this.#owner.send({ type: "signal", kind: "presence", state })
  }

  /** Those whose presence is wanted, instead of those before: the people on the screen. */
  watch(accounts: readonly Uuid[]): void {
    this.#watched = accounts
    for (const account of this.#presences.keys())
      if (!accounts.includes(account)) this.#presences.delete(account)
    this.#owner.send({ type: "signal", kind: "watch", accounts: [...accounts] })
  }

  heard(signal: SignalDown): void {
    if (signal.kind === "typing") this.#typist(signal.room, signal.account, signal.on)
    if (signal.kind !== "presence") return
    this.#presences.set(signal.account, signal.state)
    this.#owner.presence(signal.account)
  }

  /** Someone said something: they type no more. */
  said(room: Uuid, account: Uuid): void {
    if (this.#typists.get(room)?.has(account)) this.#typist(room, account, false)
  }

  resume(): void {
    if (this.#mine !== "online") this.show(this.#mine)
    if (this.#watched.length > 0) this.watch(this.#watched)
  }

  cut(): void {
    for (const [room, typists] of this.#typists) {
      for (const stop of typists.values()) stop()
      this.#typists.delete(room)
      this.#owner.typing(room)
    }
    this.#typing.clear()
    const known = [...this.#presences.keys()]
    this.#presences.clear()
    for (const account of known) this.#owner.presence(account)
  }

  #typist(room: Uuid, account: Uuid, on: boolean): void {
    const typists = this.#typists.get(room) ?? new Map<Uuid, Stop>()
    this.#typists.set(room, typists)
    typists.get(account)?.()
    typists.delete(account)
    if (on)
      typists.set(
        account,
        this.#world.after(TYPING_LASTS_MS, () => this.#typist(room, account, false)),
      )
    if (typists.size === 0) this.#typists.delete(room)
    this.#owner.typing(room)
  }
}
