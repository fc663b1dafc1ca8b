import { isVisible } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import type { Inside } from "./inside.ts"
import type { Api } from "./parts.ts"

interface Counts {
  readonly mark: number
  readonly unread: number
  readonly mentions: number
}

type Part = Pick<Api, "rooms" | "pages" | "log" | "records">

const MAX = limits.unreadCountMax
const NONE = { unread: 0, mentions: 0 }
const PAGE = 200

/**
 * Undeleted messages of others outside threads, and those that call this account, behind everything it has read: its
 * mark, its own coming and its own newest post. Never more than `unreadCountMax`, which then means that many or more.
 */
export async function countsOf(api: Part, account: Uuid, inside: Inside, mark: number): Promise<Counts> {
  const { room, head, member } = inside
  const after = Math.max(mark, member.joined, await api.rooms.lastPost(room, account))
  if (after >= head.seq) return { mark, ...NONE }
  // What points at something from before their time is hidden from them, and so are its numbers.
  const count = member.from > 1 ? countVisible : countAll
  return { mark, ...(await count(api, account, inside, after)) }
}

async function countAll({ pages }: Part, account: Uuid, { room }: Inside, after: number) {
  const [unread, mentions] = await Promise.all([
    pages.unread(room, account, after, MAX),
    pages.mentioned(room, account, after, MAX),
  ])
  return { unread, mentions }
}

async function countVisible(api: Part, account: Uuid, inside: Inside, after: number) {
  const [unread, mentions] = await Promise.all([
    visibleUnread(api, account, inside, after),
    visibleMentions(api, account, inside, after),
  ])
  return { unread, mentions }
}

async function visibleUnread({ pages }: Part, account: Uuid, { room, member }: Inside, after: number) {
  let count = 0
  for (let cursor = after; count < MAX; ) {
    const shown = await pages.shown(room, { after: cursor, from: member.from, limit: PAGE })
    for (const { kind, body, by } of shown)
      if (kind === "message.posted" && body !== null && by !== account) count++
    if (shown.length < PAGE) break
    cursor = shown.at(-1)?.seq ?? cursor
  }
  return Math.min(count, MAX)
}

async function visibleMentions(
  { records, log }: Part,
  account: Uuid,
  { room, member }: Inside,
  after: number,
) {
  let count = 0
  for (let cursor = after; count < MAX; ) {
    const rows = await records.db
      .selectFrom("mention")
      .select("seq")
      .distinct()
      .where("room", "=", room)
      .where("seq", ">", cursor)
      .where((build) => build.or([build("account", "=", account), build("account", "is", null)]))
      .orderBy("seq")
      .limit(PAGE)
      .execute()
    const events = await Promise.all(rows.map(({ seq }) => log.read(room, seq - 1, 1)))
    for (const event of events.flat())
      if (event.body !== null && event.by !== account && isVisible(event, member.from)) count++
    if (rows.length < PAGE) break
    cursor = rows.at(-1)?.seq ?? cursor
  }
  return Math.min(count, MAX)
}
