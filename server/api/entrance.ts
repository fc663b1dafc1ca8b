import { isRefusal, type Refusal } from "../../protocol/refusals.ts"
import type { Account, Entered } from "../core/ports.ts"

/** What whoever has just come in is told. */
export function entrance(entered: Entered | Refusal) {
  if (isRefusal(entered)) return entered
  const { who, token } = entered
  const told = { account: accountCard(who), session: who.session, self: who.self }
  return token === undefined ? told : { ...told, token }
}

export function accountCard({ id, name, display, role }: Account): Account {
  return { id, name, display, role }
}
