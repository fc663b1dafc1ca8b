import type { SelfActivity } from "../../protocol/events/self.ts"
import { HOUSE_ROOM, type Uuid } from "../../protocol/ids.ts"
import type { Accounts, Feed, Log, Records, Rooms, Stored, World } from "../core/ports.ts"
import { callsOf, type Words } from "./calls.ts"

/** Events read at once. */
const READ_MAX = 500
/** After this long at the latest, what was appended is looked through. */
const LATEST_MS = 100
const PROJECTION = "notify"

interface NotifyParts {
  readonly log: Pick<Log, "read">
  readonly feed: Feed
  readonly rooms: Pick<Rooms, "head">
  readonly records: Records
  readonly accounts: Pick<Accounts, "named">
  /** Writes what happened to an account into its self log, once, however often it is told. */
  readonly tellSelf: (account: Uuid, activity: SelfActivity) => Promise<void>
  readonly world: Pick<World, "after">
  /** A bug or a store in trouble; the follower tries again later. */
  readonly broke: (error: unknown) => void
}

/** Why an event concerns someone. */
type Reason = "mention" | "reply" | "invited" | "removed" | "banned"

type FeedEvent = Stored & { readonly room: Uuid }

/**
 * Follows the whole log and writes whom each message calls: rows for exact counts, and an activity in the self log of
 * whoever is called. Its position is saved after its work, so that work may be done twice and is never left out.
 */
export class NotifyFollower {
  readonly #parts: NotifyParts
  #position: string | undefined
  #working: Promise<void> | undefined
  #scheduled = false
  #stopped = false

  constructor(parts: NotifyParts) {
    this.#parts = parts
  }

  /** Something was appended. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    this.#parts.world.after(LATEST_MS, () => {
      this.#scheduled = false
      this.settle().catch(this.#parts.broke)
    })
  }

  /** Works until the end of the log. */
  async settle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
    if (this.#stopped) return
    this.#working = this.#work().finally(() => {
      this.#working = undefined
    })
    await this.#working
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#working
  }

  async #work(): Promise<void> {
    const { feed, records } = this.#parts
    this.#position ??= await this.#savedPosition()
    while (!this.#stopped) {
      const { events, to } = await feed.next(this.#position, READ_MAX)
      for (const event of events) await this.#look(event)
      if (to === this.#position) return
      const saved = records.db
        .insertInto("projection")
        .values({ name: PROJECTION, position: to })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ position: to }))
      await records.atomically([saved])
      this.#position = to
    }
  }

  async #savedPosition(): Promise<string> {
    const { db } = this.#parts.records
    const row = await db
      .selectFrom("projection")
      .select("position")
      .where("name", "=", PROJECTION)
      .executeTakeFirst()
    return row?.position ?? "0"
  }

  async #look(event: FeedEvent): Promise<void> {
    if (event.room === HOUSE_ROOM) return
    switch (event.kind) {
      case "message.posted":
        return this.#posted(event, event)
      case "message.edited":
        return this.#edited(event)
      case "message.deleted":
        return this.#write(event.room, event.target ?? 0, [])
      case "member.invited":
        return this.#concerns(event, "invited")
      case "member.removed":
        return this.#concerns(event, "removed")
      case "member.banned":
        return this.#concerns(event, "banned")
      default:
        return
    }
  }

  /** `event` is the message, `words` it or its newest edit. */
  async #posted(event: FeedEvent, words: FeedEvent): Promise<void> {
    if (words.body === null || !mayCall(words)) return
    const { rooms, accounts } = this.#parts
    const head = await rooms.head(event.room)
    if (!head) return
    const calls = callsOf(event, await this.#words(event, words), head, (name) => accounts.named(name)?.id)
    const rows = calls.room ? [...calls.mentioned, null] : calls.mentioned
    if (rows.length > 0) await this.#write(event.room, event.seq, rows)
    for (const account of calls.mentioned) await this.#tell(account, "mention", event)
    for (const account of calls.answered) await this.#tell(account, "reply", event)
  }

  async #words(event: FeedEvent, words: FeedEvent): Promise<Words> {
    const { text }: { text: string } = JSON.parse(words.body ?? "{}")
    const { replyTo, root }: { replyTo?: number; root?: number } = JSON.parse(event.body ?? "{}")
    const seqs = [replyTo, root].filter((seq) => seq !== undefined)
    const cited = await Promise.all(seqs.map((seq) => this.#parts.log.read(event.room, seq - 1, 1)))
    return { text, answers: cited.flatMap(([one]) => (one ? [one.by] : [])) }
  }

  /** The newest words count: who is no longer named is no longer called. */
  async #edited(event: FeedEvent): Promise<void> {
    const target = event.target ?? 0
    const [message] = await this.#parts.log.read(event.room, target - 1, 1)
    if (!message || message.body === null || event.body === null) return
    await this.#write(event.room, target, [])
    await this.#posted({ ...message, room: event.room }, event)
  }

  /** Replaces whom a message calls. */
  async #write(room: Uuid, seq: number, accounts: readonly (Uuid | null)[]): Promise<void> {
    const { records } = this.#parts
    const rows = accounts.map((account) => ({ room, seq, account }))
    await records.atomically([
      records.db.deleteFrom("mention").where("room", "=", room).where("seq", "=", seq),
      ...(rows.length > 0 ? [records.db.insertInto("mention").values(rows)] : []),
    ])
  }

  async #concerns(event: FeedEvent, reason: "invited" | "removed" | "banned"): Promise<void> {
    const { account }: { account?: Uuid } = JSON.parse(event.body ?? "{}")
    if (account !== undefined) await this.#tell(account, reason, event)
  }

  async #tell(account: Uuid, reason: Reason, event: FeedEvent): Promise<void> {
    await this.#parts.tellSelf(account, { reason, room: event.room, seq: event.seq })
  }
}

/** Most messages call nobody; this look saves them the rest. */
function mayCall(event: Stored): boolean {
  return event.cites !== undefined || event.body?.includes("@") === true
}
