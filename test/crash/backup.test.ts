import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { dirname, join } from "node:path"
import { connect } from "../../sdk/client.ts"
import { webSocketLink } from "../../sdk/links/websocket.ts"
import type { World } from "../../sdk/ports.ts"
import { realWorld } from "../../sdk/world.ts"
import { call, enter, eventsHeard } from "../callers.ts"
import { adaOwns } from "../people.ts"
import { parley, type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { logOf } from "./checker.ts"
import { type Crowd, crowd, talkative } from "./crowd.ts"
import { chance } from "./writers.ts"

setDefaultTimeout(120_000)

const folders = testFolders()
const servers: Server[] = []
let people: Crowd | undefined
afterAll(async () => {
  await stopAll(...servers)
  await people?.close()
  folders.remove()
})

const impatient: World = {
  ...realWorld,
  random: (bytes) => (bytes === 4 ? Uint8Array.of(12, 0, 0, 0) : realWorld.random(bytes)),
}

test("FOLLOW-6 LOG-5 VERSION-2: a backup taken under load is one moment of the whole, and clients of the original follow the restored one anew", async () => {
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
  const reader = await call(original, "tcp")
  await enter(reader, { token: ada.token })
  reader.say({ type: "follow", rooms: [{ room: lobby, after: 0 }] })
  await reader.settled()
  await until(
    () => reader.heard.some((frame) => frame.type === "pong"),
    "everything the reader had asked for",
  )
  const full = await logOf(original.url, lobby, ada.token)
  await until(() => eventsHeard(reader, lobby).length === full.length, "the whole room")
  const last = reader.heard.findLast((frame) => frame.type === "events")
  if (last?.type !== "events") throw new Error("Nothing was followed.")
  let address = original.url
  const client = connect({
    link: { open: (hear) => webSocketLink(address).open(hear) },
    token: ada.token,
    begin: { after: 0 },
    world: impatient,
  })
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
  const bare = ({ seq, id, at, by, kind, target }: (typeof log)[number]) => ({
    seq,
    id,
    at,
    by,
    kind,
    target,
  })
  expect(log.map(bare)).toEqual(full.slice(0, log.length).map(bare))

  const again = await call(copy, "tcp")
  const { rooms: heads } = await enter(again, { token: ada.token })
  const head = heads.find((one) => one.room === lobby)
  expect(head).toMatchObject({ seq: log.length })
  expect(head?.epoch).not.toBe(last.epoch)
  const { epoch, to: cursor, check } = last
  again.say({ type: "follow", rooms: [{ room: lobby, after: cursor, epoch, check }] })
  expect(await again.hear("reset")).toEqual({
    type: "reset",
    room: lobby,
    epoch: head?.epoch ?? "",
    seq: log.length,
  })
  // One that stood where the backup stands belongs to the old epoch all the same.
  again.say({ type: "follow", rooms: [{ room: lobby, after: 5, epoch, check: "0123456789abcdef" }] })
  await until(() => again.heard.filter(({ type }) => type === "reset").length === 2, "a second reset")
  again.say({ type: "follow", rooms: [{ room: lobby, after: 0, epoch: head?.epoch }] })
  await until(() => eventsHeard(again, lobby).length === log.length, "the room anew")

  address = copy.url
  await original.stop("SIGKILL")
  await until(() => room.replica?.place?.cursor === log.length, "the sdk at the end of the restored room")
  const { settled } = room.say("after the restore")
  expect(await settled).toMatchObject({ seq: log.length + 1 })
  await until(() => eventsHeard(again, lobby).length === log.length + 1, "the new word")
  const shown = room.messages.map(({ seq }) => seq)
  expect(shown.every((seq) => seq <= log.length + 1)).toBe(true)
  await client.close()
  reader.hangUp()
  again.hangUp()
  expect(await copy.stop("SIGTERM")).toBe(0)
  expect((await parley("verify", "--data", restored)).code).toBe(0)
})
