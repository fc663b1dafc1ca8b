/** Limits of signing in and of what one account may hold. The unit is in the name. */
export const peopleLimits = {
  /** Password hashes computed at once; each takes 19 MiB and some 30 ms of a processor. */
  passwordsAtOnce: 2,
  /** Beyond so many that wait for their turn the answer is `busy`. */
  passwordsWaitingMax: 256,
  /** A session that is not used for so long ends. */
  sessionIdleMs: 30 * 86_400_000,
  /** How exactly the last use of a session is known. */
  sessionSeenMs: 5 * 60_000,
  /** What was seen is written together, so long after the first of it. */
  sessionWriteMs: 60_000,
  /** One more ends the one that was not used for longest. */
  sessionsPerAccountMax: 100,
  resetLifeMs: 86_400_000,
  invitationLifeMs: 7 * 86_400_000,
  invitationLifeMsMax: 365 * 86_400_000,
  invitationUsesMax: 10_000,
  /** Invitations of one account that still work. */
  invitationsPerAccountMax: 100,
  /** Accounts one network may make at once, and how long until it may make one more. A class shares one address. */
  registrationsBurst: 200,
  registrationEveryMs: 5_000,
  /** Names, networks and pairs of them whose failures are remembered, each. */
  failuresKeptMax: 10_000,
} as const

export type PeopleLimits = { readonly [Name in keyof typeof peopleLimits]: number }

/** How the wait between wrong passwords grows. */
export interface Pace {
  /** Failures before the first wait. */
  readonly free: number
  readonly firstMs: number
  /** Each further failure doubles the wait, up to this. */
  readonly longestMs: number
  /** One failure is forgotten each time so long has passed. */
  readonly forgetsMs: number
}

/** Guesses at one account from networks it was never used from. */
export const strangerPace: Pace = { free: 10, firstMs: 1_000, longestMs: 60_000, forgetsMs: 120_000 }
/** Guesses from one network at whatever accounts; many people may share it. */
export const networkPace: Pace = { free: 60, firstMs: 1_000, longestMs: 60_000, forgetsMs: 60_000 }
/** Guesses at one account from a network it has been used from: its owner, as a rule, so the wait stays short. */
export const knownPace: Pace = { free: 10, firstMs: 1_000, longestMs: 15_000, forgetsMs: 60_000 }
