import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import type { Event } from "../../protocol/event.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { tcpLink } from "../../sdk/links/tcp.ts"
import { webSocketLink } from "../../sdk/links/websocket.ts"
import type { Link } from "../../sdk/ports.ts"
import { adaOwns, castOf, join, makeRoom } from "../people.ts"
import { abortStart, parley, type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { speak } from "../voices.ts"
import { checkLog, logOf } from "./checker.ts"
import { chance, type Writer, writeByHttp, writeByLines, writeBySdk } from "./writers.ts"

setDefaultTimeout(180_000)

const SEED = 20_260_301
const KILLS = 20
/** Nothing here is about how much one may say. */
const args = ["--message-rate", "1000000", "--message-burst", "1000000"]

const folders = testFolders()
let server: Server
let writers: readonly Writer[] = []
afterAll(async () => {
  await stopAll(server)
  await Promise.all(writers.map((writer) => writer.close()))
  folders.remove()
})

test("PROMISE-1 PROMISE-2 PROMISE-3 PROMISE-5: a server killed twenty times under load loses nothing, doubles nothing, and everyone has the log", async () => {
  const random = chance(SEED)
  const data = folders.next()
  server = await startServer(data, { args, env: adaOwns })
  const { ada, bob, cleo, dan, eve } = await castOf(server)
  const voice = await speak(server, "http", ada.token)
  const rooms = [await makeRoom(voice, "lobby"), await makeRoom(voice, "garden")]
  for (const { token } of [bob, cleo, dan, eve])
    for (const room of rooms) await join(await speak(server, "http", token), room)

  // The server comes back at other doors, as one behind a name would at another address.
  const moving = (link: () => Link): Link => ({ open: (hear) => link().open(hear) })
  const self = (one: { readonly id: Uuid; readonly token: string }, at: readonly Uuid[] = rooms) => {
    const seed = random() * 2 ** 31
    return { account: one.id, token: one.token, rooms: at, random: chance(seed) }
  }
  const [lobby = "", garden = ""] = rooms
  writers = [
    writeBySdk(
      moving(() => webSocketLink(server.url)),
      self(ada),
    ),
    writeBySdk(
      moving(() => webSocketLink(server.url)),
      self(bob),
    ),
    writeBySdk(
      moving(() => tcpLink({ host: "127.0.0.1", port: server.tcp })),
      self(cleo),
    ),
    writeByLines(() => server, self(dan, [lobby])),
    writeByHttp(() => server, self(eve, [garden])),
  ]
  const count = () => writers.reduce((sum, { accepted }) => sum + accepted.size, 0)

  for (let kills = 0; kills < KILLS; kills++) {
    const enough = count() + 1 + Math.floor(random() * 200)
    await until(
      () => count() >= enough,
      () => `${enough} accepted commands, there are ${count()}; ${server.log().slice(-500)}`,
    )
    await Bun.sleep(random() * 30)
    expect(await server.stop("SIGKILL")).toBeNull()
    // Now and then it dies again before it has come up.
    if (random() < 0.25) await abortStart(data, random() * 400)
    server = await startServer(data, { args })
  }

  await Promise.all(writers.map((writer) => writer.finish()))
  const logs = new Map<Uuid, readonly Event[]>()
  for (const room of rooms) logs.set(room, await logOf(server.url, room, ada.token))
  const heads = new Map([...logs].map(([room, log]) => [room, log.length]))
  await Promise.all(writers.map((writer) => writer.caughtUp(heads)))
  expect(writers.map((writer) => writer.pending())).toEqual(writers.map(() => 0))
  for (const [room, log] of logs) checkLog(room, log, writers)
  expect(writers.every(({ accepted }) => accepted.size > 20)).toBe(true)
  expect(server.log()).not.toContain('"level":"error"')

  const running = await parley("verify", "--data", data)
  expect([running.code, running.err]).toEqual([0, ""])
  expect(await server.stop("SIGTERM")).toBe(0)
  expect((await parley("verify", "--data", data)).code).toBe(0)
})
