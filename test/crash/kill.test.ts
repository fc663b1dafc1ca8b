import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { adaOwns } from "../people.ts"
import { abortStart, parley, type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { type Crowd, crowd, talkative } from "./crowd.ts"
import { chance } from "./writers.ts"

setDefaultTimeout(180_000)

const SEED = 20_260_301
const KILLS = 20

const folders = testFolders()
let server: Server
let people: Crowd | undefined
afterAll(async () => {
  await stopAll(server)
  await people?.close()
  folders.remove()
})

test("PROMISE-1 PROMISE-2 PROMISE-3 PROMISE-5: a server killed twenty times under load loses nothing, doubles nothing, and everyone has the log", async () => {
  const random = chance(SEED)
  const data = folders.next()
  server = await startServer(data, { args: talkative, env: adaOwns })
  people = await crowd(() => server, random)
  const { accepted, writers } = people
  for (let kills = 0; kills < KILLS; kills++) {
    const enough = accepted() + 1 + Math.floor(random() * 200)
    await until(
      () => accepted() >= enough,
      () => `${enough} accepted commands, there are ${accepted()}; ${server.log().slice(-500)}`,
    )
    await Bun.sleep(random() * 30)
    expect(await server.stop("SIGKILL")).toBeNull()
    // Now and then it dies again before it has come up.
    if (random() < 0.25) await abortStart(data, random() * 400)
    server = await startServer(data, { args: talkative })
  }
  await people.settle()
  expect(writers.every((writer) => writer.accepted.size > 20)).toBe(true)
  expect(server.log()).not.toContain('"level":"error"')

  const running = await parley("verify", "--data", data)
  expect([running.code, running.err]).toEqual([0, ""])
  expect(await server.stop("SIGTERM")).toBe(0)
  expect((await parley("verify", "--data", data)).code).toBe(0)
})
