import Type, { type Static } from "typebox"
import type { Event } from "./event.ts"
import { strict, UuidText, Visibility } from "./events/matter.ts"
import { houseRoles, roomTypes } from "./head.ts"
import { type Limits, limits } from "./limits.ts"
import type { Refusal, RefusalCode } from "./refusals.ts"

const INTEGER_MAX = Number.MAX_SAFE_INTEGER
/** 0 is before the first event. */
const Cursor = Type.Integer({ minimum: 0, maximum: INTEGER_MAX })
/** The first 8 bytes of the chain, in hex. */
const Check = Type.String({ pattern: "^[0-9a-f]{16}$" })
/** A room is named by its id or by its name, with or without the #. */
const RoomRef = Type.String({ minLength: 1, maxLength: 128 })
const Password = Type.String({ maxLength: limits.passwordBytesMax })
const Name = Type.String({ minLength: 1, maxLength: 128 })
const Code = Type.String({ maxLength: 256 })

// ---------------------------------------------------------------- up: what clients say; unknown fields are refused

/** Signs in, once, first: by token, or by name and password, or by a registration. */
export const Hello = strict({
  type: Type.Literal("hello"),
  version: Type.Integer({ minimum: 1, maximum: INTEGER_MAX }),
  token: Type.Optional(Code),
  name: Type.Optional(Name),
  password: Type.Optional(Password),
  register: Type.Optional(Type.Literal(true)),
  invite: Type.Optional(Code),
  /** What the person will read in the list of their sessions: "Parley web, Firefox". */
  client: Type.Optional(Type.String({ maxLength: 128 })),
  /** Ask for `name` beside every `by`, for programs that keep no directory, and for people with `nc`. */
  names: Type.Optional(Type.Boolean()),
  /** False: leave the list of rooms out of `welcome`, for a client that resumes and knows them. */
  rooms: Type.Optional(Type.Boolean()),
})

/** Appends one event. Without an id the server makes one, and the command cannot be repeated safely. */
export const Submit = strict({
  type: Type.Literal("submit"),
  room: RoomRef,
  id: Type.Optional(UuidText),
  kind: Type.String({ maxLength: 64 }),
  body: Type.Unknown(),
  target: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: INTEGER_MAX }), UuidText])),
  prev: Type.Optional(UuidText),
})

/** `after` is the cursor; without it the server begins `last` events (0 unless told) before its head. */
const Following = strict({
  room: RoomRef,
  after: Type.Optional(Cursor),
  epoch: Type.Optional(UuidText),
  check: Type.Optional(Check),
  last: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.eventsPerPageMax })),
  level: Type.Optional(Type.Enum(["events", "head"])),
})
export const Follow = strict({
  type: Type.Literal("follow"),
  rooms: Type.Array(Following, { minItems: 1, maxItems: limits.roomsPerFollowMax }),
})
export const Unfollow = strict({
  type: Type.Literal("unfollow"),
  rooms: Type.Array(RoomRef, { minItems: 1, maxItems: limits.roomsPerFollowMax }),
})

const presences = ["online", "idle", "do-not-disturb"] as const
const presencesTold = [...presences, "offline"] as const

/** Ephemeral, best effort, never logged. `watch` replaces the set of accounts whose presence is told. */
export const Typing = strict({
  type: Type.Literal("signal"),
  kind: Type.Literal("typing"),
  room: RoomRef,
  on: Type.Optional(Type.Boolean()),
})
export const Present = strict({
  type: Type.Literal("signal"),
  kind: Type.Literal("presence"),
  state: Type.Enum(presences),
})
export const Watch = strict({
  type: Type.Literal("signal"),
  kind: Type.Literal("watch"),
  accounts: Type.Array(UuidText, { maxItems: limits.watchedAccountsMax }),
})

/** Everything beside the log. `id` names the answer; for a request that changes something it makes it repeatable. */
export const Request = strict({
  type: Type.Literal("request"),
  id: UuidText,
  name: Type.String({ maxLength: 64 }),
  input: Type.Optional(Type.Unknown()),
})

export const Ping = strict({
  type: Type.Literal("ping"),
  id: Type.Optional(Type.String({ maxLength: 64 })),
})

/** Every frame a client may send. */
export const Up = Type.Union([Hello, Submit, Follow, Unfollow, Typing, Present, Watch, Request, Ping])

export type Hello = Static<typeof Hello>
export type Submit = Static<typeof Submit>
export type Following = Static<typeof Following>
export type Follow = Static<typeof Follow>
export type Unfollow = Static<typeof Unfollow>
export type Signal = Static<typeof Typing> | Static<typeof Present> | Static<typeof Watch>
export type Request = Static<typeof Request>
export type Ping = Static<typeof Ping>
export type Up = Static<typeof Up>

// ---------------------------------------------------------------- down: what the server says; readers skip unknown fields

/** A room as `welcome` lists it: enough to follow it. */
const RoomHead = Type.Object({
  room: UuidText,
  type: Type.Enum(roomTypes),
  name: Type.String(),
  visibility: Visibility,
  epoch: UuidText,
  seq: Cursor,
})

export const Welcome = Type.Object({
  type: Type.Literal("welcome"),
  version: Type.Integer(),
  server: Type.Object({ name: Type.String(), version: Type.String() }),
  account: Type.Object({
    id: UuidText,
    name: Type.String(),
    display: Type.String(),
    role: Type.Enum(houseRoles),
  }),
  /** `token` only where this hello made the session. */
  session: Type.Object({ id: UuidText, token: Type.Optional(Type.String()) }),
  /** The account's self log. */
  self: UuidText,
  rooms: Type.Array(RoomHead),
  limits: Type.Unsafe<Limits>(Type.Record(Type.String(), Type.Integer())),
})

/** The event is in the log, on disk. */
export const Accepted = Type.Object({
  type: Type.Literal("accepted"),
  room: UuidText,
  id: UuidText,
  seq: Cursor,
  at: Type.Integer(),
})

/** `of` says what was refused; `session` ends the session. `room` is as it was named in the frame. */
export const Refused = Type.Object({
  type: Type.Literal("refused"),
  of: Type.Enum(["hello", "submit", "follow", "frame", "session"]),
  code: Type.Unsafe<RefusalCode>(Type.String()),
  message: Type.String(),
  retry: Type.Boolean(),
  waitMs: Type.Optional(Type.Integer()),
  id: Type.Optional(UuidText),
  room: Type.Optional(Type.String()),
})

/** An event on the wire; see `Event`. `name`: the author's, where hello asked for names. */
const Logged = Type.Object({
  seq: Cursor,
  id: UuidText,
  at: Type.Integer(),
  by: UuidText,
  name: Type.Optional(Type.String()),
  kind: Type.String(),
  target: Type.Optional(Cursor),
  root: Type.Optional(Cursor),
  body: Type.Unknown(),
})

/** Contiguous means `after` equals my cursor; numbers in between may be left out. `check`: the chain at `to`. */
export const Events = Type.Object({
  type: Type.Literal("events"),
  room: UuidText,
  epoch: UuidText,
  after: Cursor,
  to: Cursor,
  check: Check,
  events: Type.Unsafe<readonly Event[]>(Type.Array(Logged)),
})

/** The cursor does not belong to this log: forget the room and begin again; its head is at `seq`, in `epoch`. */
export const Reset = Type.Object({
  type: Type.Literal("reset"),
  room: UuidText,
  epoch: UuidText,
  seq: Cursor,
})

const SignalDown = Type.Union([
  Type.Object({
    kind: Type.Literal("typing"),
    room: UuidText,
    account: UuidText,
    on: Type.Boolean(),
  }),
  Type.Object({
    kind: Type.Literal("presence"),
    account: UuidText,
    state: Type.Enum(presencesTold),
  }),
  /** A register of this account has a new value. */
  Type.Object({
    kind: Type.Literal("register"),
    key: Type.String(),
    value: Type.Unknown(),
    version: Type.Integer(),
  }),
  /** This account came into a room, or is in it no more. */
  Type.Object({ kind: Type.Literal("membership"), room: UuidText, member: Type.Boolean() }),
])
const Signals = Type.Object({ type: Type.Literal("signals"), signals: Type.Array(SignalDown) })

/** `status` is the HTTP status the same request has; a refusal's body is `{code, message}`. */
export const Response = Type.Object({
  type: Type.Literal("response"),
  id: UuidText,
  status: Type.Integer(),
  body: Type.Unknown(),
})

/** Answers only after all this session sent earlier is settled and what it caused is written; `heads` is what it lacks. */
export const Pong = Type.Object({
  type: Type.Literal("pong"),
  id: Type.Optional(Type.String()),
  heads: Type.Array(Type.Object({ room: UuidText, seq: Cursor })),
})

/** Every frame the server may send. */
export const Down = Type.Union([Welcome, Accepted, Refused, Events, Reset, Signals, Response, Pong])

/** What the server has said stays as it was said. */
type Frozen<Value> = Value extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : Value extends object
    ? { readonly [Field in keyof Value]: Frozen<Value[Field]> }
    : Value

export type RoomHead = Frozen<Static<typeof RoomHead>>
export type Welcome = Frozen<Static<typeof Welcome>>
export type Accepted = Frozen<Static<typeof Accepted>>
export type Refused = Frozen<Static<typeof Refused>> & Refusal
export type Events = Frozen<Static<typeof Events>>
export type Reset = Frozen<Static<typeof Reset>>
export type SignalDown = Frozen<Static<typeof SignalDown>>
export type Presence = Extract<SignalDown, { kind: "presence" }>["state"]
type Signals = Frozen<Static<typeof Signals>>
export type Response = Frozen<Static<typeof Response>>
export type Pong = Frozen<Static<typeof Pong>>
export type Down = Welcome | Accepted | Refused | Events | Reset | Signals | Response | Pong
