import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import type { SessionServices } from "../core/ports.ts"
import { entryOf, type Ground, stored } from "./ground.ts"
import { askedBy, refuseOthers } from "./ranks.ts"

export function sessionServices(ground: Ground): SessionServices {
  const { directory, sessions, house } = ground
  return {
    list: (by, account) =>
      stored(async () => {
        const entry = entryOf(directory, account)
        if (isRefusal(entry)) return entry
        return refuseOthers(by, "house.revocation", entry.account) ?? sessions.list(account)
      }),
    end: (by, account, which) =>
      stored(async () => {
        const entry = entryOf(directory, account)
        if (isRefusal(entry)) return entry
        const refused = refuseOthers(by, "house.revocation", entry.account)
        if (refused) return refused
        const choice: Choice = which === "all" ? {} : which
        if (choice.session !== undefined && !(await sessions.exists(account, choice.session)))
          return refuse("no-such-thing", "There is no such session; it may have ended already.")
        return house.record({ kind: "house.revocation", body: { account, ...choice, ...askedBy(by) } })
      }),
    seen: (who) => sessions.seen(who),
  }
}

interface Choice {
  readonly session?: Uuid
  readonly except?: Uuid
}
