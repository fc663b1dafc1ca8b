/** Ends a subscription or a timer; calling it twice does nothing. */
export type Stop = () => void

/** Time and chance, handed in so that a simulation can own them. */
export interface World {
  /** Milliseconds since 1970. */
  now(): number
  random(bytes: number): Uint8Array
  /** Runs once, after at least so many milliseconds. */
  after(ms: number, run: () => void): Stop
  /** Tells when the machine's network comes back, where somebody knows: connecting again need not wait then. */
  networkBack?(hear: () => void): Stop
}

/** A way to the server. It knows nothing of the protocol but that a frame is one text. */
export interface Link {
  /** Opens one connection. What happens to it is told later, never before this has returned. */
  open(hear: Hearing): Wire
  /** True where frames may be lost, doubled or overtake each other: a datagram wire. */
  readonly lossy?: boolean
}

/** What a connection tells. After `closed` it says nothing more. */
export interface Hearing {
  opened(): void
  frame(text: string): void
  /** It could not be opened, or has ended; `why` is for people. */
  closed(why: string): void
}

/** One connection. */
export interface Wire {
  /** Never throws; what a closed wire was sent is gone. */
  send(text: string): void
  /** Ends it; `closed` may still be told. */
  close(): void
}

/** One step of a write: undefined deletes. */
export type Change = readonly [key: string, value: string | undefined]

/**
 * What a client keeps over a restart: its outbox and what it has seen. Keys are short printable text. A cache belongs
 * to one client at a time: two would send each other's words.
 */
export interface Cache {
  /** Undefined when there is no such key. */
  get(key: string): Promise<string | undefined>
  /** Every entry whose key begins with `prefix`, ascending by key (by UTF-16 code unit). */
  list(prefix: string): Promise<readonly (readonly [key: string, value: string])[]>
  /** All of the changes or none, in their order, and on disk when it resolves where there is a disk. */
  write(changes: readonly Change[]): Promise<void>
  /** Leaves nothing readable of what was overwritten or deleted, as far as the medium allows: after an erasure. */
  scrub(): Promise<void>
  close(): Promise<void>
}
