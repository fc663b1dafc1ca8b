import Type from "typebox"
import { isRefusal } from "../../protocol/refusals.ts"
import { signedIn } from "./handler.ts"
import { inside } from "./inside.ts"
import { HouseRole, Invitation, nextPage, RoomRef } from "./shapes.ts"

/** Invitations into the house, by a code in a link. Into a room: `members.invite`. */
export const invitations = [
  signedIn({
    name: "invitations.create",
    at: "POST /invitations",
    about: "Makes a code with which others can register; into a room as well, where one may invite there.",
    right: "invitation.create",
    input: {
      uses: Type.Optional(Type.Integer({ minimum: 1 })),
      lifeMs: Type.Optional(Type.Integer({ minimum: 1 })),
      room: Type.Optional(RoomRef),
      role: Type.Optional(HouseRole),
    },
    output: Type.Object({ code: Type.String(), invitation: Invitation }),
    status: [201],
    run: async (asked, { room: ref, ...wanted }) => {
      const found = ref === undefined ? undefined : await inside(asked, ref)
      if (found && isRefusal(found)) return found
      const made = await asked.api.services.invitations.create(asked.actor, {
        ...wanted,
        ...(found && { room: found.room }),
      })
      return isRefusal(made) ? made : { code: made.code, invitation: made.card }
    },
  }),
  signedIn({
    name: "invitations.list",
    at: "GET /invitations",
    about: "Lists the invitations that still work: one's own, for admins everyone's.",
    right: "invitation.create",
    input: {},
    output: Type.Object({ invitations: Type.Array(Invitation), ...nextPage }),
    run: async ({ api, actor }) => ({ invitations: await api.services.invitations.list(actor) }),
  }),
  signedIn({
    name: "invitations.revoke",
    at: "DELETE /invitations/{invitation}",
    about: "Makes an invitation work no more.",
    right: "invitation.create",
    input: { invitation: Type.String({ minLength: 1, maxLength: 128 }) },
    output: Type.Object({ revoked: Type.Literal(true) }),
    run: async ({ api, actor }, { invitation }) =>
      (await api.services.invitations.revoke(actor, invitation)) ?? { revoked: true as const },
  }),
]
