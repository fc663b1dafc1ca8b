import type {
  AccountServices,
  Accounts,
  Log,
  Pages,
  Records,
  Rooms,
  SearchIndex,
  SearchLanguage,
  Signals,
  World,
} from "../core/ports.ts"
import type { MarkBook } from "./mark-book.ts"

/** What the request table works on; main brings it. */
export interface ApiParts {
  readonly version: string
  readonly world: World
  readonly rooms: Rooms
  readonly log: Pick<Log, "read" | "find" | "changes">
  readonly pages: Pages
  readonly records: Records
  readonly accounts: Accounts
  readonly services: AccountServices
  readonly search: Pick<SearchIndex, "search">
  readonly language: SearchLanguage
  readonly signals: Signals
  /** The name of the cookie that carries a browser's session; without it nobody is given one. */
  readonly sessionCookie?: string
  /** Told of a bug that was contained. */
  readonly broke: (error: unknown) => void
}

/** The parts, and what the table itself keeps in memory. */
export interface Api extends ApiParts {
  readonly marks: MarkBook
}
