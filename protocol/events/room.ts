import Type, { type Static } from "typebox"
import { type Head, type HeadEvent, roomTypes } from "../head.ts"
import { limits } from "../limits.ts"
import { isRoomName } from "../names.ts"
import { type Actor, forbids, mayInHouse, type Right } from "../policy.ts"
import type { RefusalCode } from "../refusals.ts"
import { fitsBytes, isCleanLine } from "../text.ts"
import {
  type Checked,
  History,
  type Matter,
  RoleInRoom,
  refused,
  strict,
  UuidText,
  type Verdict,
  Visibility,
} from "./matter.ts"
import { withMember } from "./member.ts"

const Name = Type.String({ minLength: 1, maxLength: limits.roomNameCharsMax })
const Topic = Type.String({ maxLength: limits.topicBytesMax })
const Past = Type.Optional(Type.Literal(true))

/** The first event of every log. `members` are those it begins with: the owner of a room, all sides of a direct one. */
const RoomCreated = strict({
  type: Type.Enum(roomTypes),
  name: Type.Optional(Name),
  topic: Type.Optional(Topic),
  visibility: Visibility,
  history: History,
  members: Type.Array(UuidText, { maxItems: limits.membersPerDirectMax }),
})
const RoomRenamed = strict({ name: Name })
const RoomTopic = strict({ topic: Topic })
const RoomSetting = Type.Union([
  strict({ key: Type.Enum(["posting", "topic", "invite", "pin"]), value: RoleInRoom }),
  strict({
    key: Type.Literal("limit"),
    value: Type.Integer({ minimum: 1, maximum: limits.membersPerRoomMax }),
  }),
])
/** `past: true` shows those who join a room gone public what was said in private; without it only what follows. */
const RoomVisibility = strict({ visibility: Visibility, past: Past })
/** `past: true` opens to the members of now what was hidden from them; without it only what follows opens. */
const RoomHistory = strict({ history: History, past: Past })
const RoomArchived = strict({ archived: Type.Boolean() })

type RoomCreated = Static<typeof RoomCreated>
type RoomRenamed = Static<typeof RoomRenamed>
type RoomTopic = Static<typeof RoomTopic>
type RoomSetting = Static<typeof RoomSetting>
type RoomVisibility = Static<typeof RoomVisibility>
type RoomHistory = Static<typeof RoomHistory>
type RoomArchived = Static<typeof RoomArchived>

function forbidsTopic(topic: string): RefusalCode | undefined {
  if (!fitsBytes(topic, limits.topicBytesMax)) return "too-large"
  return isCleanLine(topic) ? undefined : "bad-text"
}

/** Requests make rooms; no client sends this kind. People make rooms of their own, the server makes every other log. */
function decideCreated(head: Head, actor: Actor, { body }: Checked<RoomCreated>): Verdict {
  if (head.type !== null) return refused("already")
  const { type, name, topic, visibility, members } = body
  const alone = members.length === 1 && members[0] === actor.account
  if (!actor.system && (type !== "room" || !alone || !mayInHouse(actor.role, "room.create")))
    return refused("forbidden")
  if (type === "room") {
    if (name === undefined || !isRoomName(name)) return refused("bad-name")
  } else if (name !== undefined || topic !== undefined || visibility !== "private") {
    return refused("bad-input", "Only a room has a name and a topic, and can be public.")
  }
  if (new Set(members).size < members.length) return refused("bad-input", "Each member stands there once.")
  const no = topic === undefined ? undefined : forbidsTopic(topic)
  return no ? refused(no) : { kind: "room.created", body }
}

/** Judges a change of a room: who may, and then `problem`, what is wrong with the change itself. */
function change(
  head: Head,
  actor: Actor,
  right: Right & `room.${string}`,
  body: object,
  problem: RefusalCode | false | undefined,
): Verdict {
  const no = forbids(head, actor, right)
  if (no) return refused(no)
  if (head.type !== "room") return refused("forbidden", "Only a room has a name, a topic and settings.")
  if (head.archived && right !== "room.archived") return refused("archived")
  return problem ? refused(problem) : { kind: right, body }
}

/** Whether a change asks for what is so already. */
const already = (is: boolean): RefusalCode | false => is && "already"

/** Opening the past is for those whose room it is. */
function forbidsPast(head: Head, actor: Actor, past: true | undefined): RefusalCode | undefined {
  return past && forbids(head, actor, "room.history of the past")
}

function created(head: Head, event: HeadEvent & { readonly body: RoomCreated }): Head {
  const { type, name, topic, visibility, history, members } = event.body
  const room: Head = { ...head, type, name: name ?? "", topic: topic ?? "", visibility, history }
  const role = type === "room" ? "owner" : "member"
  return members.reduce((grown, account) => withMember(grown, account, role, event.seq), room)
}

function decideVisibility(head: Head, actor: Actor, { body }: Checked<RoomVisibility>): Verdict {
  if (body.past && body.visibility !== "public")
    return refused("bad-input", "Only a room that goes public can show its past.")
  const problem = already(body.visibility === head.visibility) || forbidsPast(head, actor, body.past)
  return change(head, actor, "room.visibility", body, problem)
}

/** Going public shows those who come then only what follows, unless it says `past`. */
function withVisibility(head: Head, event: HeadEvent & { readonly body: RoomVisibility }): Head {
  const { visibility, past } = event.body
  const opens = head.visibility === "private" && visibility === "public" && !past
  return { ...head, visibility, sharedFrom: opens ? event.seq : head.sharedFrom }
}

function decideHistory(head: Head, actor: Actor, { body }: Checked<RoomHistory>): Verdict {
  if (body.past && body.history !== "shared")
    return refused("bad-input", "Only a shared history can open the past.")
  const problem = already(body.history === head.history && !body.past) || forbidsPast(head, actor, body.past)
  return change(head, actor, "room.history", body, problem)
}

/** Narrowing hides nothing from those who are here; widening opens what follows, or the past where it says so. */
function withHistory(head: Head, event: HeadEvent & { readonly body: RoomHistory }): Head {
  const { history, past } = event.body
  if (past) {
    const members = new Map([...head.members].map(([account, one]) => [account, { ...one, from: 1 }]))
    return { ...head, history, sharedFrom: 1, members }
  }
  const widened = head.history === "joined" && history === "shared"
  return { ...head, history, sharedFrom: widened ? event.seq : head.sharedFrom }
}

/** A setting this version does not know changes nothing here. */
function withSetting(head: Head, event: HeadEvent & { readonly body: RoomSetting }): Head {
  const { key, value } = event.body
  return Object.hasOwn(head.settings, key) ? { ...head, settings: { ...head.settings, [key]: value } } : head
}

export const room = {
  "room.created": { body: RoomCreated, decide: decideCreated, evolve: created } satisfies Matter<RoomCreated>,
  "room.renamed": {
    body: RoomRenamed,
    decide: (head, actor, { body }) => {
      const problem = isRoomName(body.name) ? already(body.name === head.name) : "bad-name"
      return change(head, actor, "room.renamed", body, problem)
    },
    evolve: (head, event) => ({ ...head, name: event.body.name }),
  } satisfies Matter<RoomRenamed>,
  "room.topic": {
    body: RoomTopic,
    decide: (head, actor, { body }) => {
      const problem = forbidsTopic(body.topic) ?? already(body.topic === head.topic)
      return change(head, actor, "room.topic", body, problem)
    },
    evolve: (head, event) => ({ ...head, topic: event.body.topic }),
  } satisfies Matter<RoomTopic>,
  "room.setting": {
    body: RoomSetting,
    decide: (head, actor, { body }) =>
      change(head, actor, "room.setting", body, already(head.settings[body.key] === body.value)),
    evolve: withSetting,
  } satisfies Matter<RoomSetting>,
  "room.visibility": {
    body: RoomVisibility,
    decide: decideVisibility,
    evolve: withVisibility,
  } satisfies Matter<RoomVisibility>,
  "room.history": {
    body: RoomHistory,
    decide: decideHistory,
    evolve: withHistory,
  } satisfies Matter<RoomHistory>,
  "room.archived": {
    body: RoomArchived,
    decide: (head, actor, { body }) =>
      change(head, actor, "room.archived", body, already(body.archived === head.archived)),
    evolve: (head, event) => ({ ...head, archived: event.body.archived }),
  } satisfies Matter<RoomArchived>,
}
