import { rm } from "node:fs/promises"
import { join } from "node:path"
import { atLeast, atMost, type Figure, note, percentile } from "./figures.ts"
import { type ParleyServed, scrape, serveParley } from "./parley.ts"
import { rssBytes } from "./process.ts"
import { randomFrom, sampleQueries } from "./queries.ts"
import { profiling, type Setting } from "./setting.ts"
import { connectWire } from "./wires.ts"

const ROOM = "ubuntu"
const IMPORT_MIN_PER_SECOND = 15_000
const VERIFY_MIN_PER_SECOND = 150_000
const FIRST_PAGE_MAX_MS = 30
const OLDER_PAGE_MAX_MS = 20
const SEARCH_MAX_MS = 50
const RSS_MAX_MB = 150
const READY_MAX_SECONDS = 1

const FIRST_PAGES = 100
const OLDER_PAGES = 300
const QUERIES = 200
const PAGE = 50
const INDEXED_MAX_MS = 120_000

/** A real conversation: taking it in, checking it, reading and searching its largest room. */
export async function corpus(setting: Setting): Promise<Figure[]> {
  if (setting.corpus === undefined) {
    console.error("corpus is skipped: no file where PARLEY_CORPUS says, nor beside the checkout.")
    return []
  }
  const data = join(setting.folder, "corpus")
  await rm(data, { recursive: true, force: true })
  const figures = [...importing(setting, setting.corpus, data), ...verifying(setting, data)]
  const server = await serveParley(setting.program, { data, ...profiling(setting, "corpus") })
  try {
    figures.push(
      atMost(
        "ready with the corpus, after the start of the process",
        server.readyMs / 1_000,
        READY_MAX_SECONDS,
        "s",
        2,
      ),
      await indexed(server),
      ...(await reading(server, setting.corpus)),
      atMost(
        "RSS with the corpus, after reading and searching it",
        rssBytes(server.pid) / 1e6,
        RSS_MAX_MB,
        "MB",
      ),
    )
  } finally {
    await server.stop()
  }
  return figures
}

interface Ran {
  readonly out: string
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Runs a command of the program to its end. */
function ran(setting: Setting, ...words: readonly string[]): Ran {
  const startedMs = performance.now()
  const { exitCode, stdout, stderr, resourceUsage } = Bun.spawnSync(setting.program.command(...words))
  if (exitCode !== 0) throw new Error(`parley ${words[0]} ended with ${exitCode}: ${stderr.toString()}`)
  return {
    out: stdout.toString(),
    seconds: (performance.now() - startedMs) / 1_000,
    cpuSeconds: Number(resourceUsage.cpuTime.total) / 1e6,
  }
}

function importing(setting: Setting, path: string, data: string): Figure[] {
  const lines = Bun.spawnSync(["sh", "-c", 'gzip -dc "$0" | wc -l', path]).stdout
  const messages = Number(lines.toString())
  const { seconds, cpuSeconds } = ran(setting, "import", path, "--data", data)
  return [
    atLeast("import", messages / seconds, IMPORT_MIN_PER_SECOND, "messages/s"),
    note(
      "import: the whole command",
      `${messages.toLocaleString("en")} messages in ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU`,
    ),
  ]
}

function verifying(setting: Setting, data: string): Figure[] {
  const { out, seconds, cpuSeconds } = ran(setting, "verify", "--data", data)
  const events = Number(/^Read (\D*[\d\D]*?) events/.exec(out)?.[1]?.replace(/\D/g, ""))
  return [
    atLeast("verify", events / seconds, VERIFY_MIN_PER_SECOND, "events/s"),
    note(
      "verify: the whole command",
      `${events.toLocaleString("en")} events in ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU`,
    ),
  ]
}

/** Waits until search has read what was imported. */
async function indexed({ http }: ParleyServed): Promise<Figure> {
  const startedMs = performance.now()
  while ((await scrape(http)).get("parley_search_lag_events") !== 0) {
    if (performance.now() - startedMs > INDEXED_MAX_MS) throw new Error("Search does not catch up.")
    await Bun.sleep(100)
  }
  return note(
    "search has read the whole corpus after",
    `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`,
  )
}

async function reading(server: ParleyServed, path: string): Promise<Figure[]> {
  const token = await arrive(server.http)
  const api = caller(server.http, token)
  const { seq } = (await api(`/rooms/${ROOM}/events?limit=1`)) as { seq: number }
  const first = await timed(FIRST_PAGES, () => api(`/rooms/${ROOM}/messages?limit=${PAGE}`))
  const followed = await follows(server.ws, token)
  const random = randomFrom(seq)
  const older = await timed(OLDER_PAGES, () =>
    api(`/rooms/${ROOM}/messages?limit=${PAGE}&before=${2 + Math.floor(random() * (seq - 1))}`),
  )
  const queries = await sampleQueries(path, ROOM, QUERIES)
  let hits = 0
  const search = await timed(QUERIES, async (index) => {
    const { hits: found } = (await api(`/search?q=${encodeURIComponent(queries[index] ?? "")}`)) as {
      hits: object[]
    }
    hits += found.length
  })
  return [
    ...page(`${ROOM}, first page over HTTP`, first, FIRST_PAGE_MAX_MS),
    ...page(`${ROOM}, last ${PAGE} over WebSocket`, followed, FIRST_PAGE_MAX_MS),
    ...page(`${ROOM}, any older page`, older, OLDER_PAGE_MAX_MS),
    ...page(`search in ${ROOM}, ${QUERIES} queries`, search, SEARCH_MAX_MS),
    note("search: hits shown, mean", (hits / QUERIES).toFixed(1)),
  ]
}

function page(what: string, times: readonly number[], maxMs: number): Figure[] {
  const [first = 0] = times
  return [
    atMost(`${what}, median`, percentile(times, 0.5), maxMs, "ms"),
    note(
      `${what}, first, p95, slowest`,
      [first, percentile(times, 0.95), Math.max(...times)].map((ms) => `${ms.toFixed(1)} ms`).join(", "),
    ),
  ]
}

async function timed(count: number, run: (index: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now()
    await run(index)
    times.push(performance.now() - startedMs)
  }
  return times
}

function caller(http: string, token?: string) {
  return async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${http}/api/v1${path}`, {
      ...(body && { method: "POST", body: JSON.stringify(body) }),
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(body && { "Content-Type": "application/json" }),
      },
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return answer
  }
}

/** Somebody registers, signs in and joins; answers the token. */
async function arrive(http: string): Promise<string> {
  const claim = { name: "bench-reader", password: "measured twice, read once" }
  await caller(http)("/accounts", claim)
  const { token } = (await caller(http)("/sessions", claim)) as { token: string }
  await caller(http, token)(`/rooms/${ROOM}/members`, {})
  return token
}

/** From the frame that follows to the last of the events, each time on a connection of its own. */
async function follows(ws: string, token: string): Promise<readonly number[]> {
  const times: number[] = []
  for (let count = 0; count < FIRST_PAGES; count++) {
    const wire = await connectWire(ws)
    await new Promise<void>((done, failed) => {
      let events = 0
      let startedMs = 0
      wire.hear = (text) => {
        if (text.startsWith('{"type":"welcome"')) {
          startedMs = performance.now()
          wire.send(JSON.stringify({ type: "follow", rooms: [{ room: ROOM, last: PAGE }] }))
        } else if (text.startsWith('{"type":"events"')) {
          events += JSON.parse(text).events.length
          if (events < PAGE) return
          times.push(performance.now() - startedMs)
          done()
        } else failed(new Error(text))
      }
      wire.send(JSON.stringify({ type: "hello", version: 1, token, rooms: false }))
    })
    wire.close()
  }
  return times
}
