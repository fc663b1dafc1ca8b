import type { Uuid } from "../../protocol/ids.ts"
import type { Feed, Log, Pages, Records } from "../core/ports.ts"

/** The record of a server, whatever keeps it. */
export interface Store {
  /** In which events are appended from now on. */
  readonly epoch: Uuid
  readonly log: Log
  readonly pages: Pages
  readonly feed: Feed
  readonly records: Records
  /** Ends what is under way first; nothing may be asked afterwards. */
  close(): Promise<void>
}
