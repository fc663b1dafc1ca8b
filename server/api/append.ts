import { refuseBody } from "../../protocol/check.ts"
import { isUuid, type Uuid } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Signed } from "./handler.ts"

interface Appended {
  readonly room: Uuid
  readonly id: Uuid
  readonly seq: number
  readonly at: number
}

interface Wanted {
  readonly kind: string
  readonly body: object
  readonly target?: number | Uuid
  readonly prev?: Uuid
}

/** Appends an event in the name of the one who asks, under the request's own id. */
export async function append(asked: Signed, ref: string, wanted: Wanted): Promise<Appended | Refusal> {
  const room = isUuid(ref) ? ref : await asked.api.rooms.resolve(ref)
  return room === undefined ? refuse("no-such-room") : appendTo(asked, room, asked.actor, wanted)
}

/** Appends an event with the given authority. */
export async function appendTo(
  { api, id }: Pick<Signed, "api" | "id">,
  room: Uuid,
  actor: Actor,
  wanted: Wanted,
): Promise<Appended | Refusal> {
  const wrong = refuseBody(wanted.kind, wanted.body)
  if (wrong) return wrong
  const said = await api.rooms.submit(room, actor, { id, ...wanted })
  return isRefusal(said) ? said : { room, id: said.id, seq: said.seq, at: said.at }
}
