import { type Uuid, uuid7 } from "../../protocol/ids.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { cleaned } from "../../protocol/text.ts"
import type {
  Entered,
  Origin,
  Records,
  Revocations,
  SessionCard,
  SessionTable,
  Who,
  World,
} from "../core/ports.ts"
import type { Directory, Entry, Session } from "./directory.ts"
import type { PeopleLimits } from "./limits.ts"
import { hashOf, makeToken } from "./secrets.ts"
import { selfLogOf } from "./self.ts"

const CLIENT_CHARS_MAX = 128
const ADDRESS_CHARS_MAX = 64
/** Rows touched by one statement. */
const ROWS_AT_ONCE = 500

interface SessionsParts {
  readonly records: Records
  readonly world: World
  readonly directory: Directory
  readonly revocations: Revocations
  readonly limits: PeopleLimits
  /** Told of a bug that was contained. */
  readonly broke: (error: unknown) => void
}

export interface Prepared {
  readonly row: SessionTable
  /** Told once, to the device. */
  readonly token: string
}

/**
 * All sessions that live, by the hash of their token, so that a token is judged without asking the store. The rows are
 * the record: what ends is deleted there first and forgotten here then.
 */
export class LiveSessions {
  readonly #parts: SessionsParts
  readonly #byToken = new Map<string, Session>()
  readonly #unwritten = new Set<Session>()
  /** Ended sessions whose rows may still be there, by token. */
  readonly #condemned = new Map<string, Session>()
  /** Raised when sessions end: a row read before may be gone. */
  #endings = 0
  #isTimed = false

  constructor(parts: SessionsParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#byToken.size
  }

  async load(): Promise<void> {
    const { records, world } = this.#parts
    const rows = await records.db
      .selectFrom("session")
      .select(["id", "account", "token", "seen_at"])
      .where("expires_at", ">", world.now())
      .execute()
    for (const row of rows) this.#take(row)
  }

  #take(row: Pick<SessionTable, "id" | "account" | "token" | "seen_at">): Session | undefined {
    const known = this.#byToken.get(row.token)
    const entry = this.#parts.directory.entry(row.account)
    if (known) known.seenAt = Math.max(known.seenAt, row.seen_at)
    if (known || !entry) return known
    const session: Session = { id: row.id, token: row.token, entry, seenAt: row.seen_at }
    this.#byToken.set(row.token, session)
    entry.sessions = [...entry.sessions, session]
    return session
  }

  // ------------------------------------------------------------ using them

  /** The account behind a token, from memory. */
  resume(token: string): Who | undefined {
    const session = this.#byToken.get(hashOf(this.#parts.world, token))
    if (!session || session.entry.banned || this.#isOver(session)) return undefined
    this.#touch(session)
    return this.#who(session)
  }

  /** Also finds a session that another node has made. */
  async find(token: string): Promise<Who | undefined> {
    const known = this.resume(token)
    if (known) return known
    const hash = hashOf(this.#parts.world, token)
    for (;;) {
      const endings = this.#endings
      const row = await this.#parts.records.db
        .selectFrom("session")
        .selectAll()
        .where("token", "=", hash)
        .executeTakeFirst()
      if (!row || row.expires_at <= this.#parts.world.now()) return undefined
      if (endings !== this.#endings) continue
      if (this.#condemned.has(hash)) return undefined
      this.#take(row)
      return this.resume(token)
    }
  }

  #who({ id, entry }: Session): Who {
    return { ...entry.account, session: id, self: selfLogOf(this.#parts.world, entry.account.id) }
  }

  #isOver({ seenAt }: Session): boolean {
    return this.#parts.world.now() - seenAt > this.#parts.limits.sessionIdleMs
  }

  seen(who: Who): void {
    const session = this.#of(who.id, who.session)
    if (session) this.#touch(session)
  }

  /** Also one that another node has made. */
  async exists(account: Uuid, id: Uuid): Promise<boolean> {
    if (this.#of(account, id)) return true
    const row = await this.#parts.records.db
      .selectFrom("session")
      .select("id")
      .where("id", "=", id)
      .where("account", "=", account)
      .executeTakeFirst()
    return row !== undefined
  }

  #of(account: Uuid, id: Uuid): Session | undefined {
    return this.#parts.directory.entry(account)?.sessions.find((session) => session.id === id)
  }

  #touch(session: Session): void {
    const nowMs = this.#parts.world.now()
    // It never goes back: a machine that starts in 1970 and is set right later must not have ended every session.
    if (nowMs - session.seenAt < this.#parts.limits.sessionSeenMs) return
    session.seenAt = nowMs
    this.#unwritten.add(session)
    this.#timeWriting()
  }

  #timeWriting(): void {
    if (this.#isTimed) return
    this.#isTimed = true
    const { world, limits, broke } = this.#parts
    world.after(limits.sessionWriteMs, () => {
      this.#isTimed = false
      this.write().catch(broke)
    })
  }

  // ------------------------------------------------------------ beginning

  /** A session that is still to be written. */
  prepare(account: Uuid, client: string | undefined, from: Origin): Prepared {
    const { world, limits } = this.#parts
    const token = makeToken(world)
    const nowMs = world.now()
    const row: SessionTable = {
      id: uuid7(nowMs, world.random(10)),
      account,
      token: token.hash,
      client: cleaned(client ?? "").slice(0, CLIENT_CHARS_MAX),
      address: from.address.slice(0, ADDRESS_CHARS_MAX),
      made_at: nowMs,
      seen_at: nowMs,
      expires_at: nowMs + limits.sessionIdleMs,
    }
    return { row, token: token.text }
  }

  /**
   * The write that makes it: nothing, when the account is not there or banned, or where `password` (its hash) is given
   * and no longer the account's, for it may have been changed while it was verified.
   */
  inserting({ row }: Prepared, password?: string) {
    const columns = Object.keys(row) as (keyof SessionTable)[]
    return this.#parts.records.db
      .insertInto("session")
      .columns(columns)
      .expression((build) => {
        const account = build
          .selectFrom("account")
          .select(columns.map((column) => build.val(row[column]).as(column)))
          .where("id", "=", row.account)
          .where("banned", "=", 0)
        return password === undefined ? account : account.where("password", "=", password)
      })
  }

  /** Takes into memory what was written, unless everything of this account was ended meanwhile. */
  async admit({ token }: Prepared): Promise<Required<Entered> | Refusal> {
    const who = await this.find(token)
    return who ? { who, token } : refuse("session-ended")
  }

  // ------------------------------------------------------------ ending

  /** Forgets those sessions of an account whose rows are gone by now, and has their connections closed. */
  async reconcile(entry: Entry): Promise<void> {
    this.#endings++
    // Only those of now: one that begins while the rows are read need not be among them.
    const sessions = entry.sessions
    const rows = await this.#parts.records.db
      .selectFrom("session")
      .select("id")
      .where("account", "=", entry.account.id)
      .execute()
    const there = new Set(rows.map((row) => row.id))
    this.#forget(sessions.filter((session) => !there.has(session.id)))
    for (const session of this.#condemned.values())
      if (session.entry === entry && !there.has(session.id)) this.#condemned.delete(session.token)
  }

  /** Ends sessions before their rows are gone: dead from now on. `reconcile` follows once they are. */
  condemn(sessions: readonly Session[]): void {
    for (const session of sessions) this.#condemned.set(session.token, session)
    this.#forget(sessions)
  }

  /** Of an account: those that ended and whose rows may still be there. */
  condemned(account: Uuid): readonly Uuid[] {
    const sessions = [...this.#condemned.values()]
    return sessions.filter(({ entry }) => entry.account.id === account).map(({ id }) => id)
  }

  #forget(sessions: readonly Session[]): void {
    this.#endings++
    for (const session of sessions) {
      this.#byToken.delete(session.token)
      this.#unwritten.delete(session)
      const { entry } = session
      entry.sessions = entry.sessions.filter((each) => each !== session)
      this.#parts.revocations.revoked(entry.account.id, session.id, undefined)
    }
  }

  /** Writes when sessions were last used, drops those that are over, and those whose row is gone. */
  async write(): Promise<void> {
    const { records, world } = this.#parts
    const seen = [...this.#unwritten].filter((session) => !this.#isOver(session))
    this.#unwritten.clear()
    const nowMs = world.now()
    try {
      for (let at = 0; at < seen.length; at += ROWS_AT_ONCE)
        await this.#writeSeen(seen.slice(at, at + ROWS_AT_ONCE))
      await records.db.deleteFrom("session").where("expires_at", "<=", nowMs).execute()
    } catch (error) {
      for (const session of seen) if (this.#byToken.has(session.token)) this.#unwritten.add(session)
      this.#timeWriting()
      throw error
    }
    this.#forget([...this.#byToken.values()].filter((session) => this.#isOver(session)))
  }

  /** All were seen within a minute, unless the machine slept: the last of them stands for all. */
  async #writeSeen(seen: readonly Session[]): Promise<void> {
    const seenAt = Math.max(...seen.map((session) => session.seenAt))
    const rows = await this.#parts.records.db
      .updateTable("session")
      .set({ seen_at: seenAt, expires_at: seenAt + this.#parts.limits.sessionIdleMs })
      .where(
        "id",
        "in",
        seen.map((session) => session.id),
      )
      .returning("id")
      .execute()
    const there = new Set(rows.map((row) => row.id))
    this.#forget(seen.filter((session) => !there.has(session.id)))
  }

  async list(account: Uuid): Promise<readonly SessionCard[]> {
    const rows = await this.#parts.records.db
      .selectFrom("session")
      .selectAll()
      .where("account", "=", account)
      .where("expires_at", ">", this.#parts.world.now())
      .orderBy("made_at", "desc")
      .orderBy("id", "desc")
      .execute()
    return rows.map(({ id, client, address, made_at, seen_at }) => {
      // Memory knows it sooner than the row.
      const seenAt = this.#of(account, id)?.seenAt ?? seen_at
      return {
        id,
        client,
        address,
        madeAt: made_at,
        seenAt,
        expiresAt: seenAt + this.#parts.limits.sessionIdleMs,
      }
    })
  }
}
