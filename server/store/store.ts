import type { Uuid } from "../../protocol/ids.ts"
import type { Refusal } from "../../protocol/refusals.ts"
import type { Feed, Log, Pages, Records } from "../core/ports.ts"
import type { CopyReport } from "./copy.ts"
import type { KnownHead, Verification, VerifyProgress } from "./verification.ts"

/** The record of a server, whatever keeps it. */
export interface Store {
  /** In which events are appended from now on. */
  readonly epoch: Uuid
  readonly log: Log
  readonly pages: Pages
  readonly feed: Feed
  readonly records: Records
  /** Recomputes every chain, while the store goes on. Refused by a store in memory. */
  verify(
    known?: readonly KnownHead[],
    tell?: (progress: VerifyProgress) => void,
  ): Promise<Verification | Refusal>
  /** Copies the store whole and checked into a folder that is empty or not there, while the store goes on. */
  backup(folder: string, tell?: (progress: VerifyProgress) => void): Promise<CopyReport | Refusal>
  /** Ends what is under way first; nothing may be asked afterwards. */
  close(): Promise<void>
}
