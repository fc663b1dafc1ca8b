import { HOUSE_ACCOUNT, type Uuid, uuid8 } from "../../protocol/ids.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import { type Answer, type Records, StoreRefused, type World } from "../core/ports.ts"
import { openSeal, seal } from "./seal.ts"

/** Nobody repeats a request after so long. */
const KEPT_MS = 7 * 86_400_000
/** How often the answers that are older go. */
const SWEEP_EVERY_MS = 3_600_000

interface MemoryParts {
  readonly records: Records
  readonly world: World
  readonly broke: (error: unknown) => void
}

/** A changing request, as far as telling its repeats goes. */
interface Repeatable {
  /** Undefined: whoever comes in. */
  readonly account: Uuid | undefined
  readonly id: Uuid
  readonly name: string
  readonly input: unknown
}

interface Flight {
  readonly digest: string
  readonly answer: Promise<Answer | Refusal>
}

/**
 * Gives a repeated request the answer that the first one got, over restarts and when both come at once. Refusals are not
 * kept: they left everything as it was, so a repeat is judged anew.
 *
 * The rows cannot be read without the id, which only the client knows (or the members of a room, where it became an
 * event's): they stand under a digest of it, the digest of the input is made with it (an input may hold a password), and
 * the answer is sealed under it (it may hold a token, or a draft that was thrown away since).
 */
export class AnswerMemory {
  readonly #parts: MemoryParts
  readonly #flights = new Map<Uuid, Flight>()
  #sweptMs = 0

  constructor(parts: MemoryParts) {
    this.#parts = parts
  }

  async answer(request: Repeatable, work: () => Promise<Answer | Refusal>): Promise<Answer | Refusal> {
    const account = request.account ?? HOUSE_ACCOUNT
    const cause = `${account} ${request.id}`
    const place = uuid8(this.#digest(`answer ${cause}`))
    const digest = hex(this.#digest(`input ${cause} ${request.name} ${canonical(request.input)}`))
    const known = this.#flights.get(place)
    if (known) return known.digest === digest ? known.answer : refuse("id-taken", TAKEN)
    const key = this.#digest(`seal ${cause}`)
    const answer = this.#answer({ ...request, account, place, digest, key }, work).finally(() =>
      this.#flights.delete(place),
    )
    this.#flights.set(place, { digest, answer })
    return answer
  }

  async #answer(request: Placed, work: () => Promise<Answer | Refusal>): Promise<Answer | Refusal> {
    const kept = await this.#find(request)
    if (kept) return kept
    const answer = await work()
    if (isRefusal(answer)) return answer
    try {
      await this.#keep(request, answer)
    } catch (error) {
      // It is done and has to be said; without the row a repeat does it, or is refused because it is done.
      if (!(error instanceof StoreRefused)) throw error
    }
    return answer
  }

  async #find({ account, place, digest, key }: Placed): Promise<Answer | Refusal | undefined> {
    const row = await this.#parts.records.db
      .selectFrom("answer")
      .select(["digest", "status", "body"])
      .where("account", "=", account)
      .where("id", "=", place)
      .executeTakeFirst()
    if (!row) return undefined
    if (row.digest !== digest) return refuse("id-taken", TAKEN)
    return { status: row.status, body: JSON.parse(await openSeal(key, row.body)) }
  }

  async #keep({ account, place, digest, key, name }: Placed, answer: Answer): Promise<void> {
    const { records, world } = this.#parts
    const body = await seal(key, JSON.stringify(answer.body))
    const at = world.now()
    await records.db
      .insertInto("answer")
      .values({ account, id: place, name, digest, status: answer.status, body, at })
      .onConflict((conflict) => conflict.columns(["account", "id"]).doNothing())
      .execute()
    this.#sweep(at)
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_EVERY_MS) return
    this.#sweptMs = nowMs
    const { records, broke } = this.#parts
    records.db
      .deleteFrom("answer")
      .where("at", "<", nowMs - KEPT_MS)
      .execute()
      .catch(broke)
  }

  #digest(text: string): Uint8Array {
    return this.#parts.world.digest(encoder.encode(text))
  }
}

interface Placed extends Omit<Repeatable, "account"> {
  readonly account: Uuid
  readonly place: Uuid
  readonly digest: string
  readonly key: Uint8Array
}

const TAKEN = "This id already belongs to another request."
const encoder = new TextEncoder()

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** JSON that is the same however the fields were ordered. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
}
