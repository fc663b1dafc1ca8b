import { sql } from "kysely"
import type { HouseBan, HouseRevocation, HouseRole, HouseSetting } from "../../protocol/events/house.ts"
import { HOUSE_ROOM, type Uuid, uuid7 } from "../../protocol/ids.ts"
import { isRefusal, type Refusal } from "../../protocol/refusals.ts"
import type { HouseFold, HouseSettings, Records, World } from "../core/ports.ts"
import type { Directory, Session } from "./directory.ts"
import { ensureLog, type Logs, systemActor } from "./self.ts"
import type { LiveSessions } from "./sessions.ts"

/** What the house log says, and what it changes here. */
export type Fact =
  | { readonly kind: "house.role"; readonly body: HouseRole }
  | { readonly kind: "house.ban"; readonly body: HouseBan }
  | { readonly kind: "house.setting"; readonly body: HouseSetting }
  | { readonly kind: "house.revocation"; readonly body: HouseRevocation }

interface Placed {
  readonly fact: Fact
  readonly seq: number
  readonly at: number
}

interface HouseParts {
  readonly records: Records
  readonly world: World
  readonly rooms: Logs
  readonly directory: Directory
  readonly sessions: LiveSessions
  /** What holds until the log says otherwise. */
  readonly settings: HouseSettings
  readonly broke: (error: unknown) => void
}

type Write = Parameters<Records["atomically"]>[0][number]

const POSITION = "house"

/**
 * Roles, bans, settings and revocations. `record` appends to the house log and makes it so on this node before it
 * answers; `apply` is how every node, this one too, follows that log and keeps the tables by it. The tables say what
 * held at `position`, so that a start reads on from there.
 */
export class House implements HouseFold {
  readonly #parts: HouseParts
  /** Recorded here, and not yet heard from the log. */
  readonly #early = new Map<number, Placed>()
  #settings: HouseSettings
  #position = 0

  constructor(parts: HouseParts) {
    this.#parts = parts
    this.#settings = parts.settings
  }

  get position(): number {
    return this.#position
  }

  get settings(): HouseSettings {
    return this.#settings
  }

  async load(): Promise<void> {
    const { db } = this.#parts.records
    const row = await db
      .selectFrom("projection")
      .select("position")
      .where("name", "=", POSITION)
      .executeTakeFirst()
    // Once only: a server must also start on a full disk.
    if (!row)
      await db
        .insertInto("projection")
        .values({ name: POSITION, position: "0" })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute()
    this.#position = Number(row?.position ?? 0)
    const settings = await db
      .selectFrom("setting")
      .selectAll()
      .where("key", "like", `${settingKey("")}%`)
      .execute()
    for (const { key, value } of settings) this.#set(key.slice(settingKey("").length), value)
  }

  /** Makes the house log where there is none yet. */
  ensureLog(): Promise<Refusal | undefined> {
    return ensureLog(this.#parts.world, this.#parts.rooms, HOUSE_ROOM, "house", [])
  }

  /** Appends a fact and makes it so here. A refusal leaves everything as it was. */
  async record(fact: Fact): Promise<Refusal | undefined> {
    const { world, rooms, broke } = this.#parts
    const id = uuid7(world.now(), world.random(10))
    const said = await rooms.submit(HOUSE_ROOM, systemActor, { id, kind: fact.kind, body: fact.body })
    if (isRefusal(said)) return said
    // The follower may have been faster.
    if (said.seq <= this.#position) return undefined
    this.#early.set(said.seq, { fact, seq: said.seq, at: said.at })
    this.#remember(fact)
    this.#parts.sessions.condemn(this.#ended(fact))
    try {
      await this.#endSessions(fact)
    } catch (error) {
      // The log says so; whoever follows it does it again.
      this.#early.delete(said.seq)
      broke(error)
    }
    return undefined
  }

  async apply(event: Parameters<HouseFold["apply"]>[0]): Promise<void> {
    const fact = factOf(event.kind, event.body)
    if (!fact) return
    const placed = { fact, seq: event.seq, at: event.at }
    const early = this.#early.get(event.seq)
    await this.#know(fact)
    this.#remember(fact)
    // What was recorded here after it still holds.
    for (const later of this.#early.values()) if (later.seq > event.seq) this.#remember(later.fact)
    try {
      await this.#parts.records.atomically(this.#writes(placed, early !== undefined))
    } catch (error) {
      // Even those begun since, which the rows would tell: rather one too many than one that was ended.
      if (!early) this.#parts.sessions.condemn(this.#ended(fact))
      throw error
    }
    if (!early) await this.#reconcile(fact)
    this.#position = Math.max(this.#position, event.seq)
    this.#early.delete(event.seq)
  }

  /** An account that another node has made. */
  async #know(fact: Fact): Promise<void> {
    const { directory, records } = this.#parts
    const id = accountOf(fact)
    if (id === undefined || directory.entry(id)) return
    const row = await records.db.selectFrom("account").selectAll().where("id", "=", id).executeTakeFirst()
    if (row) directory.take(row)
  }

  /** What a fact changes in memory at once. */
  #remember(fact: Fact): void {
    const { directory } = this.#parts
    switch (fact.kind) {
      case "house.role": {
        const entry = directory.entry(fact.body.account)
        if (entry) entry.account = { ...entry.account, role: fact.body.role }
        return
      }
      case "house.ban": {
        const entry = directory.entry(fact.body.account)
        if (entry) entry.banned = fact.body.banned
        return
      }
      case "house.setting":
        this.#set(fact.body.key, fact.body.value)
        return
      case "house.revocation":
        return
      default:
        fact satisfies never
    }
  }

  #set(key: string, value: string): void {
    if (key === "registration") {
      if (value === "open" || value === "invite" || value === "closed")
        this.#settings = { ...this.#settings, registration: value }
    } else if (key === "name" || key === "welcome") this.#settings = { ...this.#settings, [key]: value }
  }

  // ------------------------------------------------------------ sessions

  /** The sessions in memory that a fact ends. */
  #ended(fact: Fact): readonly Session[] {
    const sessions = this.#parts.directory.entry(accountOf(fact) ?? "")?.sessions ?? []
    if (fact.kind === "house.ban") return fact.body.banned ? sessions : []
    if (fact.kind !== "house.revocation") return []
    const { session, except } = fact.body
    return sessions.filter(({ id }) => (session === undefined ? id !== except : id === session))
  }

  /** Deletes the rows of the sessions of now, whatever the clock said when they began. */
  async #endSessions(fact: Fact): Promise<void> {
    const ending = this.#endings(fact, Number.MAX_SAFE_INTEGER)
    if (ending.length === 0) return
    await this.#parts.records.atomically(ending)
    await this.#reconcile(fact)
  }

  async #reconcile(fact: Fact): Promise<void> {
    const { directory, sessions } = this.#parts
    const entry = directory.entry(accountOf(fact) ?? "")
    if (entry && this.#endings(fact, 0).length > 0) await sessions.reconcile(entry)
  }

  /** Deletes the rows of the sessions that a fact of `at` ends; the ones begun later live. */
  #endings(fact: Fact, at: number): readonly Write[] {
    const { db } = this.#parts.records
    switch (fact.kind) {
      case "house.ban": {
        if (!fact.body.banned) return []
        const { account } = fact.body
        return [
          db.deleteFrom("session").where("account", "=", account),
          db.deleteFrom("invitation").where("by", "=", account),
          db.deleteFrom("reset").where("account", "=", account),
        ]
      }
      case "house.revocation": {
        const { account, session, except } = fact.body
        const ending = db.deleteFrom("session").where("account", "=", account)
        if (session !== undefined) return [ending.where("id", "=", session)]
        // Not those of its own millisecond: a reset ends all sessions and begins one in it.
        const older = ending.where("made_at", "<", at)
        return [except === undefined ? older : older.where("id", "!=", except)]
      }
      case "house.role":
      case "house.setting":
        return []
      default:
        return fact satisfies never
    }
  }

  // ------------------------------------------------------------ the tables

  /** Nodes that share the tables follow at their own pace: only the first to come to a seq writes what it changes. */
  #writes({ fact, seq, at }: Placed, isEnded: boolean): readonly Write[] {
    const { db } = this.#parts.records
    const position = db
      .updateTable("projection")
      .set({ position: String(seq) })
      .where("name", "=", POSITION)
      .where(sql<number>`cast(position as bigint)`, "<", seq)
    const ended = isEnded ? [] : [...this.#endings(fact, at), ...this.#condemned(fact)]
    return [position, ...ended, ...this.#changes(fact, seq)]
  }

  /** Deletes the rows of sessions that were ended here and whose rows are still there. */
  #condemned(fact: Fact): readonly Write[] {
    const { records, sessions } = this.#parts
    const ids = sessions.condemned(accountOf(fact) ?? "")
    return ids.length === 0 ? [] : [records.db.deleteFrom("session").where("id", "in", ids)]
  }

  #changes(fact: Fact, seq: number): readonly Write[] {
    const { db } = this.#parts.records
    const isHere = db
      .selectFrom("projection")
      .select("name")
      .where("name", "=", POSITION)
      .where("position", "=", String(seq))
    switch (fact.kind) {
      case "house.role": {
        const { account, role } = fact.body
        const change = db.updateTable("account").set({ role }).where("id", "=", account)
        return [change.where((build) => build.exists(isHere))]
      }
      case "house.ban": {
        const { account, banned } = fact.body
        const change = db
          .updateTable("account")
          .set({ banned: banned ? 1 : 0 })
          .where("id", "=", account)
        return [change.where((build) => build.exists(isHere))]
      }
      case "house.setting": {
        const key = settingKey(fact.body.key)
        return [
          db
            .deleteFrom("setting")
            .where("key", "=", key)
            .where((build) => build.exists(isHere)),
          db
            .insertInto("setting")
            .columns(["key", "value"])
            .expression(
              isHere
                .clearSelect()
                .select((build) => [build.val(key).as("key"), build.val(fact.body.value).as("value")]),
            ),
        ]
      }
      case "house.revocation":
        return []
      default:
        return fact satisfies never
    }
  }
}

function settingKey(key: string): string {
  return `house.${key}`
}

function accountOf(fact: Fact): Uuid | undefined {
  return fact.kind === "house.setting" ? undefined : fact.body.account
}

/** The log holds only what the server wrote and its schema let through. Undefined for what changes nothing here. */
function factOf(kind: string, body: string | null): Fact | undefined {
  if (body === null) return undefined
  switch (kind) {
    case "house.role":
    case "house.ban":
    case "house.setting":
    case "house.revocation":
      return { kind, body: JSON.parse(body) }
    default:
      return undefined
  }
}
