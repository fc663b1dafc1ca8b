import { rm } from "node:fs/promises"
import { join } from "node:path"
import { atLeast, atMost, type Figure, note } from "./figures.ts"
import { openLoads } from "./loads.ts"
import { cpuText, type Measured, measure } from "./measure.ts"
import { type ParleyServed, scrape, serveParley } from "./parley.ts"
import { prepare } from "./prepare.ts"
import { rssBytes } from "./process.ts"
import { profiling, type Setting } from "./setting.ts"
import { below } from "./spread.ts"

const STEADY = {
  name: "1,000 messages/s, 200 rooms of 5",
  rooms: 200,
  peoplePerRoom: 5,
  perSecond: 1_000,
  listeners: 500,
}
const FLOOD = {
  name: "20,000 messages/s, 2,000 rooms of 1",
  rooms: 2_000,
  peoplePerRoom: 1,
  perSecond: 20_000,
  listeners: 200,
}
type Scene = typeof STEADY

/** Offered above what is to be reached, so that reaching it means something. */
const OFFERED_OVER = 1.01
const ACCEPTED_P99_MAX_MS = 5
const SEARCH_LAG_MAX_SECONDS = 1
/** Submits without an answer at the end: more is a backlog that grows. */
const UNANSWERED_MAX_SECONDS = 0.25
const SCRAPE_EVERY_MS = 250

/** Messages that are on the disk when they are accepted. */
export async function durable(setting: Setting): Promise<Figure[]> {
  const steady = await hold(STEADY, STEADY.perSecond, setting)
  const flood = await hold(FLOOD, FLOOD.perSecond * OFFERED_OVER, setting)
  return [...steadyFigures(steady), ...floodFigures(flood)]
}

function steadyFigures({ measured, seen }: Held): Figure[] {
  const { name } = STEADY
  const { acceptance, lag } = measured.heard
  return [
    atMost(`${name}: accepted, p99`, below(acceptance, 0.99), ACCEPTED_P99_MAX_MS, "ms"),
    note(
      `${name}: accepted, median; the load's own lateness, p99`,
      `${below(acceptance, 0.5).toFixed(1)} ms; ${below(lag, 0.99).toFixed(1)} ms`,
    ),
    ...alike(name, measured, seen),
  ]
}

function floodFigures({ measured, seen, seconds }: Held): Figure[] {
  const { name, perSecond } = FLOOD
  const { heard } = measured
  const unanswered = heard.unanswered.at(-1) ?? 0
  return [
    atLeast(`${name}: accepted a second`, measured.acceptedInTime / seconds, perSecond, "messages/s"),
    atMost(
      `${name}: not answered yet at the end`,
      unanswered,
      perSecond * UNANSWERED_MAX_SECONDS,
      "messages",
      0,
    ),
    note(
      `${name}: accepted, median and p99`,
      `${below(heard.acceptance, 0.5).toFixed(0)} and ${below(heard.acceptance, 0.99).toFixed(0)} ms`,
    ),
    atMost(`${name}: search behind, most`, seen.lagMaxSeconds, SEARCH_LAG_MAX_SECONDS, "s", 2),
    ...alike(name, measured, seen),
  ]
}

function alike(name: string, measured: Measured, seen: Seen): Figure[] {
  const { heard } = measured
  return [
    atMost(`${name}: refused, or out of order`, heard.refused + heard.holes, 0, "events", 0),
    note(
      `${name}: the server`,
      `${cpuText(measured)}; ${Math.round(seen.commitsPerSecond)} commits/s, ${seen.eventsPerCommit.toFixed(1)} events each; RSS ${(seen.rssBytes / 1e6).toFixed(0)} MB; search at most ${(seen.lagMaxSeconds * 1_000).toFixed(0)} ms behind`,
    ),
  ]
}

interface Held {
  readonly measured: Measured
  readonly seen: Seen
  readonly seconds: number
}

/** Holds a rate, and looks at the server meanwhile. */
async function hold(
  { rooms, peoplePerRoom, listeners, perSecond: name }: Scene,
  perSecond: number,
  setting: Setting,
): Promise<Held> {
  const { seconds } = setting
  const data = join(setting.folder, "durable")
  await rm(data, { recursive: true, force: true })
  const { seats } = await prepare(data, rooms, peoplePerRoom)
  const server = await serveParley(setting.program, { data, ...profiling(setting, `durable-${name}`) })
  const loads = openLoads(listeners)
  try {
    await loads.join(server.ws, seats)
    const watch = watching(server)
    const measured = await measure(loads, server.pid, { perSecond, seconds })
    return { measured, seen: await watch(), seconds }
  } finally {
    await loads.stop()
    await server.stop()
  }
}

interface Seen {
  readonly lagMaxSeconds: number
  readonly commitsPerSecond: number
  readonly eventsPerCommit: number
  readonly rssBytes: number
}

/** Scrapes the server until it is asked what it saw. */
function watching(server: ParleyServed): () => Promise<Seen> {
  let over = false
  const lags: number[] = []
  const startedMs = performance.now()
  const first = scrape(server.http)
  const watched = (async () => {
    while (!over) {
      lags.push((await scrape(server.http)).get("parley_search_lag_seconds") ?? Number.POSITIVE_INFINITY)
      await Bun.sleep(SCRAPE_EVERY_MS)
    }
  })()
  return async () => {
    over = true
    await watched
    const [before, after] = [await first, await scrape(server.http)]
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    const commits = grown("parley_commit_seconds_count")
    return {
      lagMaxSeconds: Math.max(...lags),
      commitsPerSecond: (commits / (performance.now() - startedMs)) * 1_000,
      eventsPerCommit: grown("parley_events_appended_total") / commits,
      rssBytes: rssBytes(server.pid),
    }
  }
}
