import { rm } from "node:fs/promises"
import { join } from "node:path"
import { atMost, type Figure, note } from "./figures.ts"
import { serveParley } from "./parley.ts"
import { rssBytes } from "./process.ts"
import type { Setting } from "./setting.ts"

const READY_MAX_SECONDS = 1
const IDLE_RSS_MAX_MB = 60
const STARTS = 5
/** What was only needed to start has been given back by then. */
const SETTLE_MS = 5_000

/** From the start of the process to its first good answer at /readyz, and the memory of a server with nothing to do. */
export async function start({ program, folder }: Setting): Promise<Figure[]> {
  const data = join(folder, "start")
  const readyMs: number[] = []
  let fresh = 0
  let idleBytes = 0
  for (let count = 0; count <= STARTS; count++) {
    if (count === 0) await rm(data, { recursive: true, force: true })
    const server = await serveParley(program, { data })
    if (count === 0) fresh = server.readyMs
    else readyMs.push(server.readyMs)
    if (count === STARTS) {
      await Bun.sleep(SETTLE_MS)
      idleBytes = rssBytes(server.pid)
    }
    await server.stop()
  }
  const slowest = Math.max(...readyMs, fresh)
  return [
    atMost(
      `ready after the start of the process, slowest of ${STARTS + 1}`,
      slowest / 1_000,
      READY_MAX_SECONDS,
      "s",
      2,
    ),
    note(
      "ready, in a new folder; median later",
      `${fresh.toFixed(0)} ms; ${(readyMs.sort((a, b) => a - b)[STARTS >> 1] ?? 0).toFixed(0)} ms`,
    ),
    atMost("RSS of an idle server", idleBytes / 1e6, IDLE_RSS_MAX_MB, "MB"),
  ]
}
