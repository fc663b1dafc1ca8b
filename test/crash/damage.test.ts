import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { cpSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Uuid } from "../../protocol/ids.ts"
import { cast } from "../cast.ts"
import { adaOwns, code, done, makeRoom, say, signIn } from "../people.ts"
import { parley, type Server, startServer, stopAll, testFolders } from "../server.ts"
import { http, speak } from "../voices.ts"
import { logOf } from "./checker.ts"
import { chance } from "./writers.ts"

setDefaultTimeout(120_000)

const folders = testFolders()
const servers: Server[] = []
const whole = folders.next()
let room: Uuid
let log: Awaited<ReturnType<typeof logOf>>
let garden: Uuid

beforeAll(async () => {
  const server = await startServer(whole, { env: adaOwns })
  servers.push(server)
  const { token } = done(await signIn(server, "ada", cast.ada.password))
  const ada = await speak(server, "http", token)
  room = await makeRoom(ada, "lobby")
  for (let count = 0; count < 120; count++) await say(ada, room, `This is what was said as number ${count}.`)
  log = await logOf(server.url, room, token)
  garden = await makeRoom(ada, "garden")
  await say(ada, garden, "Nobody harmed this.")
  await server.stop("SIGTERM")
})
afterAll(async () => {
  await stopAll(...servers)
  folders.remove()
})

/** A copy of the folder with its database changed. */
function damaged(change: (bytes: Buffer) => void): string {
  const data = folders.next()
  cpSync(whole, data, { recursive: true })
  const path = join(data, "parley.db")
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
  return data
}

function flip(bytes: Buffer, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 0x20
}

/** Starts on a folder; undefined when the server refused to, and said so. */
async function startOn(data: string): Promise<Server | undefined> {
  try {
    const server = await startServer(data, { env: adaOwns })
    servers.push(server)
    return server
  } catch (error) {
    expect(String(error)).toMatch(/did not start: parley: [^\n]*(damaged|store of Parley|database)[^\n]*\n$/i)
    return undefined
  }
}

/** Reads every event by itself: what is answered must be what was said, what is not must be told as damaged. */
async function readAll(server: Server): Promise<{ readonly right: number; readonly told: number }> {
  const signedIn = await signIn(server, "ada", cast.ada.password)
  if (!("token" in signedIn)) {
    expect(["store-damaged", "store-failed"]).toContain(signedIn.code)
    return { right: 0, told: log.length }
  }
  let [right, told] = [0, 0]
  for (const event of log) {
    const input = { room, after: event.seq - 1, limit: 1 }
    const { status, body } = await http(server.url, "GET", "/rooms/{room}/events", input, signedIn.token)
    if (status === 200) {
      expect(body).toMatchObject({ events: [event] })
      right++
    } else {
      expect(body).toMatchObject({ code: "store-damaged" })
      expect(status).toBe(503)
      told++
    }
  }
  return { right, told }
}

describe("a database that somebody or something has altered", () => {
  test("a word changed on the disk is never served: reading its room says `store-damaged`, other rooms are read, verify ends with 3", async () => {
    const data = damaged((bytes) => flip(bytes, bytes.indexOf("said as number 57.")))
    const found = await parley("verify", "--data", data)
    expect(found.code).toBe(3)
    expect(found.out).toContain("#lobby")
    const server = await startOn(data)
    if (!server) throw new Error("One wrong word keeps nobody from the rest.")
    const { right, told } = await readAll(server)
    expect(told).toBeGreaterThan(0)
    expect(right + told).toBe(log.length)
    const { token } = done(await signIn(server, "ada", cast.ada.password))
    expect(JSON.stringify(await logOf(server.url, garden, token))).toContain("Nobody harmed this.")
    const refused = await (await speak(server, "http", token)).submit(room, "message.posted", { text: "x" })
    expect(code(refused)).toBe("store-damaged")
    await server.stop("SIGTERM")
  })

  test("bytes changed anywhere are told or change nothing that is read", async () => {
    const random = chance(57)
    const size = statSync(join(whole, "parley.db")).size
    for (let round = 0; round < 6; round++) {
      const data = damaged((bytes) => {
        for (let count = 0; count < 12; count++) flip(bytes, 100 + Math.floor(random() * (size - 100)))
      })
      const { code } = await parley("verify", "--data", data)
      expect([0, 3]).toContain(code)
      const server = await startOn(data)
      if (!server) continue
      const { told } = await readAll(server)
      if (code === 0) expect(told).toBe(0)
      await server.stop("SIGKILL")
    }
  })

  test("a file that is no database, or half of one, is not served", async () => {
    const half = damaged((bytes) => bytes.fill(0xa5, 4_096, Math.floor(bytes.length / 2)))
    expect((await parley("verify", "--data", half)).code).toBe(3)
    const server = await startOn(half)
    if (server) {
      expect((await readAll(server)).told).toBeGreaterThan(0)
      await server.stop("SIGKILL")
    }
    const none = damaged((bytes) => bytes.fill(0x20, 0, 100))
    const refused = await parley("serve", "--data", none, "--http", "127.0.0.1:0", "--tcp", "off")
    expect(refused.code).not.toBe(0)
    expect(refused.err.trim().split("\n")).toHaveLength(1)
    expect((await parley("verify", "--data", none)).code).toBe(3)
  })
})

test("two servers on one folder: the second says in one sentence why it does not start, the first goes on", async () => {
  const server = await startServer(whole)
  servers.push(server)
  const second = await parley("serve", "--data", whole, "--http", "127.0.0.1:0", "--tcp", "off")
  expect(second.code).toBe(1)
  expect(second.out).toBe("")
  expect(second.err.trim().split("\n")).toHaveLength(1)
  expect(second.err).toContain(`in use by another Parley server (process ${server.pid})`)
  const ada = done(await signIn(server, "ada", cast.ada.password))
  await say(await speak(server, "http", ada.token), room, "still here")
  expect(await server.stop("SIGTERM")).toBe(0)
})
