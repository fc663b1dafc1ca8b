import { sql } from "kysely"
import type { Uuid } from "../../protocol/ids.ts"
import type { Records, World } from "../core/ports.ts"

/** A mark is written at most so often; until then it is in memory. */
const WRITE_EVERY_MS = 2_000

interface Mark {
  readonly account: Uuid
  readonly room: Uuid
  readonly seq: number
}

/** How far everyone has read, in registers `mark:<room>`. Marks only rise. */
export class MarkBook {
  readonly #records: Records
  readonly #world: World
  readonly #broke: (error: unknown) => void
  /** Raised here and not in the table yet. */
  readonly #unwritten = new Map<string, Mark>()
  #isTimed = false
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: {
    readonly records: Records
    readonly world: World
    readonly broke: (error: unknown) => void
  }) {
    this.#records = parts.records
    this.#world = parts.world
    this.#broke = parts.broke
  }

  /** The marks of one account, by room; 0 where nothing was read. */
  async of(account: Uuid, rooms: readonly Uuid[]): Promise<ReadonlyMap<Uuid, number>> {
    const marks = new Map(rooms.map((room) => [room, 0]))
    if (rooms.length === 0) return marks
    const rows = await this.#records.db
      .selectFrom("register")
      .select(["key", "value"])
      .where("account", "=", account)
      .where("key", "in", rooms.map(keyOf))
      .execute()
    for (const { key, value } of rows) marks.set(key.slice(keyOf("").length), Number(value))
    for (const room of rooms) {
      const raised = this.#unwritten.get(placeOf(account, room))?.seq ?? 0
      marks.set(room, Math.max(marks.get(room) ?? 0, raised))
    }
    return marks
  }

  /** Raises a mark; one that stands higher stays. Gives where it stands now. */
  async raise(account: Uuid, room: Uuid, seq: number): Promise<{ readonly seq: number; rose: boolean }> {
    const known = (await this.of(account, [room])).get(room) ?? 0
    // Another device may have raised it while the table was asked.
    const before = Math.max(known, this.#unwritten.get(placeOf(account, room))?.seq ?? 0)
    if (seq <= before) return { seq: before, rose: false }
    this.#unwritten.set(placeOf(account, room), { account, room, seq })
    this.#time()
    return { seq, rose: true }
  }

  /** Writes what is still to be written, before the store closes. */
  write(): Promise<void> {
    const before = this.#writing.catch(() => undefined)
    this.#writing = before.then(() => this.#writeAll())
    return this.#writing
  }

  #time(): void {
    if (this.#isTimed) return
    this.#isTimed = true
    this.#world.after(WRITE_EVERY_MS, () => {
      this.#isTimed = false
      this.write().catch((error: unknown) => {
        this.#broke(error)
        this.#time()
      })
    })
  }

  async #writeAll(): Promise<void> {
    const marks = [...this.#unwritten.values()]
    await this.#records.atomically(marks.map((mark) => this.#upsert(mark)))
    for (const mark of marks) {
      const place = placeOf(mark.account, mark.room)
      if (this.#unwritten.get(place) === mark) this.#unwritten.delete(place)
    }
  }

  #upsert({ account, room, seq }: Mark) {
    return this.#records.db
      .insertInto("register")
      .values({ account, key: keyOf(room), value: String(seq), version: seq })
      .onConflict((conflict) =>
        conflict
          .columns(["account", "key"])
          .doUpdateSet({ value: String(seq), version: seq })
          .where(sql<number>`cast(register.value as bigint)`, "<", seq),
      )
  }
}

/** The key of the register that holds a room's mark. */
export function keyOf(room: Uuid): string {
  return `mark:${room}`
}

function placeOf(account: Uuid, room: Uuid): string {
  return `${account} ${room}`
}
