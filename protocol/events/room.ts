import Type, { type Static } from "typebox"
import type { Head, HeadEvent } from "../head.ts"
import { limits } from "../limits.ts"
import { isRoomName } from "../names.ts"
import { type Actor, forbids, type Right } from "../policy.ts"
import { isCleanText } from "../text.ts"
import { type Checked, type Matter, refused, UuidText, type Verdict } from "./matter.ts"
import { withMember } from "./member.ts"

const strict = { additionalProperties: false }
const Role = Type.Union([
  Type.Literal("member"),
  Type.Literal("voice"),
  Type.Literal("moderator"),
  Type.Literal("owner"),
])
const Visibility = Type.Union([Type.Literal("public"), Type.Literal("private")])
const History = Type.Union([Type.Literal("shared"), Type.Literal("joined")])
const Name = Type.String({ minLength: 1, maxLength: limits.roomNameCharsMax * 2 })
const Topic = Type.String({ maxLength: limits.topicBytesMax })

/** The first event of every log. `members` are those it begins with: the owner of a room, both sides of a direct one. */
export const RoomCreated = Type.Object(
  {
    type: Type.Union([
      Type.Literal("room"),
      Type.Literal("direct"),
      Type.Literal("self"),
      Type.Literal("house"),
    ]),
    name: Type.Optional(Name),
    topic: Type.Optional(Topic),
    visibility: Visibility,
    history: History,
    members: Type.Array(UuidText, { maxItems: limits.membersPerDirectMax }),
  },
  strict,
)
export const RoomRenamed = Type.Object({ name: Name }, strict)
export const RoomTopic = Type.Object({ topic: Topic }, strict)
export const RoomSetting = Type.Union([
  Type.Object({ key: Type.Literal("posting"), value: Role }, strict),
  Type.Object({ key: Type.Literal("topic"), value: Role }, strict),
  Type.Object({ key: Type.Literal("invite"), value: Role }, strict),
  Type.Object({ key: Type.Literal("pin"), value: Role }, strict),
  Type.Object(
    { key: Type.Literal("limit"), value: Type.Integer({ minimum: 1, maximum: limits.membersPerRoomMax }) },
    strict,
  ),
])
export const RoomVisibility = Type.Object({ visibility: Visibility }, strict)
/** `past: true` opens to the members of now what was hidden from them; without it only what follows opens. */
export const RoomHistory = Type.Object({ history: History, past: Type.Optional(Type.Literal(true)) }, strict)
export const RoomArchived = Type.Object({ archived: Type.Boolean() }, strict)

export type RoomCreated = Static<typeof RoomCreated>
export type RoomRenamed = Static<typeof RoomRenamed>
export type RoomTopic = Static<typeof RoomTopic>
export type RoomSetting = Static<typeof RoomSetting>
export type RoomVisibility = Static<typeof RoomVisibility>
export type RoomHistory = Static<typeof RoomHistory>
export type RoomArchived = Static<typeof RoomArchived>

function decideCreated(head: Head, actor: Actor, command: Checked<RoomCreated>): Verdict {
  // Only the request table sends this kind; the session refuses it from clients.
  if (head.type !== null) return refused("already")
  const { type, name, topic } = command.body
  if (type === "room" && (name === undefined || !isRoomName(name))) return refused("bad-name")
  if (topic !== undefined && !isCleanText(topic, limits.topicBytesMax)) return refused("bad-text")
  if (type !== "room" && !actor.system) return refused("forbidden")
  return { kind: "room.created", body: command.body }
}

/** What may be changed of a room that has a name, and is not so already. */
function decideChange(
  head: Head,
  actor: Actor,
  right: Right,
  body: object,
  problem: Verdict | false,
): Verdict {
  const no = forbids(head, actor, right)
  if (no) return refused(no)
  if (head.type !== "room") return refused("forbidden", "A direct room has no settings.")
  if (head.archived && right !== "room.archived") return refused("archived")
  return problem || { kind: right, body }
}

const already = (is: boolean): Verdict | false => is && refused("already")

function created(head: Head, event: HeadEvent & { readonly body: RoomCreated }): Head {
  const { type, name, topic, visibility, history, members } = event.body
  const base: Head = { ...head, type, name: name ?? "", topic: topic ?? "", visibility, history }
  const role = type === "room" ? "owner" : "member"
  return members.reduce((grown, account) => withMember(grown, account, role, event.seq), base)
}

/** Narrowing hides nothing from those who are here; widening opens what follows, or the past where it says so. */
function withHistory(head: Head, event: HeadEvent & { readonly body: RoomHistory }): Head {
  const { history, past } = event.body
  if (past) {
    const members = new Map(
      [...head.members].map(([account, member]) => [account, { ...member, from: 1 }] as const),
    )
    return { ...head, history, sharedFrom: 1, members }
  }
  const widened = head.history === "joined" && history === "shared"
  return { ...head, history, sharedFrom: widened ? event.seq : head.sharedFrom }
}

export const room = {
  "room.created": { body: RoomCreated, decide: decideCreated, evolve: created } satisfies Matter<RoomCreated>,
  "room.renamed": {
    body: RoomRenamed,
    decide: (head, actor, { body }) =>
      decideChange(
        head,
        actor,
        "room.renamed",
        body,
        isRoomName(body.name) ? already(body.name === head.name) : refused("bad-name"),
      ),
    evolve: (head, event) => ({ ...head, name: event.body.name }),
  } satisfies Matter<RoomRenamed>,
  "room.topic": {
    body: RoomTopic,
    decide: (head, actor, { body }) =>
      decideChange(
        head,
        actor,
        "room.topic",
        body,
        isCleanText(body.topic, limits.topicBytesMax)
          ? already(body.topic === head.topic)
          : refused("bad-text"),
      ),
    evolve: (head, event) => ({ ...head, topic: event.body.topic }),
  } satisfies Matter<RoomTopic>,
  "room.setting": {
    body: RoomSetting,
    decide: (head, actor, { body }) =>
      decideChange(head, actor, "room.setting", body, already(head.settings[body.key] === body.value)),
    evolve: (head, event) => ({
      ...head,
      settings: { ...head.settings, [event.body.key]: event.body.value },
    }),
  } satisfies Matter<RoomSetting>,
  "room.visibility": {
    body: RoomVisibility,
    decide: (head, actor, { body }) =>
      decideChange(head, actor, "room.visibility", body, already(body.visibility === head.visibility)),
    evolve: (head, event) => ({ ...head, visibility: event.body.visibility }),
  } satisfies Matter<RoomVisibility>,
  "room.history": {
    body: RoomHistory,
    decide: (head, actor, { body }) =>
      decideChange(
        head,
        actor,
        "room.history",
        body,
        body.past && body.history !== "shared"
          ? refused("bad-input", "Only a shared history can open the past.")
          : already(body.history === head.history && !body.past),
      ),
    evolve: withHistory,
  } satisfies Matter<RoomHistory>,
  "room.archived": {
    body: RoomArchived,
    decide: (head, actor, { body }) =>
      decideChange(head, actor, "room.archived", body, already(body.archived === head.archived)),
    evolve: (head, event) => ({ ...head, archived: event.body.archived }),
  } satisfies Matter<RoomArchived>,
}
