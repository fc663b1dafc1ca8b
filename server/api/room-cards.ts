import type { Head } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import type { Signed } from "./handler.ts"
import type { Inside } from "./inside.ts"
import { countsOf } from "./unread.ts"

/** A room as its members see it. */
export async function roomAs(asked: Signed, inside: Inside, mark: number) {
  const { api, who } = asked
  const { room, head, member } = inside
  const [counts, epoch] = await Promise.all([countsOf(api, who.id, inside, mark), api.rooms.epoch(room)])
  return {
    ...cardOf(room, head),
    standing: "member" as const,
    history: head.history,
    settings: head.settings,
    epoch: epoch ?? "",
    seq: head.seq,
    at: head.at,
    role: member.role,
    joined: member.joined,
    from: member.from,
    ...counts,
    pins: [...head.pins].filter((seq) => seq >= member.from),
    ...(head.type === "direct" && { accounts: [...head.members.keys()] }),
  }
}

/** A room as everyone may see it who knows of it. */
export function roomFor(account: Uuid, room: Uuid, head: Head) {
  return { ...cardOf(room, head), standing: standingOf(account, head) }
}

function cardOf(id: Uuid, head: Head) {
  const { type, name, topic, visibility, archived, members } = head
  return { id, type: type ?? "room", name, topic, visibility, archived, members: members.size }
}

function standingOf(account: Uuid, head: Head) {
  if (head.members.has(account)) return "member" as const
  if (head.banned.has(account)) return "banned" as const
  return head.invited.has(account) ? ("invited" as const) : ("outside" as const)
}
