import Type, { type Static } from "typebox"
import type { Event } from "./event.ts"
import { UuidText } from "./events/matter.ts"
import type { HouseRole, RoomType, Visibility } from "./head.ts"
import type { Uuid } from "./ids.ts"
import { type Limits, limits } from "./limits.ts"
import type { Refusal } from "./refusals.ts"

const strict = { additionalProperties: false }
const Seq = Type.Integer({ minimum: 0 })
/** A room is named by its id or by its name. */
const RoomRef = Type.String({ minLength: 1, maxLength: 128 })
const Password = Type.String({ maxLength: limits.passwordBytesMax })
const Name = Type.String({ minLength: 1, maxLength: 128 })

/** Signs in, once, first: by token, or by name and password, or by a registration. */
export const Hello = Type.Object(
  {
    type: Type.Literal("hello"),
    version: Type.Integer(),
    token: Type.Optional(Type.String({ maxLength: 256 })),
    name: Type.Optional(Name),
    password: Type.Optional(Password),
    register: Type.Optional(Type.Literal(true)),
    invite: Type.Optional(Type.String({ maxLength: 256 })),
    /** What the person will read in the list of their sessions: "Parley web, Firefox". */
    client: Type.Optional(Type.String({ maxLength: 128 })),
    /** Ask for `name` beside every `by`, for programs that keep no directory, and for people with `nc`. */
    names: Type.Optional(Type.Boolean()),
    /** False: leave the list of rooms out of `welcome`, for a client that resumes and knows them. */
    rooms: Type.Optional(Type.Boolean()),
  },
  strict,
)

/** Appends one event. Without an id the server makes one, and the command cannot be repeated safely. */
export const Submit = Type.Object(
  {
    type: Type.Literal("submit"),
    room: RoomRef,
    id: Type.Optional(UuidText),
    kind: Type.String({ maxLength: 64 }),
    body: Type.Unknown(),
    target: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), UuidText])),
    prev: Type.Optional(UuidText),
  },
  strict,
)

/** `after` is the cursor; without it the server begins `last` events (0 unless told) before its head. */
export const Following = Type.Object(
  {
    room: RoomRef,
    after: Type.Optional(Seq),
    epoch: Type.Optional(UuidText),
    check: Type.Optional(Type.String({ maxLength: 16 })),
    last: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.eventsPerPageMax })),
    level: Type.Optional(Type.Union([Type.Literal("events"), Type.Literal("head")])),
  },
  strict,
)
export const Follow = Type.Object(
  {
    type: Type.Literal("follow"),
    rooms: Type.Array(Following, { minItems: 1, maxItems: limits.roomsPerFollowMax }),
  },
  strict,
)
export const Unfollow = Type.Object(
  {
    type: Type.Literal("unfollow"),
    rooms: Type.Array(RoomRef, { minItems: 1, maxItems: limits.roomsPerFollowMax }),
  },
  strict,
)

/** Ephemeral, best effort, never logged. `watch` replaces the set of accounts whose presence is told. */
export const Signal = Type.Union([
  Type.Object(
    {
      type: Type.Literal("signal"),
      kind: Type.Literal("typing"),
      room: RoomRef,
      on: Type.Optional(Type.Boolean()),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal("signal"),
      kind: Type.Literal("presence"),
      state: Type.Union([Type.Literal("online"), Type.Literal("idle"), Type.Literal("do-not-disturb")]),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal("signal"),
      kind: Type.Literal("watch"),
      accounts: Type.Array(UuidText, { maxItems: limits.watchedAccountsMax }),
    },
    strict,
  ),
])

/** Everything beside the log. `id` names the answer; for a request that changes something it makes it repeatable. */
export const Request = Type.Object(
  {
    type: Type.Literal("request"),
    id: UuidText,
    name: Type.String({ maxLength: 64 }),
    input: Type.Optional(Type.Unknown()),
  },
  strict,
)

export const Ping = Type.Object(
  { type: Type.Literal("ping"), id: Type.Optional(Type.String({ maxLength: 64 })) },
  strict,
)

export const Up = Type.Union([Hello, Submit, Follow, Unfollow, Signal, Request, Ping])

export type Hello = Static<typeof Hello>
export type Submit = Static<typeof Submit>
export type Following = Static<typeof Following>
export type Follow = Static<typeof Follow>
export type Unfollow = Static<typeof Unfollow>
export type Signal = Static<typeof Signal>
export type Request = Static<typeof Request>
export type Ping = Static<typeof Ping>
export type Up = Static<typeof Up>

export type Presence = "online" | "idle" | "do-not-disturb" | "offline"

/** A room as `welcome` lists it: enough to follow it. */
export interface RoomHead {
  readonly room: Uuid
  readonly type: RoomType
  readonly name: string
  readonly visibility: Visibility
  readonly epoch: Uuid
  readonly seq: number
}

export interface Welcome {
  readonly type: "welcome"
  readonly version: number
  readonly server: { readonly name: string; readonly version: string }
  readonly account: {
    readonly id: Uuid
    readonly name: string
    readonly display: string
    readonly role: HouseRole
  }
  /** `token` only where this hello made the session. */
  readonly session: { readonly id: Uuid; readonly token?: string }
  /** The account's self log. */
  readonly self: Uuid
  readonly rooms: readonly RoomHead[]
  readonly limits: Limits
}

export interface Accepted {
  readonly type: "accepted"
  readonly room: Uuid
  readonly id: Uuid
  readonly seq: number
  readonly at: number
}

/** `of` says what was refused; `session` ends the session. */
export interface Refused extends Refusal {
  readonly type: "refused"
  readonly of: "hello" | "submit" | "follow" | "frame" | "session"
  readonly retry: boolean
  readonly id?: Uuid
  /** As it was named in the frame. */
  readonly room?: string
}

/** Contiguous means `after` equals my cursor; numbers in between may be left out. `check`: the chain at `to`. */
export interface Events {
  readonly type: "events"
  readonly room: Uuid
  readonly epoch: Uuid
  readonly after: number
  readonly to: number
  readonly check: string
  readonly events: readonly Event[]
}

/** The cursor does not belong to this log: forget the room and begin again from `seq`, in `epoch`. */
export interface Reset {
  readonly type: "reset"
  readonly room: Uuid
  readonly epoch: Uuid
  readonly seq: number
}

export type SignalDown =
  | { readonly kind: "typing"; readonly room: Uuid; readonly account: Uuid; readonly on: boolean }
  | { readonly kind: "presence"; readonly account: Uuid; readonly state: Presence }
  | { readonly kind: "register"; readonly key: string; readonly value: unknown; readonly version: number }

export interface Signals {
  readonly type: "signals"
  readonly signals: readonly SignalDown[]
}

/** `status` is the HTTP status the same request has; a refusal's body is `{code, message}`. */
export interface Response {
  readonly type: "response"
  readonly id: Uuid
  readonly status: number
  readonly body: unknown
}

/** Answers only after all this session sent earlier is settled and what it caused is written; `heads` is what it lacks. */
export interface Pong {
  readonly type: "pong"
  readonly id?: string
  readonly heads: readonly { readonly room: Uuid; readonly seq: number }[]
}

export type Down = Welcome | Accepted | Refused | Events | Reset | Signals | Response | Pong
