import type { Kind } from "../../protocol/events/index.ts"
import { HOUSE_ROOM, type Uuid } from "../../protocol/ids.ts"
import type { Persona, Scene } from "./scene.ts"

/** Where an event stands. */
export interface Placed {
  readonly log: Uuid
  readonly seq: number
}

interface KindRow {
  /** Makes one happen; in the attic where it can be. */
  readonly happen: (scene: Scene) => Promise<Placed>
  /** Who can read it afterwards, in the log and on pages. */
  readonly reads: readonly Persona[]
  /** Who hears it when they follow the log; those who read it unless told. */
  readonly hears?: readonly Persona[]
}

const members = ["ada", "bob", "gil"] as const

/** An event in the attic, by Ada unless told. */
function inAttic(
  kind: Kind,
  body: object | ((scene: Scene) => object) = {},
  how: { readonly by?: Persona; readonly onSecret?: true } = {},
): KindRow["happen"] {
  return async (scene) => {
    const { house, attic } = scene
    const by = scene.person(how.by ?? "ada")
    if (!by) throw new Error("Nobody does nothing.")
    const target = how.onSecret ? scene.secrets.get(attic) : undefined
    const what = typeof body === "function" ? body(scene) : body
    return { log: attic, seq: await house.act(by, attic, kind, target, what) }
  }
}

const idOf = (persona: Persona) => (scene: Scene) => ({ account: scene.person(persona)?.who.id })

/** Whatever has just been written to the house's log as the last of its kind. */
async function inHouse({ house }: Scene, kind: Kind): Promise<Placed> {
  const events = await house.store.log.read(HOUSE_ROOM, 0, 10_000)
  return { log: HOUSE_ROOM, seq: events.findLast((event) => event.kind === kind)?.seq ?? 0 }
}

function houseKind(kind: Kind, request: string, input: object): KindRow {
  return {
    happen: async (scene) => {
      await scene.house.get(scene.person("mia"), request, input)
      return inHouse(scene, kind)
    },
    // Read by right of office (`house.events`), and followed by nobody.
    reads: ["mia"],
    hears: [],
  }
}

/** Every kind of event, and who gets it. */
export const kindRows: Readonly<Record<Kind, KindRow>> = {
  "message.posted": { happen: inAttic("message.posted", { text: "herons" }), reads: members },
  "message.edited": {
    happen: inAttic("message.edited", { text: "herons" }, { onSecret: true }),
    reads: members,
  },
  "message.deleted": { happen: inAttic("message.deleted", {}, { onSecret: true }), reads: members },
  "reaction.added": {
    happen: inAttic("reaction.added", { emoji: "🌿" }, { by: "bob", onSecret: true }),
    reads: members,
  },
  "reaction.removed": {
    happen: async (scene) => {
      await inAttic("reaction.added", { emoji: "🌿" }, { by: "bob", onSecret: true })(scene)
      return inAttic("reaction.removed", { emoji: "🌿" }, { by: "bob", onSecret: true })(scene)
    },
    reads: members,
  },
  "pin.added": {
    happen: async (scene) => {
      await inAttic("pin.removed", {}, { onSecret: true })(scene)
      return inAttic("pin.added", {}, { onSecret: true })(scene)
    },
    reads: members,
  },
  "pin.removed": { happen: inAttic("pin.removed", {}, { onSecret: true }), reads: members },
  "member.joined": { happen: inAttic("member.joined", {}, { by: "ivy" }), reads: [...members, "ivy"] },
  // Who goes hears of it last, and reads nothing any more.
  "member.left": { happen: inAttic("member.left", {}, { by: "bob" }), reads: ["ada", "gil"], hears: members },
  "member.invited": {
    happen: inAttic("member.invited", idOf("eve")),
    reads: members,
  },
  "member.removed": { happen: inAttic("member.removed", idOf("bob")), reads: ["ada", "gil"], hears: members },
  "member.banned": { happen: inAttic("member.banned", idOf("bob")), reads: ["ada", "gil"], hears: members },
  "member.unbanned": { happen: inAttic("member.unbanned", idOf("dan")), reads: members },
  "member.role": {
    happen: inAttic("member.role", (scene) => ({ ...idOf("bob")(scene), role: "voice" })),
    reads: members,
  },
  "room.created": { happen: async ({ attic }) => ({ log: attic, seq: 1 }), reads: members },
  "room.renamed": { happen: inAttic("room.renamed", { name: "loft" }), reads: members },
  "room.topic": { happen: inAttic("room.topic", { topic: "herons" }), reads: members },
  "room.setting": { happen: inAttic("room.setting", { key: "pin", value: "owner" }), reads: members },
  "room.visibility": { happen: inAttic("room.visibility", { visibility: "public" }), reads: members },
  "room.history": { happen: inAttic("room.history", { history: "joined" }), reads: members },
  "room.archived": { happen: inAttic("room.archived", { archived: true }), reads: members },
  "self.activity": {
    happen: async (scene) => {
      await inAttic("message.posted", { text: "@bob, look" })(scene)
      await scene.house.follow()
      const self = scene.person("bob")?.who.self ?? ""
      return { log: self, seq: (await scene.house.rooms.head(self))?.seq ?? 0 }
    },
    reads: ["bob"],
  },
  "house.role": houseKind("house.role", "people.role", { account: "kim", role: "moderator" }),
  "house.ban": houseKind("house.ban", "people.ban", { account: "kim" }),
  "house.setting": houseKind("house.setting", "house.set", { key: "welcome", value: "Come in." }),
  "house.revocation": houseKind("house.revocation", "people.endSessions", { account: "kim" }),
}
