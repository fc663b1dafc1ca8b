// Long because it is one table: who may make which request, and what each is told.
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { systemActor } from "../../server/accounts/self.ts"
import type { Neighbour } from "./house.ts"
import { type Persona, personas, type Scene, SECRET } from "./scene.ts"

/** `ok`, or the code of the refusal. */
type Told = Readonly<Record<Persona, string>>

export interface Row {
  /** What is asked; `me` is who asks. */
  readonly input: (scene: Scene, me: Neighbour | undefined, room: Uuid) => object | Promise<object>
  readonly told: Told
  /** The room it is asked in, where that matters. */
  readonly room?: "attic" | "garden"
}

function everyone(told: string, but: Partial<Told> = {}): Told {
  return { ...(Object.fromEntries(personas.map((one) => [one, told])) as Record<Persona, string>), ...but }
}

const anyone = everyone("ok")
const signedIn = everyone("ok", { nobody: "sign-in-first" })
const noGuests: Told = { ...signedIn, gus: "forbidden", gil: "forbidden" }
const admins = everyone("forbidden", { nobody: "sign-in-first", mia: "ok" })

/** Outsiders of a private room learn nothing; who was in it or is invited knows that it is there. */
const inAttic: Told = {
  ...everyone("no-such-room"),
  nobody: "sign-in-first",
  cleo: "not-a-member",
  dan: "banned",
  ivy: "not-a-member",
  gil: "ok",
  bob: "ok",
  ada: "ok",
}
const inGarden: Told = { ...inAttic, eve: "not-a-member", gus: "not-a-member", mia: "not-a-member" }
/** Told to those who are in it but may not do this. */
const few = { gil: "forbidden", bob: "forbidden" }

/** A request in a room, asked in both. */
function inRooms(
  input: (scene: Scene, room: Uuid, me: Neighbour | undefined) => object,
  but: Partial<Told> = {},
  butInGarden: Partial<Told> = but,
): readonly Row[] {
  const asked: Row["input"] = (scene, me, room) => ({ room, ...input(scene, room, me) })
  return [
    { room: "attic", input: asked, told: { ...inAttic, ...but } },
    { room: "garden", input: asked, told: { ...inGarden, ...butInGarden } },
  ]
}

/** A request that has nothing to do with a room. */
function one(told: Told, input: Row["input"] = () => ({})): readonly Row[] {
  return [{ input, told }]
}

const secretOf = (scene: Scene, room: Uuid) => scene.secrets.get(room) ?? 0
const bobOf = (scene: Scene) => scene.person("bob")?.who.id ?? ""
const ivyOf = (scene: Scene) => scene.person("ivy")?.who.id ?? ""
const danOf = (scene: Scene) => scene.person("dan")?.who.id ?? ""
const nameOf = (me: Neighbour | undefined) => me?.name ?? "nobody"
const password = "a heron stands in the reeds"

async function invitation(scene: Scene): Promise<{ readonly code: string; readonly id: string }> {
  const ada = scene.person("ada")
  const by = scene.house.accounts.actor(ada?.who.id ?? "")
  const made = await scene.house.services.invitations.create(by, {})
  if (isRefusal(made)) throw new Error(made.message)
  return { code: made.code, id: made.card.id }
}

/** Every request there is. */
export const matrix: Readonly<Record<string, readonly Row[]>> = {
  "server.get": one(anyone),
  "accounts.create": one(anyone, (_, me) => ({ name: `${nameOf(me)}-anew`, password })),
  "setup.claim": one(anyone, (scene, me) => ({
    code: scene.house.services.setup.code() ?? "",
    name: `${nameOf(me)}-first`,
    password,
  })),
  "resets.use": one(anyone, async (scene) => {
    const made = await scene.house.services.passwords.createReset(systemActor, bobOf(scene))
    return { code: isRefusal(made) ? "" : made.code, password }
  }),
  "invitations.find": one(anyone, async (scene) => ({ code: (await invitation(scene)).code })),
  "sessions.create": one(anyone, () => ({ name: "bob", password: "bob walks by the river" })),
  "sessions.list": one(signedIn),
  "sessions.end": one(everyone("no-such-thing", { nobody: "sign-in-first", bob: "ok" }), (scene) => ({
    session: scene.person("bob")?.who.session,
  })),
  "sessions.endOthers": one(signedIn),
  "people.sessions": one(admins, (scene) => ({ account: bobOf(scene) })),
  "people.endSessions": one(admins, (scene) => ({ account: bobOf(scene) })),
  "me.get": one(signedIn),
  "me.rename": one(signedIn, (_, me) => ({ name: `${nameOf(me)}-again` })),
  "me.display": one(signedIn, () => ({ display: "The one by the river" })),
  "me.password": one(signedIn, (_, me) => ({ old: `${nameOf(me)} walks by the river`, new: password })),
  "me.activity": one(signedIn),
  "people.list": one(signedIn),
  "people.known": one(signedIn, (scene) => ({ ids: [bobOf(scene)] })),
  "people.get": one(signedIn, () => ({ account: "bob" })),
  "people.add": one(admins, () => ({ name: "newcomer" })),
  "people.rename": one(admins, () => ({ account: "bob", name: "bobby" })),
  "people.display": one(admins, () => ({ account: "bob", display: "Bobby" })),
  "people.role": one(admins, () => ({ account: "bob", role: "moderator" })),
  "people.ban": one(admins, () => ({ account: "bob" })),
  "people.unban": one(admins, () => ({ account: "zed" })),
  "people.password": one(admins, () => ({ account: "bob", password })),
  "resets.create": one(admins, () => ({ account: "bob" })),
  "presence.list": one(signedIn, (scene) => ({ accounts: [bobOf(scene)] })),
  "invitations.create": [...one(noGuests), ...inRooms(() => ({}), { gus: "forbidden", gil: "forbidden" })],
  "invitations.list": one(noGuests),
  "invitations.revoke": one(
    {
      ...everyone("no-such-thing"),
      nobody: "sign-in-first",
      gus: "forbidden",
      gil: "forbidden",
      ada: "ok",
      mia: "ok",
    },
    async (scene) => ({ invitation: (await invitation(scene)).id }),
  ),
  "rooms.list": one(signedIn),
  "rooms.directory": one(signedIn),
  "rooms.create": one(noGuests, () => ({ name: "cellar", visibility: "private" })),
  // Who is invited sees what they are invited to; a public room shows its card to everyone.
  "rooms.get": inRooms(() => ({}), { ivy: "ok" }, signedIn),
  "rooms.rename": inRooms(() => ({ name: "loft" }), few),
  "rooms.topic": inRooms(() => ({ topic: "herons" })),
  "rooms.visibility": inRooms(
    (scene, room) => ({ visibility: room === scene.attic ? "public" : "private" }),
    few,
  ),
  "rooms.history": inRooms(() => ({ history: "joined" }), few),
  "rooms.archived": inRooms(() => ({ archived: true }), few),
  "rooms.setting": inRooms(() => ({ key: "posting", value: "voice" }), few),
  "direct.open": one(noGuests, () => ({ accounts: ["zoe"] })),
  "members.list": inRooms(() => ({})),
  "members.join": inRooms(
    () => ({}),
    { cleo: "invitation-needed", ivy: "ok" },
    { eve: "ok", mia: "ok", cleo: "ok", ivy: "ok", gus: "invitation-needed" },
  ),
  "members.leave": inRooms(() => ({})),
  "members.remove": inRooms(({ kim }) => ({ account: kim.who.id }), few),
  "members.role": inRooms(({ kim }) => ({ account: kim.who.id, role: "voice" }), few),
  "members.invite": inRooms(({ zoe }) => ({ account: zoe.who.id }), { gil: "forbidden" }),
  "members.invited": inRooms(() => ({})),
  "members.uninvite": inRooms((scene) => ({ account: ivyOf(scene) }), few),
  "bans.list": inRooms(() => ({}), few),
  "bans.add": inRooms(({ kim }) => ({ account: kim.who.id }), few),
  "bans.remove": inRooms((scene) => ({ account: danOf(scene) }), few),
  "events.list": inRooms(() => ({})),
  "events.create": inRooms(() => ({ kind: "message.posted", body: { text: "hello" } })),
  "messages.list": inRooms(() => ({})),
  "messages.get": inRooms((scene, room) => ({ message: secretOf(scene, room) })),
  "messages.changes": inRooms(() => ({ from: 1, to: 100, asOf: 0 })),
  "messages.pins": inRooms(() => ({})),
  "rooms.seqAt": inRooms(() => ({ at: 0 })),
  "rooms.mark": inRooms((scene, room) => ({ seq: secretOf(scene, room) })),
  "registers.list": one(signedIn),
  "registers.get": one(everyone("no-such-thing", { nobody: "sign-in-first", ada: "ok" }), () => ({
    key: "setting:theme",
  })),
  "registers.put": one(signedIn, () => ({ key: "setting:theme", value: "dawn" })),
  "search.messages": [
    ...one(signedIn, () => ({ q: SECRET })),
    ...inRooms(() => ({ q: SECRET })),
    { room: "attic", input: () => ({ q: `${SECRET} in:attic` }), told: inAttic },
    { room: "garden", input: () => ({ q: `${SECRET} in:#garden` }), told: inGarden },
  ],
  "house.set": one(admins, () => ({ key: "welcome", value: "Come in." })),
  "house.events": one(admins),
}
