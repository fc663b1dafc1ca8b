import type { Event } from "../protocol/event.ts"
import type { RoomHead } from "../protocol/frames.ts"
import type { RoomRole, RoomType, Visibility } from "../protocol/head.ts"
import type { Uuid } from "../protocol/ids.ts"

/** What a list or a heading shows of a room. The topic and the members are known once they were asked for or told. */
export interface Card {
  readonly type: RoomType
  readonly name: string
  readonly visibility: Visibility
  readonly topic?: string
  readonly archived?: boolean
  /** Who is in it, where it is a direct room. */
  readonly accounts?: readonly Uuid[]
}

/** The card as `welcome` tells it; what that does not tell stays. */
export function cardOf(head: RoomHead, known: Card | undefined): Card {
  return { ...known, type: head.type, name: head.name, visibility: head.visibility }
}

/** The card after an event. */
export function dealt(card: Card, { kind, body }: Event): Card {
  switch (kind) {
    case "room.created":
    case "room.renamed":
    case "room.topic":
    case "room.visibility":
    case "room.archived": {
      const { name, topic, visibility, archived } = fields(body)
      return {
        ...card,
        ...(typeof name === "string" && { name }),
        ...(typeof topic === "string" && { topic }),
        ...((visibility === "public" || visibility === "private") && { visibility }),
        ...(typeof archived === "boolean" && { archived }),
      }
    }
    default:
      return card
  }
}

/** What an event says of who is in the room: each account with its role, null for one who is not, or no longer. */
export function membersOf({ kind, by, body }: Event): readonly (readonly [Uuid, RoomRole | null])[] {
  const { account, role } = fields(body)
  switch (kind) {
    case "member.joined":
      return [[by, "member"]]
    case "member.left":
      return [[by, null]]
    case "member.removed":
    case "member.banned":
      return typeof account === "string" ? [[account, null]] : []
    case "member.role":
      return typeof account === "string" && typeof role === "string" ? [[account, role as RoomRole]] : []
    default:
      return []
  }
}

function fields(body: unknown): Record<string, unknown> {
  return typeof body === "object" && body !== null ? { ...body } : {}
}
