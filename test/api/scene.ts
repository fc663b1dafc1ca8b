import type { Uuid } from "../../protocol/ids.ts"
import { ApiHouse, type Neighbour } from "./house.ts"

/** Everyone who may stand somewhere else towards a room and the house. */
export const personas = [
  /** Not signed in. */
  "nobody",
  /** Never was in either room. */
  "eve",
  /** A guest of the house, in neither room. */
  "gus",
  /** An admin of the house, in neither room. */
  "mia",
  /** Was a member of both rooms and was put out. */
  "cleo",
  /** Was a member of both rooms and is banned from them. */
  "dan",
  /** Invited into both rooms. */
  "ivy",
  /** A guest of the house who is a member of both rooms. */
  "gil",
  /** A member of both rooms. */
  "bob",
  /** Owns both rooms. */
  "ada",
] as const
export type Persona = (typeof personas)[number]

/** What is said in the rooms, and nobody outside may ever read. */
export const SECRET = "zanzibar"

export interface Scene {
  readonly house: ApiHouse
  /** Private. */
  readonly attic: Uuid
  /** Public. */
  readonly garden: Uuid
  /** In each room: the place of Ada's message with the secret, which is pinned. */
  readonly secrets: ReadonlyMap<Uuid, number>
  /** One more member of both rooms, to whom things are done. */
  readonly kim: Neighbour
  /** Somebody who is in no room. */
  readonly zoe: Neighbour
  /** Banned from the house. */
  readonly zed: Neighbour
  person(persona: Persona): Neighbour | undefined
}

export async function makeScene(): Promise<Scene> {
  const house = await ApiHouse.make()
  const [ada, bob, cleo, dan, eve, ivy] = [
    await house.person("ada"),
    await house.person("bob"),
    await house.person("cleo"),
    await house.person("dan"),
    await house.person("eve"),
    await house.person("ivy"),
  ]
  const [gus, gil, mia] = [
    await house.person("gus", "guest"),
    await house.person("gil", "guest"),
    await house.person("mia", "admin"),
  ]
  const [kim, zoe, zed] = [await house.person("kim"), await house.person("zoe"), await house.person("zed")]
  await house.get(mia, "people.ban", { account: zed.who.id })
  const secrets = new Map<Uuid, number>()
  const rooms: Uuid[] = []
  for (const [name, visibility] of [
    ["attic", "private"],
    ["garden", "public"],
  ] as const) {
    const room = await house.room(name, [ada, bob, gil, kim, cleo, dan], { visibility })
    const seq = await house.say(ada, room, `the word is ${SECRET}`)
    await house.act(ada, room, "pin.added", seq)
    await house.get(ada, "members.remove", { room, account: cleo.who.id })
    await house.get(ada, "bans.add", { room, account: dan.who.id })
    await house.get(ada, "members.invite", { room, account: ivy.who.id })
    secrets.set(room, seq)
    rooms.push(room)
  }
  await house.get(ada, "registers.put", { key: "setting:theme", value: "dusk" })
  await house.follow()
  const people: Record<Persona, Neighbour | undefined> = {
    nobody: undefined,
    ada,
    bob,
    cleo,
    dan,
    eve,
    gil,
    gus,
    ivy,
    mia,
  }
  const [attic = "", garden = ""] = rooms
  return { house, attic, garden, secrets, kim, zoe, zed, person: (persona) => people[persona] }
}
