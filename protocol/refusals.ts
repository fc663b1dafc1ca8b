/** What one refusal is, everywhere it is told. */
interface RefusalRule {
  /** True: the same command may succeed later as it stands. False: it never will. */
  readonly retry: boolean
  /** HTTP status. */
  readonly status: number
  /** IRC numeric (RFC 2812), or the code of a `FAIL` standard reply (IRCv3 standard-replies). */
  readonly irc: string
  /** One sentence that helps a person: what happened, what to do. */
  readonly message: string
}

const final = (status: number, irc: string, message: string): RefusalRule => ({
  retry: false,
  status,
  irc,
  message,
})
const later = (status: number, irc: string, message: string): RefusalRule => ({
  retry: true,
  status,
  irc,
  message,
})

/** The closed list. A code is never renamed and never changes its meaning; metrics and clients depend on it. */
export const refusals = {
  "bad-frame": final(
    400,
    "INVALID_FRAME",
    "This is not a frame the server understands; see protocol/SPEC.md.",
  ),
  "bad-input": final(400, "INVALID_PARAMS", "A field is missing or has the wrong form."),
  "bad-text": final(400, "INVALID_UTF8", "The text is empty or holds characters that cannot be sent."),
  "bad-name": final(400, "432", "This name cannot be used; take letters and digits without spaces."),
  "bad-version": final(
    400,
    "UNKNOWN_VERSION",
    "The server speaks another version of the protocol; update the client.",
  ),
  "too-large": final(413, "417", "This is larger than the server accepts."),
  "weak-password": final(
    400,
    "WEAK_PASSWORD",
    "Take a password of at least 8 characters that is not a common one.",
  ),
  "sign-in-first": final(401, "451", "Sign in first."),
  "wrong-password": final(401, "464", "The name or the password is wrong."),
  "session-ended": final(401, "SESSION_ENDED", "This session has ended; sign in again."),
  forbidden: final(403, "482", "You may not do this."),
  banned: final(403, "474", "You are banned from here."),
  "not-a-member": final(403, "442", "You are not a member of this room; join it first."),
  "not-yours": final(403, "NOT_YOURS", "Only its author may change this message."),
  "invitation-needed": final(403, "473", "You need an invitation."),
  "registration-closed": final(403, "REGISTRATION_CLOSED", "This server does not take new accounts."),
  "no-such-room": final(404, "403", "There is no such room, or it is not open to you."),
  "no-such-account": final(404, "401", "There is no account of this name."),
  "no-such-message": final(404, "NO_SUCH_MESSAGE", "There is no such message."),
  "no-such-request": final(404, "421", "There is no such request."),
  "no-such-thing": final(404, "NO_SUCH_THING", "It is not there; it may have been used or removed."),
  "id-taken": final(409, "ID_TAKEN", "This id already belongs to another event."),
  "name-taken": final(409, "433", "This name, or one that looks like it, is taken."),
  "already-member": final(409, "443", "Already a member of this room."),
  already: final(409, "ALREADY", "This is so already."),
  archived: final(409, "ARCHIVED", "The room is archived; nothing can be added."),
  "members-fixed": final(
    409,
    "MEMBERS_FIXED",
    "The members of a direct room never change; open another one.",
  ),
  "too-many": final(409, "405", "A limit is reached; remove something first."),
  "room-full": final(409, "471", "The room is full."),
  "not-yet": later(
    409,
    "NOT_YET",
    "Something sent before this has not arrived yet; send it again after that.",
  ),
  "too-fast": later(429, "TOO_FAST", "Too much at once; wait a little and send it again."),
  "too-slow": later(
    429,
    "TOO_SLOW",
    "This connection did not keep up and was closed; connect again, nothing is lost.",
  ),
  busy: later(503, "263", "The server is busy; send it again in a moment."),
  restarting: later(503, "RESTARTING", "The server is restarting; connect again in a moment."),
  "store-full": later(
    507,
    "STORE_FULL",
    "The server's disk is full; reading works, sending works again when there is room.",
  ),
  "store-failed": later(503, "STORE_FAILED", "The server could not write to its disk; send it again."),
  "store-damaged": final(
    503,
    "STORE_DAMAGED",
    "The server's history is damaged here; its operator should run `parley verify`.",
  ),
  broken: later(500, "INTERNAL_ERROR", "Something broke in the server; it is in the server's log."),
} as const satisfies Record<string, RefusalRule>

export type RefusalCode = keyof typeof refusals

/** A refusal is a value. An exception is a bug or a broken wire. */
export interface Refusal {
  readonly code: RefusalCode
  /** The rule's sentence, or a more exact one for this case. */
  readonly message: string
  /** For `too-fast` and `busy`: how long to wait, in milliseconds. */
  readonly waitMs?: number
}

/** Makes a refusal; `message` replaces the rule's sentence where a more exact one helps. */
export function refuse(code: RefusalCode, message?: string, waitMs?: number): Refusal {
  const refusal = { code, message: message ?? refusals[code].message }
  return waitMs === undefined ? refusal : { ...refusal, waitMs }
}

/** Tells a refusal from any other value of a union. */
export function isRefusal(value: object): value is Refusal {
  return "code" in value && typeof value.code === "string" && Object.hasOwn(refusals, value.code)
}
