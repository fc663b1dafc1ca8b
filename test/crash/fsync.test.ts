import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { call, enter, type FrameWire, newId } from "../callers.ts"
import { cast } from "../cast.ts"
import { adaOwns, done, makeRoom, signIn } from "../people.ts"
import { requires } from "../programs.ts"
import { type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { http, speak } from "../voices.ts"

setDefaultTimeout(120_000)

const COMMANDS = 5
/** `-ff` would tear the calls of the server's threads apart; `-y` names the file behind each descriptor. */
const STRACE = ["strace", "-f", "-y", "-ttt", "-s", "4096", "-e"]
const CALLS =
  "trace=fsync,fdatasync,sync_file_range,write,writev,pwrite64,sendto,sendmsg,read,readv,recvfrom,recvmsg"

const folders = testFolders()
const servers: Server[] = []
afterAll(async () => {
  await stopAll(...servers)
  folders.remove()
})

/** One completed call: when it began and ended, as lines of the trace, and what it said. */
interface Traced {
  readonly name: string
  /** The file behind the first argument. */
  readonly file: string
  readonly text: string
  readonly began: number
  readonly ended: number
}

/** Puts calls that were interrupted by another thread's (`<unfinished …>`, `<… resumed>`) together again. */
function readTrace(trace: string): readonly Traced[] {
  const open = new Map<string, { text: string; began: number }>()
  const calls: Traced[] = []
  const take = (text: string, began: number, ended: number) => {
    const [, name, file] = /^(\w+)\(\d+<([^>]*)>/.exec(text) ?? []
    const isDone = / = \d+$/.test(text)
    if (name !== undefined && file !== undefined && isDone) calls.push({ name, file, text, began, ended })
  }
  for (const [index, line] of trace.split("\n").entries()) {
    const [, thread = "", text = ""] = /^(\d+) +[\d.]+ (.*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    if (resumed) {
      const begun = open.get(thread)
      if (begun) take(begun.text + resumed[1], begun.began, index)
      open.delete(thread)
    } else if (text.endsWith("<unfinished ...>")) {
      open.set(thread, { text: text.replace(/ ?<unfinished \.\.\.>$/, ""), began: index })
    } else take(text, index, index)
  }
  return calls
}

const isSync = ({ name, file }: Traced) =>
  (name === "fsync" || name === "fdatasync") && file.endsWith("/parley.db-wal")
const isWal = ({ name, file }: Traced) => name === "pwrite64" && file.endsWith("/parley.db-wal")
const isIn = ({ name }: Traced) => ["read", "readv", "recvfrom", "recvmsg"].includes(name)
const isOut = ({ name }: Traced) => ["write", "writev", "sendto", "sendmsg"].includes(name)

describe.skipIf(!requires("strace"))("the disk has it before anyone is told", () => {
  test.each(["tcp", "websocket", "http"] as const)(
    "PROMISE-1: between the arrival of a command over %s and its `accepted` an fsync of the log has ended",
    async (wire) => {
      const data = folders.next()
      const file = join(data, "..", "trace")
      const server = await startServer(data, { under: [...STRACE, CALLS, "-o", file], env: adaOwns })
      servers.push(server)
      const ada = done(await signIn(server, "ada", cast.ada.password))
      const room = await makeRoom(await speak(server, "http", ada.token), "lobby")
      // What a browser sends is masked, so that its bytes in the trace say nothing; what the server sends is not.
      const ids = Array.from({ length: COMMANDS }, newId)
      const submit =
        wire === "http" ? overHttp(server, room, ada.token) : await overFrames(server, wire, room, ada.token)
      for (const id of ids) await submit(id)
      await server.stop("SIGKILL")
      let calls: readonly Traced[] = []
      await until(() => {
        calls = readTrace(readFileSync(file, "utf8"))
        return ids.every((id) => calls.some((call) => isOut(call) && isTold(call, id)))
      }, "the trace of every answer")
      let before = -1
      for (const id of ids) {
        const told = calls.find((call) => isOut(call) && isTold(call, id))
        if (!told) throw new Error(`No answer to ${id} in the trace.`)
        const came =
          wire === "websocket"
            ? calls.find((call) => isIn(call) && /TCP|socket/.test(call.file) && call.began > before)
            : calls.find((call) => isIn(call) && call.text.includes(id))
        if (!came) throw new Error(`No arrival of ${id} in the trace.`)
        const between = calls.filter(({ began, ended }) => began > came.ended && ended < told.began)
        const written = between.findIndex(isWal)
        const synced = between.findLastIndex(isSync)
        expect({ id, written: written >= 0, synced: synced > written }).toEqual({
          id,
          written: true,
          synced: true,
        })
        before = told.ended
      }
    },
  )
})

/** The bytes of an answer to a command; strace writes quotes with a backslash. */
function isTold({ text }: Traced, id: string): boolean {
  return text.includes(id) && /\\"accepted\\"|201 Created/.test(text)
}

async function overFrames(server: Server, wire: FrameWire, room: string, token: string) {
  const caller = await call(server, wire)
  await enter(caller, { token })
  return async (id: string) => {
    caller.say({ type: "submit", room, id, kind: "message.posted", body: { text: "is this on the disk?" } })
    await caller.hear("accepted", (accepted) => accepted.id === id)
  }
}

function overHttp({ url }: Server, room: string, token: string) {
  return async (id: string) => {
    const event = { room, id, kind: "message.posted", body: { text: "is this on the disk?" } }
    expect((await http(url, "POST", "/rooms/{room}/events", event, token)).status).toBe(201)
  }
}
