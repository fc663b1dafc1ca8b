import Type from "typebox"
import { UuidText } from "../../protocol/events/matter.ts"
import { limits } from "../../protocol/limits.ts"
import { signedIn } from "./handler.ts"
import { nextPage } from "./shapes.ts"

export const presence = [
  signedIn({
    name: "presence.list",
    at: "GET /presence",
    about: "Who of these accounts is there now. To be told of changes, watch them over a connection.",
    right: "people.see",
    input: { accounts: Type.Array(UuidText, { maxItems: limits.watchedAccountsMax }) },
    output: Type.Object({
      presences: Type.Array(
        Type.Object({
          account: UuidText,
          state: Type.Enum(["online", "idle", "do-not-disturb", "offline"]),
        }),
      ),
      ...nextPage,
    }),
    run: async ({ api }, { accounts }) => ({
      presences: [...new Set(accounts)].map((account) => ({
        account,
        state: api.signals.presence(account),
      })),
    }),
  }),
]
