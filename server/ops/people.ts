import Type from "typebox"
import { isRefusal, refuse } from "../../protocol/refusals.ts"
import { named, operation, operator, personLine } from "./operation.ts"

const strict = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 256 })
const Role = Type.Union([
  Type.Literal("guest"),
  Type.Literal("member"),
  Type.Literal("moderator"),
  Type.Literal("admin"),
  Type.Literal("owner"),
])
const Password = Type.String({ maxLength: 4_096 })

/** What an operator does with accounts; `server/accounts` judges names and passwords. */
export const peopleOperations = {
  /** Without a password nobody can sign in until a link was made with `user.link`. */
  "user.add": operation(
    Type.Object(
      {
        name: Name,
        password: Type.Optional(Password),
        display: Type.Optional(Type.String({ maxLength: 1_024 })),
        role: Type.Optional(Role),
      },
      strict,
    ),
    async (parts, person) => {
      const added = await parts.services.people.add(operator, person)
      return isRefusal(added) ? added : personLine(added)
    },
  ),

  /** Ends every session of the account. */
  "user.password": operation(
    Type.Object({ name: Name, password: Password }, strict),
    async (parts, input) => {
      const account = named(parts, input.name)
      if (isRefusal(account)) return account
      return (await parts.services.passwords.set(operator, account.id, input.password)) ?? personLine(account)
    },
  ),

  /** A code with which the person sets a password of their own, once. */
  "user.link": operation(Type.Object({ name: Name }, strict), async (parts, input) => {
    const account = named(parts, input.name)
    return isRefusal(account) ? account : parts.services.passwords.createReset(operator, account.id)
  }),

  "user.role": operation(Type.Object({ name: Name, role: Role }, strict), async (parts, input) => {
    const account = named(parts, input.name)
    if (isRefusal(account)) return account
    if (account.role === input.role) return personLine(account)
    const no = await parts.services.roles.setRole(operator, account.id, input.role)
    return no ?? personLine({ ...account, role: input.role })
  }),

  "user.list": operation(
    Type.Object(
      {
        search: Type.Optional(Name),
        after: Type.Optional(Type.String({ maxLength: 1_024 })),
        limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
      },
      strict,
    ),
    async (parts, query) => {
      const { people, next } = parts.services.people.page(query)
      return {
        people: people.map((person) => ({
          ...personLine(person),
          banned: person.banned,
          claimed: person.claimed,
        })),
        ...(next !== undefined && { next }),
      }
    },
  ),

  /** `room` by name or id: whoever comes with the invitation is a member there. */
  invite: operation(
    Type.Object(
      {
        uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
        lifeMs: Type.Optional(Type.Integer({ minimum: 60_000 })),
        room: Type.Optional(Name),
        role: Type.Optional(Role),
      },
      strict,
    ),
    async (parts, { room: ref, ...invitation }) => {
      const room = ref === undefined ? undefined : await parts.rooms.resolve(ref)
      if (ref !== undefined && room === undefined)
        return refuse("no-such-room", `There is no room called ${ref}.`)
      const made = await parts.services.invitations.create(operator, {
        ...invitation,
        ...(room !== undefined && { room }),
      })
      if (isRefusal(made)) return made
      const { usesLeft, expiresAt, role } = made.card
      return { code: made.code, uses: usesLeft, expiresAt, role }
    },
  ),
}
