import type { Event } from "../protocol/event.ts"
import type { RoomRole } from "../protocol/head.ts"
import type { Uuid } from "../protocol/ids.ts"
import { isRefusal } from "../protocol/refusals.ts"
import type { Ask, MembersTold, MemberTold } from "./calls.ts"
import { membersOf } from "./card.ts"
import type { Loaded } from "./pages.ts"

/** Who is in a room: as far as it was asked for, and kept up from then on. */
export class Members {
  readonly roles = new Map<Uuid, RoomRole>()
  readonly #room: Uuid
  readonly #ask: Ask
  readonly #met: (people: readonly MemberTold[]) => void
  #next: string | undefined
  /** False until everybody was asked for: then who is not here is not in the room. */
  isWhole = false
  #loading: Promise<Loaded> | undefined
  /** Who came and went while a page was on its way: the page may be older. */
  #meanwhile: (readonly [Uuid, RoomRole | null])[] | undefined

  /** `met` hears the names of those who were asked for. */
  constructor(room: Uuid, ask: Ask, met: (people: readonly MemberTold[]) => void) {
    this.#room = room
    this.#ask = ask
    this.#met = met
  }

  /** Asks for the next few hundred. */
  load(): Promise<Loaded> {
    if (this.isWhole) return Promise.resolve({ more: false })
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  /** Whether who is in the room changes by an event. */
  arrived(event: Event): boolean {
    const changes = membersOf(event)
    this.#meanwhile?.push(...changes)
    for (const [account, role] of changes) {
      if (role === null) this.roles.delete(account)
      else if (this.isWhole || this.roles.has(account)) this.roles.set(account, role)
    }
    return changes.length > 0
  }

  async #load(): Promise<Loaded> {
    this.#meanwhile = []
    const input = { room: this.#room, ...(this.#next !== undefined && { next: this.#next }) }
    const page = await this.#ask<MembersTold>("members.list", input)
    const meanwhile = this.#meanwhile
    this.#meanwhile = undefined
    if (isRefusal(page)) return page
    for (const { account, role } of page.members) this.roles.set(account, role)
    for (const [account, role] of meanwhile) {
      if (role === null) this.roles.delete(account)
      else if (page.next === undefined || this.roles.has(account)) this.roles.set(account, role)
    }
    this.#next = page.next
    this.isWhole = page.next === undefined
    this.#met(page.members)
    return { more: !this.isWhole }
  }
}
