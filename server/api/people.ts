import Type from "typebox"
import { UuidText } from "../../protocol/events/matter.ts"
import { limits } from "../../protocol/limits.ts"
import { mayInHouse } from "../../protocol/policy.ts"
import { isRefusal, type Refusal } from "../../protocol/refusals.ts"
import type { Account as AccountOf } from "../core/ports.ts"
import { accountCard } from "./entrance.ts"
import { type Signed, signedIn } from "./handler.ts"
import { accountOf } from "./inside.ts"
import { limitOf } from "./paging.ts"
import {
  Account,
  AccountRef,
  HouseRole,
  Limit,
  Name,
  Next,
  nextPage,
  Password,
  Person,
  Time,
} from "./shapes.ts"

const PEOPLE_MAX = 500
const IDS_MAX = 200

const Display = Type.String({ maxLength: 256 })
const Reason = Type.Optional(Type.String({ maxLength: limits.reasonBytesMax }))
const Changed = Type.Object({ changed: Type.Literal(true) })

/** The directory of people, and what those in charge do with accounts. Ranks are judged by the services. */
export const people = [
  signedIn({
    name: "people.list",
    at: "GET /people",
    about: "Lists people by name; `search` is how a name or a word of a display name begins.",
    right: "people.see",
    input: { search: Type.Optional(Type.String({ maxLength: 128 })), limit: Limit, next: Next },
    output: Type.Object({ people: Type.Array(Person), ...nextPage }),
    run: async ({ api, actor }, { search, limit, next }) => {
      const page = api.services.people.page({
        ...(search !== undefined && { search: search.replace(/^@/, "") }),
        ...(next !== undefined && { after: next }),
        limit: limitOf(limit, PEOPLE_MAX),
      })
      const seesBans = mayInHouse(actor.role, "house.ban")
      const people = page.people.map(({ banned, claimed, ...account }) => ({
        ...accountCard(account),
        claimed,
        ...(seesBans && { banned }),
      }))
      return { people, ...(page.next !== undefined && { next: page.next }) }
    },
  }),
  signedIn({
    name: "people.known",
    at: "GET /accounts",
    about: "The accounts of these ids; those that do not exist are left out.",
    right: "people.see",
    input: { ids: Type.Array(UuidText, { maxItems: IDS_MAX }) },
    output: Type.Object({ people: Type.Array(Account), ...nextPage }),
    run: async ({ api }, { ids }) => ({
      people: [...new Set(ids)].flatMap((id) => {
        const account = api.accounts.account(id)
        return account ? [accountCard(account)] : []
      }),
    }),
  }),
  signedIn({
    name: "people.get",
    at: "GET /people/{account}",
    about: "One account, by its id or its name.",
    right: "people.see",
    input: { account: AccountRef },
    output: Account,
    run: (asked, { account }) => over(asked, account, async (target) => target),
  }),
  signedIn({
    name: "people.add",
    at: "POST /people",
    about: "Makes an account for somebody. Without a password it waits for its person to use a reset link.",
    right: "account.reset",
    input: {
      name: Name,
      password: Type.Optional(Password),
      display: Type.Optional(Display),
      role: Type.Optional(HouseRole),
    },
    output: Account,
    status: [201],
    run: async ({ api, actor }, person) => card(await api.services.people.add(actor, person)),
  }),
  signedIn({
    name: "people.rename",
    at: "PUT /people/{account}/name",
    about: "Changes the name of an account.",
    right: "account.reset",
    input: { account: AccountRef, name: Name },
    output: Account,
    run: (asked, { account, name }) =>
      over(asked, account, ({ id }) => asked.api.services.people.rename(asked.actor, id, name)),
  }),
  signedIn({
    name: "people.display",
    at: "PUT /people/{account}/display",
    about: "Changes the name an account is shown by.",
    right: "account.reset",
    input: { account: AccountRef, display: Display },
    output: Account,
    run: (asked, { account, display }) =>
      over(asked, account, ({ id }) => asked.api.services.people.setDisplay(asked.actor, id, display)),
  }),
  signedIn({
    name: "people.role",
    at: "PUT /people/{account}/role",
    about: "Gives an account another role in the house.",
    right: "house.role",
    input: { account: AccountRef, role: HouseRole },
    output: Changed,
    run: (asked, { account, role }) =>
      doneTo(asked, account, ({ id }) => asked.api.services.roles.setRole(asked.actor, id, role)),
  }),
  signedIn({
    name: "people.ban",
    at: "PUT /people/{account}/ban",
    about: "Bans an account from the house and ends its sessions.",
    right: "house.ban",
    input: { account: AccountRef, reason: Reason },
    output: Changed,
    run: (asked, { account, reason }) =>
      doneTo(asked, account, ({ id }) => asked.api.services.roles.ban(asked.actor, id, true, reason)),
  }),
  signedIn({
    name: "people.unban",
    at: "DELETE /people/{account}/ban",
    about: "Lifts a ban from the house.",
    right: "house.ban",
    input: { account: AccountRef },
    output: Changed,
    run: (asked, { account }) =>
      doneTo(asked, account, ({ id }) => asked.api.services.roles.ban(asked.actor, id, false)),
  }),
  signedIn({
    name: "people.password",
    at: "PUT /people/{account}/password",
    about: "Sets the password of an account and ends its sessions.",
    right: "account.reset",
    input: { account: AccountRef, password: Password },
    output: Changed,
    run: (asked, { account, password }) =>
      doneTo(asked, account, ({ id }) => asked.api.services.passwords.set(asked.actor, id, password)),
  }),
  signedIn({
    name: "resets.create",
    at: "POST /people/{account}/resets",
    about: "Makes a code with which somebody takes a new password, once and within a day; hand it over.",
    right: "account.reset",
    input: { account: AccountRef },
    output: Type.Object({ code: Type.String(), expiresAt: Time }),
    status: [201],
    run: async (asked, { account }) => {
      const target = accountOf(asked, account)
      if (isRefusal(target)) return target
      return asked.api.services.passwords.createReset(asked.actor, target.id)
    },
  }),
]

function card(answer: AccountOf | Refusal) {
  return isRefusal(answer) ? answer : accountCard(answer)
}

async function over(
  asked: Signed,
  ref: string,
  work: (target: AccountOf) => Promise<AccountOf | Refusal>,
): Promise<AccountOf | Refusal> {
  const target = accountOf(asked, ref)
  return isRefusal(target) ? target : card(await work(target))
}

async function doneTo(asked: Signed, ref: string, work: (target: AccountOf) => Promise<Refusal | undefined>) {
  const target = accountOf(asked, ref)
  if (isRefusal(target)) return target
  return (await work(target)) ?? { changed: true as const }
}
