import { rm } from "node:fs/promises"
import { join } from "node:path"
import { atMost, type Figure, note } from "./figures.ts"
import { openLoads } from "./loads.ts"
import { serveParley } from "./parley.ts"
import { prepare } from "./prepare.ts"
import { rssBytes } from "./process.ts"
import type { Setting } from "./setting.ts"

const ROOMS = 100
const PEOPLE_PER_ROOM = 100
const CONNECTIONS = ROOMS * PEOPLE_PER_ROOM
const BYTES_PER_CONNECTION_MAX = 4_096
const SETTLE_MAX_MS = 60_000
const SETTLED_MS = 10_000

/** What a connection costs that does nothing: 10,000 people, signed in, each following a room of a hundred. */
export async function idle(setting: Setting): Promise<Figure[]> {
  const data = join(setting.folder, "idle")
  await rm(data, { recursive: true, force: true })
  const { seats } = await prepare(data, ROOMS, PEOPLE_PER_ROOM)
  const figures: Figure[] = []
  for (const door of ["ws", "tcp"] as const) {
    const server = await serveParley(setting.program, { data })
    const loads = openLoads(CONNECTIONS / 2)
    try {
      const before = await settled(server.pid)
      const startedMs = performance.now()
      await loads.join(server[door], seats)
      const tookMs = performance.now() - startedMs
      const after = await settled(server.pid)
      const name = `${CONNECTIONS.toLocaleString("en")} idle followers over ${door === "ws" ? "WebSocket" : "TCP"}`
      figures.push(
        atMost(
          `${name}: RSS each`,
          (after - before) / CONNECTIONS / 1_024,
          BYTES_PER_CONNECTION_MAX / 1_024,
          "KB",
          2,
        ),
        note(
          `${name}: the server`,
          `RSS ${(before / 1e6).toFixed(0)} MB before and ${(after / 1e6).toFixed(0)} MB after; all in within ${(tookMs / 1_000).toFixed(1)} s`,
        ),
      )
    } finally {
      await loads.stop()
      await server.stop()
    }
  }
  return figures
}

/** The RSS of a process once it has not moved by a hundredth for a while. */
async function settled(pid: number): Promise<number> {
  const startedMs = performance.now()
  let [seen, sinceMs] = [rssBytes(pid), startedMs]
  while (performance.now() - startedMs < SETTLE_MAX_MS && performance.now() - sinceMs < SETTLED_MS) {
    await Bun.sleep(250)
    const now = rssBytes(pid)
    if (Math.abs(now - seen) > seen / 100) [seen, sinceMs] = [now, performance.now()]
  }
  return rssBytes(pid)
}
