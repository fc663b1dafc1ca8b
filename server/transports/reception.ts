import type { Uuid } from "../../protocol/ids.ts"
import type { Counters, Logger, Sessions, World } from "../core/ports.ts"
import { createGate, type Gate } from "./gate.ts"
import { createSweep, type Sweep } from "./sweep.ts"

/** What main gives every door of the house. */
export interface ReceptionOptions {
  readonly sessions: Sessions
  /** The name of an account, for sessions that asked for `names`; undefined leaves the name out. */
  readonly nameOf: (account: Uuid) => string | undefined
  readonly log: Logger
  readonly counters: Pick<Counters, "connections" | "framesReceivedTotal">
  readonly world: Pick<World, "now" | "after">
  readonly gate?: Gate
  /** How long a connection may take to sign in, in milliseconds. */
  readonly signInMs?: number
  /** How long a closed connection may take to read its last words, in milliseconds. */
  readonly closingMs?: number
}

/** What all doors share, so that one gate counts an address on every one of them. */
export interface Reception extends Required<ReceptionOptions> {
  readonly sweep: Sweep
}

export function createReception(options: ReceptionOptions): Reception {
  return {
    gate: createGate(),
    signInMs: 30_000,
    closingMs: 5_000,
    ...options,
    sweep: createSweep(options.world),
  }
}

/** An open door. */
export interface Listener {
  /** Where it listens: `http://127.0.0.1:8080`, `tcp://[::1]:7001`, `unix:/path`. */
  readonly url: string
  /** The port it got; 0 for a Unix socket. */
  readonly port: number
  /** Connections open now. */
  connections(): number
  /** Takes no new connections; those that are open stay. */
  drain(): void
  /** Ends all. */
  close(): Promise<void>
}

/** Certificate and key as PEM text. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}
