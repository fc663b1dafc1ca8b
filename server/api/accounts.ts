import Type from "typebox"
import { isRefusal } from "../../protocol/refusals.ts"
import { entrance } from "./entrance.ts"
import { anyone } from "./handler.ts"
import { Client, Code, Cookie, Entrance, Invitation, Name, Password } from "./shapes.ts"

/** Becoming somebody here, by each of the ways there are. */
export const accounts = [
  anyone({
    name: "accounts.create",
    at: "POST /accounts",
    about: "Registers an account, with an invitation where the server asks for one, and signs it in.",
    input: {
      name: Name,
      password: Password,
      invite: Type.Optional(Code),
      client: Client,
      cookie: Cookie,
    },
    output: Entrance,
    status: [201],
    run: async ({ api, from }, { cookie: _, ...claim }) =>
      entrance(await api.accounts.enter({ ...claim, register: true }, from)),
  }),
  anyone({
    name: "setup.claim",
    at: "POST /setup",
    about: "Makes the owner of a server that has none, by the code that it prints when it starts.",
    input: { code: Code, name: Name, password: Password, client: Client, cookie: Cookie },
    output: Entrance,
    status: [201],
    run: async ({ api, from }, { cookie: _, ...claim }) =>
      entrance(await api.services.setup.claimOwner(claim, from)),
  }),
  anyone({
    name: "resets.use",
    at: "POST /resets",
    about: "Takes the code of a reset link for a new password, ends all sessions and begins one.",
    input: { code: Code, password: Password, client: Client, cookie: Cookie },
    output: Entrance,
    status: [201],
    run: async ({ api, from }, { cookie: _, ...reset }) =>
      entrance(await api.services.passwords.useReset(reset, from)),
  }),
  anyone({
    name: "invitations.find",
    at: "POST /invitations/find",
    about: "Tells who holds a code what it invites to.",
    input: { code: Code },
    output: Type.Object({
      invitation: Invitation,
      /** The name of whoever invites. */
      from: Type.Optional(Type.String()),
      /** What the server calls itself. */
      server: Type.String(),
    }),
    changes: "nothing",
    run: async ({ api }, { code }) => {
      const invitation = await api.services.invitations.find(code)
      if (isRefusal(invitation)) return invitation
      const from = api.accounts.account(invitation.by)?.name
      const server = api.services.settings.current().name
      return { invitation, server, ...(from !== undefined && { from }) }
    },
  }),
]
