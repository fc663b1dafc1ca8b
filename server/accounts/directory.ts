import { HOUSE_ACCOUNT, type Uuid } from "../../protocol/ids.ts"
import { foldName } from "../../protocol/names.ts"
import type { Account, AccountTable, PeopleServices, Person } from "../core/ports.ts"

/** A session that lives, as far as memory needs it; the rest of it is in its row. */
export interface Session {
  readonly id: Uuid
  /** SHA-256 of its token, hex. */
  readonly token: string
  readonly entry: Entry
  seenAt: number
}

/** An account in memory. */
export interface Entry {
  /** Replaced as a whole when something of it changes, so that it may be handed out. */
  account: Account
  fold: string
  banned: boolean
  /** Has a password: somebody can sign in. */
  claimed: boolean
  sessions: readonly Session[]
}

/** The house itself: what the server does is done by this account. */
const house: Account = { id: HOUSE_ACCOUNT, name: "parley", display: "Parley", role: "owner" }
const PAGE_MAX = 500
const NO_SESSIONS: readonly Session[] = []

/** Every account, in memory: who wrote a message, who is called by a name, who is an owner is asked all the time. */
export class Directory {
  readonly #byId = new Map<Uuid, Entry>()
  readonly #byFold = new Map<string, Entry>()
  /** By fold; made when a page is asked for. */
  #sorted: readonly Entry[] | undefined

  get size(): number {
    return this.#byId.size
  }

  entry(id: Uuid): Entry | undefined {
    return this.#byId.get(id)
  }

  account(id: Uuid): Account | undefined {
    return id === HOUSE_ACCOUNT ? house : this.#byId.get(id)?.account
  }

  named(name: string): Entry | undefined {
    return this.#byFold.get(foldName(name))
  }

  hasFold(fold: string): boolean {
    return this.#byFold.has(fold)
  }

  /** Takes an account from its row; a known one is brought up to date. */
  take(row: Omit<AccountTable, "skeleton" | "made_at">): Entry {
    const { id, name, role } = row
    // Most people are displayed as they are named: one text in memory for both.
    const display = row.display === name ? name : row.display
    const account = { id, name, display, role }
    const claimed = row.password !== null
    const banned = row.banned !== 0
    const known = this.#byId.get(id)
    if (known) {
      this.#byFold.delete(known.fold)
      Object.assign(known, { account, fold: row.fold, banned, claimed } satisfies Partial<Entry>)
    }
    const fold = row.fold === name ? name : row.fold
    const entry = known ?? { account, fold, banned, claimed, sessions: NO_SESSIONS }
    this.#byId.set(id, entry)
    this.#byFold.set(row.fold, entry)
    this.#sorted = undefined
    return entry
  }

  /** Shows an account by another display name. */
  show(entry: Entry, display: string): Account {
    entry.account = { ...entry.account, display }
    return entry.account
  }

  rename(entry: Entry, name: string, fold: string): Account {
    this.#byFold.delete(entry.fold)
    entry.account = { ...entry.account, name }
    entry.fold = fold
    this.#byFold.set(fold, entry)
    this.#sorted = undefined
    return entry.account
  }

  /** Owners who can act. */
  owners(): readonly Entry[] {
    return [...this.#byId.values()].filter(
      (entry) => entry.account.role === "owner" && entry.claimed && !entry.banned,
    )
  }

  page(query: Parameters<PeopleServices["page"]>[0]): ReturnType<PeopleServices["page"]> {
    this.#sorted ??= [...this.#byId.values()].sort((a, b) => (a.fold < b.fold ? -1 : a.fold > b.fold ? 1 : 0))
    const sorted = this.#sorted
    const limit = Math.max(1, Math.min(PAGE_MAX, query.limit))
    const beginning = query.search === undefined ? "" : foldName(query.search.trim())
    const people: Person[] = []
    let at = query.after === undefined ? 0 : firstAbove(sorted, query.after)
    let last = ""
    for (; at < sorted.length && people.length < limit; at++) {
      const entry = sorted[at]
      if (!entry || !answersTo(entry, beginning)) continue
      people.push({ ...entry.account, banned: entry.banned, claimed: entry.claimed })
      last = entry.fold
    }
    return people.length === limit && at < sorted.length ? { people, next: last } : { people }
  }
}

function answersTo({ account, fold }: Entry, beginning: string): boolean {
  if (fold.startsWith(beginning)) return true
  if (account.display === account.name) return false
  const display = foldName(account.display)
  return display.startsWith(beginning) || display.includes(` ${beginning}`)
}

function firstAbove(sorted: readonly Entry[], fold: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.fold ?? "") <= fold) low = middle + 1
    else high = middle
  }
  return low
}
