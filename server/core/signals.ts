import type { Presence, SignalDown } from "../../protocol/frames.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import type { Bus, Signals, Stop, World } from "./ports.ts"

/** Changes of presence are told together, at most this often. */
const TELL_EVERY_MS = 1_000
/** Someone without a connection is still there for so long: a train in a tunnel is not an absence. */
const OFFLINE_AFTER_MS = 30_000

type Claimed = Exclude<Presence, "offline">

/** A connected session, as far as signals go. */
interface Listening {
  readonly account: Uuid | undefined
  signal(signal: SignalDown): void
}

interface Person {
  /** What each of their connected sessions says. */
  readonly devices: Map<Listening, Claimed>
  readonly watchers: Set<Listening>
  /** When the last connection closed; undefined while there is one. */
  leftMs?: number
  told: Presence
}

/** What several devices say together: silence asked for anywhere holds everywhere, presence on one is presence. */
function together(devices: Iterable<Claimed>): Claimed | undefined {
  let state: Claimed | undefined
  for (const device of devices) {
    if (device === "do-not-disturb") return device
    if (state === undefined || device === "online") state = device
  }
  return state
}

/** Word that is never logged: who is here, who is writing. Best effort, bounded by connections. */
export class Presences implements Signals {
  readonly #world: World
  readonly #bus: Bus
  readonly #people = new Map<Uuid, Person>()
  readonly #watching = new Map<Listening, readonly Uuid[]>()
  readonly #changed = new Set<Uuid>()
  readonly #leaving = new Set<Uuid>()
  #stopTick: Stop | undefined
  #isClosed = false

  constructor(world: World, bus: Bus) {
    this.#world = world
    this.#bus = bus
    bus.on("signals", (letter) => {
      const { account, signal } = letter as { account: Uuid; signal: SignalDown }
      for (const session of this.#people.get(account)?.devices.keys() ?? []) session.signal(signal)
    })
  }

  join(session: Listening, account: Uuid): void {
    const person = this.#person(account)
    person.devices.set(session, "online")
    delete person.leftMs
    this.#leaving.delete(account)
    this.#change(account)
  }

  leave(session: Listening, account: Uuid): void {
    const person = this.#people.get(account)
    if (!person?.devices.delete(session)) return
    this.watch(session, [])
    if (person.devices.size === 0) {
      person.leftMs = this.#world.now()
      this.#leaving.add(account)
    }
    this.#change(account)
  }

  set(session: Listening, account: Uuid, state: Claimed): void {
    const person = this.#people.get(account)
    if (!person?.devices.has(session) || person.devices.get(session) === state) return
    person.devices.set(session, state)
    this.#change(account)
  }

  /** Replaces what a session watches, and tells it at once how things stand. */
  watch(session: Listening, accounts: readonly Uuid[]): void {
    for (const account of this.#watching.get(session) ?? []) {
      this.#people.get(account)?.watchers.delete(session)
      this.#forget(account)
    }
    this.#watching.delete(session)
    if (accounts.length === 0) return
    const watched = [...new Set(accounts)].slice(0, limits.watchedAccountsMax)
    this.#watching.set(session, watched)
    for (const account of watched) {
      const person = this.#person(account)
      // The others first: what this one is told now is what everyone was told last.
      this.#tellWatchers(account, person)
      person.watchers.add(session)
      session.signal({ kind: "presence", account, state: person.told })
    }
  }

  presence(account: Uuid): Presence {
    const person = this.#people.get(account)
    if (!person) return "offline"
    const state = together(person.devices.values())
    if (state !== undefined) return state
    return this.#isLeaving(person) ? person.told : "offline"
  }

  #isLeaving(person: Person): boolean {
    return person.leftMs !== undefined && this.#world.now() - person.leftMs < OFFLINE_AFTER_MS
  }

  /** Nobody is told anything any more, and no timer holds the process for those who have just left. */
  close(): void {
    this.#isClosed = true
    this.#stopTick?.()
  }

  tell(account: Uuid, signal: SignalDown): void {
    this.#bus.ring("signals", { account, signal })
  }

  #person(account: Uuid): Person {
    const known = this.#people.get(account)
    if (known) return known
    const person: Person = { devices: new Map(), watchers: new Set(), told: "offline" }
    this.#people.set(account, person)
    return person
  }

  #change(account: Uuid): void {
    this.#changed.add(account)
    this.#tickLater()
  }

  #tickLater(): void {
    if (this.#isClosed) return
    this.#stopTick ??= this.#world.after(TELL_EVERY_MS, () => this.#tick())
  }

  #tick(): void {
    this.#stopTick = undefined
    for (const account of this.#leaving) {
      const person = this.#people.get(account)
      if (person && this.#isLeaving(person)) continue
      this.#leaving.delete(account)
      this.#changed.add(account)
    }
    for (const account of this.#changed) {
      const person = this.#people.get(account)
      if (person) this.#tellWatchers(account, person)
      this.#forget(account)
    }
    this.#changed.clear()
    if (this.#leaving.size > 0) this.#tickLater()
  }

  #tellWatchers(account: Uuid, person: Person): void {
    const state = this.presence(account)
    if (state === person.told) return
    person.told = state
    for (const session of person.watchers) session.signal({ kind: "presence", account, state })
  }

  #forget(account: Uuid): void {
    const person = this.#people.get(account)
    if (person && person.devices.size === 0 && person.watchers.size === 0 && !this.#isLeaving(person)) {
      this.#people.delete(account)
    }
  }
}
