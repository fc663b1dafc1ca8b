import type { Event } from "../../protocol/event.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { tcpLink } from "../../sdk/links/tcp.ts"
import { webSocketLink } from "../../sdk/links/websocket.ts"
import type { Link } from "../../sdk/ports.ts"
import { type Account, castOf, join, makeRoom } from "../people.ts"
import type { Server } from "../server.ts"
import { speak } from "../voices.ts"
import { checkLog, logOf } from "./checker.ts"
import { chance, type Writer, writeByHttp, writeByLines, writeBySdk } from "./writers.ts"

/** Nothing here is about how much one may say. */
export const talkative = ["--message-rate", "1000000", "--message-burst", "1000000"]

export interface Crowd {
  readonly ada: Account
  readonly rooms: readonly Uuid[]
  readonly writers: readonly Writer[]
  /** How many commands were accepted so far. */
  accepted(): number
  /** Everyone stops; when all is answered and heard, the logs are read and everything is compared. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** The cast in two rooms, writing over WebSocket, TCP and HTTP without a pause, wherever the server is. */
export async function crowd(where: () => Server, random: () => number): Promise<Crowd> {
  const server = where()
  const { ada, bob, cleo, dan, eve } = await castOf(server)
  const voice = await speak(server, "http", ada.token)
  const rooms = [await makeRoom(voice, "lobby"), await makeRoom(voice, "garden")]
  for (const { token } of [bob, cleo, dan, eve])
    for (const room of rooms) await join(await speak(server, "http", token), room)
  const self = ({ id, token }: Account, at: readonly Uuid[] = rooms) => {
    const seed = Math.floor(random() * 2 ** 31)
    return { account: id, token, rooms: at, random: chance(seed) }
  }
  const [lobby = "", garden = ""] = rooms
  const web = moving(() => webSocketLink(where().url))
  const lines = moving(() => tcpLink({ host: "127.0.0.1", port: where().tcp }))
  const writers = [
    writeBySdk(web, self(ada)),
    writeBySdk(web, self(bob)),
    writeBySdk(lines, self(cleo)),
    writeByLines(where, self(dan, [lobby])),
    writeByHttp(where, self(eve, [garden])),
  ]
  return {
    ada,
    rooms,
    writers,
    accepted: () => writers.reduce((sum, { accepted }) => sum + accepted.size, 0),
    async settle() {
      await Promise.all(writers.map((writer) => writer.finish()))
      const logs = new Map<Uuid, readonly Event[]>()
      for (const room of rooms) logs.set(room, await logOf(where().url, room, ada.token))
      const heads = new Map([...logs].map(([room, log]) => [room, log.length]))
      await Promise.all(writers.map((writer) => writer.caughtUp(heads)))
      for (const [room, log] of logs) checkLog(room, log, writers)
      const waiting = writers.map((writer) => writer.pending())
      if (waiting.some((count) => count !== 0)) throw new Error(`Outboxes still hold ${waiting.join(", ")}.`)
    },
    async close() {
      await Promise.all(writers.map((writer) => writer.close()))
    },
  }
}

/** A server that was started anew has other doors, as one behind a name would have another address. */
function moving(link: () => Link): Link {
  return { open: (hear) => link().open(hear) }
}
