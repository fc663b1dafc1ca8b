import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { dirname, join } from "node:path"
import type { Event } from "../../protocol/event.ts"
import type { Events } from "../../protocol/frames.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { connect } from "../../sdk/client.ts"
import { webSocketLink } from "../../sdk/links/websocket.ts"
import type { Link } from "../../sdk/ports.ts"
import { type Caller, call, enter, eventsHeard } from "../callers.ts"
import { adaOwns } from "../people.ts"
import { parley, type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { logOf } from "./checker.ts"
import { type Crowd, crowd, talkative } from "./crowd.ts"
import { chance, impatient } from "./writers.ts"

setDefaultTimeout(120_000)

const folders = testFolders()
const servers: Server[] = []
let people: Crowd | undefined
afterAll(async () => {
  await stopAll(...servers)
  await people?.close()
  folders.remove()
})

/** Somebody who has followed a room to its end. */
async function readerOf(server: Server, room: Uuid, token: string, length: number) {
  const caller = await call(server, "tcp")
  await enter(caller, { token })
  caller.say({ type: "follow", rooms: [{ room, after: 0 }] })
  await until(() => eventsHeard(caller, room).length === length, "the whole room")
  const last = caller.heard.findLast((frame) => frame.type === "events")
  caller.hangUp()
  if (last?.type !== "events") throw new Error("Nothing was followed.")
  return last
}

const bare = ({ seq, id, at, by, kind, target }: Event) => ({ seq, id, at, by, kind, target })

/** By hand: what was known of the original is no place in the restored log. */
async function followsAnew(
  copy: Server,
  known: Events,
  token: string,
  log: readonly Event[],
): Promise<Caller> {
  const { room, epoch, to, check } = known
  const caller = await call(copy, "tcp")
  const { rooms } = await enter(caller, { token })
  const head = rooms.find((one) => one.room === room)
  expect(head).toMatchObject({ seq: log.length })
  expect(head?.epoch).not.toBe(epoch)
  caller.say({ type: "follow", rooms: [{ room, after: to, epoch, check }] })
  const reset = { type: "reset", room, epoch: head?.epoch ?? "", seq: log.length } as const
  expect(await caller.hear("reset")).toEqual(reset)
  // Also one that stood where the backup stands belongs to the old epoch.
  caller.say({ type: "follow", rooms: [{ room, after: 5, epoch, check: "0123456789abcdef" }] })
  await until(() => caller.heard.filter(({ type }) => type === "reset").length === 2, "a second reset")
  caller.say({ type: "follow", rooms: [{ room, after: 0, epoch: head?.epoch }] })
  await until(() => eventsHeard(caller, room).length === log.length, "the room anew")
  return caller
}

test("FOLLOW-6 LOG-5: a backup taken under load is one moment of the whole, and clients of the original follow the restored one anew", async () => {
  const data = folders.next()
  const original = await startServer(data, { args: talkative, env: adaOwns })
  servers.push(original)
  people = await crowd(() => original, chance(11))
  const { accepted, ada, rooms } = people
  const [lobby = ""] = rooms
  await until(() => accepted() > 200, "two hundred accepted commands")
  const before = accepted()
  const to = join(dirname(data), "copy.gz")
  const made = await parley("backup", "--to", to, "--data", data)
  expect([made.code, made.err]).toEqual([0, ""])
  await until(() => accepted() > before + 100, "life after the backup")
  await people.settle()

  // Two who know more than the backup holds: one by hand, one by the sdk.
  const full = await logOf(original.url, lobby, ada.token)
  const known = await readerOf(original, lobby, ada.token, full.length)
  let address = original.url
  const link: Link = { open: (hear) => webSocketLink(address).open(hear) }
  const client = connect({ link, token: ada.token, begin: { after: 0 }, world: impatient })
  const room = client.room(lobby)
  await until(() => room.replica?.place?.cursor === full.length, "the sdk at the end of the room")

  const restored = folders.next()
  expect((await parley("restore", "--from", to, "--data", restored)).code).toBe(0)
  expect((await parley("verify", "--data", restored)).code).toBe(0)
  const copy = await startServer(restored, { args: talkative })
  servers.push(copy)
  const log = await logOf(copy.url, lobby, ada.token)
  expect(log.length).toBeGreaterThan(20)
  expect(log.length).toBeLessThan(full.length)
  expect(log.map(bare)).toEqual(full.slice(0, log.length).map(bare))

  const again = await followsAnew(copy, known, ada.token, log)
  address = copy.url
  await original.stop("SIGKILL")
  await until(() => room.replica?.place?.cursor === log.length, "the sdk at the end of the restored room")
  expect(await room.say("after the restore").settled).toMatchObject({ seq: log.length + 1 })
  await until(() => eventsHeard(again, lobby).length === log.length + 1, "the new word")
  expect(room.messages.every(({ seq }) => seq <= log.length + 1)).toBe(true)
  await client.close()
  again.hangUp()
  expect(await copy.stop("SIGTERM")).toBe(0)
  expect((await parley("verify", "--data", restored)).code).toBe(0)
})
