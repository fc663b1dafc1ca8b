import Type from "typebox"
import { UuidText } from "../../protocol/events/matter.ts"
import { isRefusal, type Refusal } from "../../protocol/refusals.ts"
import type { Account as AccountOf } from "../core/ports.ts"
import { accountCard } from "./entrance.ts"
import { signedIn } from "./handler.ts"
import { EventsInput, EventsPage, eventsOf } from "./log-pages.ts"
import { Account, Name, Password } from "./shapes.ts"

/** Oneself. */
export const me = [
  signedIn({
    name: "me.get",
    at: "GET /me",
    about: "Tells who is signed in.",
    input: {},
    output: Type.Object({ account: Account, session: UuidText, self: UuidText }),
    run: async ({ api, who }) => ({
      account: accountCard(api.accounts.account(who.id) ?? who),
      session: who.session,
      self: who.self,
    }),
  }),
  signedIn({
    name: "me.rename",
    at: "PUT /me/name",
    about: "Changes the name one signs in with and is called by.",
    input: { name: Name },
    output: Account,
    run: async ({ api, actor, who }, { name }) =>
      changed(await api.services.people.rename(actor, who.id, name)),
  }),
  signedIn({
    name: "me.display",
    at: "PUT /me/display",
    about: "Changes the name one is shown by.",
    input: { display: Type.String({ maxLength: 256 }) },
    output: Account,
    run: async ({ api, actor, who }, { display }) =>
      changed(await api.services.people.setDisplay(actor, who.id, display)),
  }),
  signedIn({
    name: "me.password",
    at: "PUT /me/password",
    about: "Changes the password and ends all other sessions.",
    input: { old: Password, new: Password },
    output: Type.Object({ changed: Type.Literal(true) }),
    run: async ({ api, who, from }, passwords) =>
      (await api.services.passwords.change(who, passwords, from)) ?? { changed: true as const },
  }),
  signedIn({
    name: "me.activity",
    at: "GET /me/activity",
    about:
      "What happened to oneself: mentions, replies, invitations, sign-ins. Raw events of one's self log.",
    input: EventsInput,
    output: EventsPage,
    run: async (asked, input) => {
      const page = await eventsOf(asked, asked.who.self, input)
      // The log of somebody to whom nothing has happened yet is not there.
      const isNew = isRefusal(page) && page.code === "no-such-room"
      return isNew ? { room: asked.who.self, events: [], to: 0, seq: 0 } : page
    },
  }),
]

function changed(answer: AccountOf | Refusal) {
  return isRefusal(answer) ? answer : accountCard(answer)
}
