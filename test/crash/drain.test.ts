import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { call, enter } from "../callers.ts"
import { adaOwns } from "../people.ts"
import { parley, type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { type Crowd, crowd, talkative } from "./crowd.ts"
import { chance } from "./writers.ts"

setDefaultTimeout(120_000)

/** What is promised to whoever stops the server. */
const DRAIN_MAX_MS = 10_000

const folders = testFolders()
let server: Server
let people: Crowd | undefined
afterAll(async () => {
  await stopAll(server)
  await people?.close()
  folders.remove()
})

test("WIRE-4: a server told to stop under load says why, ends in time, loses nothing, and is found again", async () => {
  const data = folders.next()
  server = await startServer(data, { args: talkative, env: adaOwns })
  people = await crowd(() => server, chance(7))
  const { accepted, ada } = people
  for (let stops = 0; stops < 3; stops++) {
    const enough = accepted() + 150
    await until(
      () => accepted() >= enough,
      () => `${enough} accepted commands, there are ${accepted()}`,
    )
    const callers = [await call(server, "tcp"), await call(server, "websocket")]
    for (const caller of callers) await enter(caller, { token: ada.token })
    const stranger = await call(server, "tcp")
    stranger.say({ type: "ping" })
    await stranger.hear("refused", ({ code }) => code === "sign-in-first")
    callers.push(stranger)
    const startedMs = performance.now()
    expect(await server.stop("SIGTERM")).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(DRAIN_MAX_MS)
    for (const caller of callers) {
      await until(() => caller.isOver(), "the end of a connection")
      expect(caller.heard.at(-1)).toMatchObject({
        type: "refused",
        of: "session",
        code: "restarting",
        retry: true,
      })
    }
    expect((await parley("verify", "--data", data)).code).toBe(0)
    server = await startServer(data, { args: talkative })
  }
  await people.settle()
})
