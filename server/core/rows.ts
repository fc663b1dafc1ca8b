import type { Head } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { foldName } from "../../protocol/names.ts"
import { skeleton } from "../../protocol/skeleton.ts"
import type { Claim, MembershipRow, RoomCard } from "./ports.ts"

// The rows that change together with the log, as the difference between two heads.

/** Who came, went or now stands or sees differently. */
export function membershipRows(before: Head, after: Head): readonly MembershipRow[] {
  if (before.members === after.members) return []
  const rows: MembershipRow[] = []
  for (const [account, member] of after.members) {
    const known = before.members.get(account)
    if (known !== member) rows.push({ account, role: member.role, joined: member.joined, from: member.from })
  }
  for (const account of before.members.keys()) {
    if (!after.members.has(account)) rows.push({ account, role: null, joined: 0, from: 0 })
  }
  return rows
}

/** The name that is given back and the one that is taken. Only rooms with a name have one. */
export function claimsOf(before: Head, after: Head, room: Uuid): readonly Claim[] {
  if (after.type !== "room" || before.name === after.name) return []
  const taken = claim(after.name, room)
  return before.name === "" ? [taken] : [claim(before.name, null), taken]
}

function claim(name: string, holder: Uuid | null): Claim {
  return { space: "room", key: foldName(name), skeleton: skeleton(name), holder }
}

/** What directories show, when it changed. */
export function cardOf(before: Head, after: Head): RoomCard | undefined {
  if (after.type === null) return undefined
  const same =
    before.type === after.type &&
    before.name === after.name &&
    before.topic === after.topic &&
    before.visibility === after.visibility &&
    before.archived === after.archived &&
    before.members.size === after.members.size
  if (same) return undefined
  const { type, name, topic, visibility, archived } = after
  return { type, name, topic, visibility, archived, members: after.members.size }
}
