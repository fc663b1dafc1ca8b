import Type from "typebox"
import { History, RoleInRoom, Seq, UuidText, Visibility } from "../../protocol/events/matter.ts"
import { houseRoles, roomTypes } from "../../protocol/head.ts"
import { limits } from "../../protocol/limits.ts"

// What answers are made of, and the fields many inputs share. The shapes with a name in `named` are told once in the
// OpenAPI document and pointed at from everywhere.

/** Milliseconds since 1970. */
export const Time = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** The place of an event; 0 is before the first. */
export const Cursor = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Count = Type.Integer({ minimum: 0 })
/** A room's id or its name, with or without the #. */
export const RoomRef = Type.String({ minLength: 1, maxLength: 128 })
/** An account's id or its name, with or without the @. */
export const AccountRef = Type.String({ minLength: 1, maxLength: 128 })
export const Name = Type.String({ minLength: 1, maxLength: 128 })
export const Password = Type.String({ maxLength: limits.passwordBytesMax })
export const Code = Type.String({ minLength: 1, maxLength: 256 })
/** What the person will read in the list of their sessions: "Parley web, Firefox". */
export const Client = Type.Optional(Type.String({ maxLength: 128 }))
/** For browsers: the token comes as a cookie that scripts cannot read, and not in the answer. */
export const Cookie = Type.Optional(Type.Boolean())
/** `next` of the answer before, with everything else as it was there. */
export const Next = Type.Optional(Type.String({ minLength: 1, maxLength: 512 }))
/** How many at most; more than the server gives at once is taken as that. */
export const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 }))
/** Beside each `by` the name of its account, for programs that keep no directory. */
export const Names = Type.Optional(Type.Boolean())
export const HouseRole = Type.Enum(houseRoles)

/** Absent on the last page. */
export const nextPage = { next: Type.Optional(Type.String()) }

export const Account = Type.Object({
  id: UuidText,
  name: Type.String(),
  display: Type.String(),
  role: HouseRole,
})

/** `claimed`: somebody can sign in; authors of an import wait to be claimed. `banned` is told to those who may ban. */
export const Person = Type.Object({
  id: UuidText,
  name: Type.String(),
  display: Type.String(),
  role: HouseRole,
  claimed: Type.Boolean(),
  banned: Type.Optional(Type.Boolean()),
})

/** A session that has begun. `token` goes into `Authorization: Bearer`; it is told this once. */
export const Entrance = Type.Object({
  account: Account,
  session: UuidText,
  /** The account's self log. */
  self: UuidText,
  token: Type.Optional(Type.String()),
})

export const Session = Type.Object({
  id: UuidText,
  client: Type.String(),
  address: Type.String(),
  madeAt: Time,
  seenAt: Time,
  expiresAt: Time,
  /** The one that asks. */
  current: Type.Optional(Type.Literal(true)),
})

const card = {
  id: UuidText,
  type: Type.Enum(roomTypes),
  name: Type.String(),
  topic: Type.String(),
  visibility: Visibility,
  archived: Type.Boolean(),
  /** How many are in it. */
  members: Count,
}

/** A room as those see it who are not in it, and how the one who asks stands to it. */
export const RoomCard = Type.Object({
  ...card,
  standing: Type.Enum(["member", "invited", "banned", "outside"]),
})

const Settings = Type.Object({
  posting: RoleInRoom,
  topic: RoleInRoom,
  invite: RoleInRoom,
  pin: RoleInRoom,
  limit: Type.Integer(),
})

/** A room one is in. */
export const Room = Type.Object({
  ...card,
  standing: Type.Literal("member"),
  history: History,
  settings: Settings,
  epoch: UuidText,
  /** The place of its newest event. */
  seq: Cursor,
  /** When that was. */
  at: Time,
  role: RoleInRoom,
  /** The place of the event that made one a member. */
  joined: Seq,
  /** What is before this place is not one's to see. */
  from: Seq,
  /** How far one has read. */
  mark: Cursor,
  /** Undeleted messages of others since, outside threads; 100 means 100 or more. */
  unread: Count,
  /** Of those and of the ones in threads, how many call one by name or with @room; 100 means 100 or more. */
  mentions: Count,
  pins: Type.Array(Seq),
  /** Who is in it, where it is a direct room. */
  accounts: Type.Optional(Type.Array(UuidText)),
})

export const Member = Type.Object({
  room: UuidText,
  account: UuidText,
  name: Type.String(),
  display: Type.String(),
  role: RoleInRoom,
  joined: Seq,
})

/** The event that a request has appended. */
export const Appended = Type.Object({ room: UuidText, id: UuidText, seq: Seq, at: Time })

export const Event = Type.Object({
  seq: Seq,
  id: UuidText,
  at: Time,
  by: UuidText,
  name: Type.Optional(Type.String()),
  kind: Type.String(),
  target: Type.Optional(Seq),
  /** The thread it stands in, where the body, which tells it otherwise, was erased. */
  root: Type.Optional(Seq),
  /** Null once it was erased. */
  body: Type.Unknown(),
})

const Reaction = Type.Object({
  emoji: Type.String(),
  count: Count,
  by: Type.Array(UuidText, { maxItems: limits.reactionNamesMax }),
})

/** A message with every change applied. A deleted one keeps its place and its thread. */
export const Message = Type.Object({
  type: Type.Literal("message"),
  seq: Seq,
  id: UuidText,
  at: Time,
  by: UuidText,
  name: Type.Optional(Type.String()),
  style: Type.Enum(["text", "action", "notice"]),
  text: Type.String(),
  replyTo: Type.Optional(Seq),
  root: Type.Optional(Seq),
  editedAt: Type.Optional(Time),
  deleted: Type.Optional(Type.Literal(true)),
  pinned: Type.Optional(Type.Literal(true)),
  reactions: Type.Array(Reaction),
  /** The thread that grows from it: undeleted messages in it, and the place of the newest. */
  thread: Type.Optional(Type.Object({ count: Count, last: Seq })),
})

/** A line about the room: somebody joined, the topic changed. */
export const Notice = Type.Object({
  type: Type.Literal("notice"),
  seq: Seq,
  id: UuidText,
  at: Time,
  by: UuidText,
  name: Type.Optional(Type.String()),
  kind: Type.String(),
  body: Type.Unknown(),
})

/** `id` names it for revoking; the code itself is told once. */
export const Invitation = Type.Object({
  id: Type.String(),
  by: UuidText,
  role: HouseRole,
  room: Type.Optional(UuidText),
  usesLeft: Count,
  madeAt: Time,
  expiresAt: Time,
})

/** The newest value of a key of one's own; `version` rises with each change. */
export const Register = Type.Object({
  key: Type.String(),
  value: Type.Unknown(),
  version: Type.Integer(),
})

/** What happened, what to do; see `protocol/refusals.ts`. */
export const Refusal = Type.Object({
  code: Type.String(),
  message: Type.String(),
  waitMs: Type.Optional(Type.Integer()),
})

export const named = {
  Account,
  Appended,
  Entrance,
  Event,
  Invitation,
  Member,
  Message,
  Notice,
  Person,
  Refusal,
  Register,
  Room,
  RoomCard,
  Session,
} as const
