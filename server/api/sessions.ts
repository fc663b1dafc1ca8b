import Type from "typebox"
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal, type Refusal } from "../../protocol/refusals.ts"
import type { SessionCard } from "../core/ports.ts"
import { entrance } from "./entrance.ts"
import { anyone, signedIn } from "./handler.ts"
import { accountOf } from "./inside.ts"
import { AccountRef, Client, Cookie, Entrance, Name, nextPage, Password, Session } from "./shapes.ts"

const Sessions = Type.Object({ sessions: Type.Array(Session), ...nextPage })
/** A session's id, or `current`. */
const SessionRef = Type.String({ minLength: 1, maxLength: 64 })

/** Signed-in devices: one's own, and for admins those of others. At most a hundred each, so a list is one page. */
export const sessions = [
  anyone({
    name: "sessions.create",
    at: "POST /sessions",
    about: "Signs in by name and password.",
    input: { name: Name, password: Password, client: Client, cookie: Cookie },
    output: Entrance,
    status: [201],
    run: async ({ api, from }, { cookie: _, ...claim }) => entrance(await api.accounts.enter(claim, from)),
  }),
  signedIn({
    name: "sessions.list",
    at: "GET /sessions",
    about: "Lists one's sessions, newest first.",
    input: {},
    output: Sessions,
    run: async ({ api, actor, who }) => listed(await api.services.sessions.list(actor, who.id), who.session),
  }),
  signedIn({
    name: "sessions.end",
    at: "DELETE /sessions/{session}",
    about: "Ends one of one's sessions; `current` signs out.",
    input: { session: SessionRef },
    output: Type.Object({ ended: Type.Literal(true) }),
    run: async ({ api, actor, who }, { session }) => {
      const one = { session: session === "current" ? who.session : session }
      return ended(await api.services.sessions.end(actor, who.id, one))
    },
  }),
  signedIn({
    name: "sessions.endOthers",
    at: "DELETE /sessions",
    about: "Ends all of one's sessions but the one that asks.",
    input: {},
    output: Type.Object({ ended: Type.Literal(true) }),
    run: async ({ api, actor, who }) =>
      ended(await api.services.sessions.end(actor, who.id, { except: who.session })),
  }),
  signedIn({
    name: "people.sessions",
    at: "GET /people/{account}/sessions",
    about: "Lists the sessions of another account.",
    right: "house.revocation",
    input: { account: AccountRef },
    output: Sessions,
    run: async (asked, { account }) => {
      const target = accountOf(asked, account)
      if (isRefusal(target)) return target
      return listed(await asked.api.services.sessions.list(asked.actor, target.id), asked.who.session)
    },
  }),
  signedIn({
    name: "people.endSessions",
    at: "DELETE /people/{account}/sessions",
    about: "Ends every session of another account, or the one named.",
    right: "house.revocation",
    input: { account: AccountRef, session: Type.Optional(SessionRef) },
    output: Type.Object({ ended: Type.Literal(true) }),
    run: async (asked, { account, session }) => {
      const target = accountOf(asked, account)
      if (isRefusal(target)) return target
      const which = session === undefined ? "all" : { session }
      return ended(await asked.api.services.sessions.end(asked.actor, target.id, which))
    },
  }),
]

function listed(cards: readonly SessionCard[] | Refusal, current: Uuid) {
  if (!Array.isArray(cards)) return cards as Refusal
  return {
    sessions: cards.map((card: SessionCard) =>
      card.id === current ? { ...card, current: true as const } : card,
    ),
  }
}

function ended(refusal: Refusal | undefined) {
  return refusal ?? { ended: true as const }
}
