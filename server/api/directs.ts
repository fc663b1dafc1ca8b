import Type from "typebox"
import { type Uuid, uuid8 } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import { appendTo } from "./append.ts"
import { instead, type Signed, signedIn } from "./handler.ts"
import { accountOf, inside } from "./inside.ts"
import { roomAs } from "./room-cards.ts"
import { AccountRef, Room } from "./shapes.ts"

export const directs = [
  signedIn({
    name: "direct.open",
    at: "POST /direct",
    about: "Opens the direct room of oneself and others; the same people always have the same one.",
    right: "direct.open",
    input: { accounts: Type.Array(AccountRef, { maxItems: limits.membersPerDirectMax }) },
    output: Room,
    status: [201, 200],
    run: async (asked, { accounts }) => {
      const members = membersOf(asked, accounts)
      if (isRefusal(members)) return members
      const { api } = asked
      const room = derived(asked, `direct:${members.join(",")}`)
      const isNew = (await api.rooms.head(room)) === undefined
      const refused = isNew ? await make(asked, room, members) : undefined
      if (refused) return refused
      const opened = await inside(asked, room)
      if (isRefusal(opened)) return opened
      const marks = await api.marks.of(asked.who.id, [room])
      const told = await roomAs(asked, opened, marks.get(room) ?? 0)
      return isNew ? told : instead(200, told)
    },
  }),
]

/** Everybody once, in the order of their ids. */
function membersOf(asked: Signed, refs: readonly string[]) {
  const ids = new Set([asked.who.id])
  for (const ref of refs) {
    const account = accountOf(asked, ref)
    if (isRefusal(account)) return account
    ids.add(account.id)
  }
  return ids.size > limits.membersPerDirectMax
    ? refuse("too-many", `A direct room holds at most ${limits.membersPerDirectMax} people.`)
    : [...ids].sort()
}

/** Nobody may make a room for others; the server does it for whoever may open it. */
async function make(asked: Signed, room: Uuid, members: readonly Uuid[]) {
  const { api, actor } = asked
  const body = { type: "direct", visibility: "private", history: "shared", members }
  const made = await appendTo(
    { api, id: derived(asked, `created:${room}`) },
    room,
    { ...actor, system: true },
    { kind: "room.created", body },
  )
  // Somebody else may have opened it at this very moment.
  const isThere = isRefusal(made) && (made.code === "already" || made.code === "id-taken")
  return isRefusal(made) && !isThere ? made : undefined
}

function derived({ api }: Signed, cause: string): Uuid {
  return uuid8(api.world.digest(new TextEncoder().encode(cause)))
}
