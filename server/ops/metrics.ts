import process from "node:process"
import type { Buckets, CounterBook } from "./counters.ts"

/** What a scrape asks of the server beside its counters. */
interface Gauges {
  readonly version: string
  readonly startedAtMs: number
  roomsLoaded(): number
  searchLag(): Promise<{ readonly events: number; readonly ms: number }>
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

/** The Prometheus text format, version 0.0.4. */
export async function metricsText(counters: CounterBook, gauges: Gauges): Promise<string> {
  const lag = await gauges.searchLag()
  const memory = process.memoryUsage.rss()
  const cpu = process.cpuUsage()
  return [
    family("parley_build_info", "gauge", "Which version runs; always 1.", [[{ version: gauges.version }, 1]]),
    family(
      "parley_connections",
      "gauge",
      "Open connections.",
      Object.entries(counters.connections).map(([transport, count]) => [{ transport }, count]),
    ),
    single("parley_sessions", "gauge", "Signed-in sessions with a connection.", counters.sessions),
    single("parley_rooms_loaded", "gauge", "Rooms in memory.", gauges.roomsLoaded()),
    single(
      "parley_frames_received_total",
      "counter",
      "Frames that arrived from clients.",
      counters.framesReceivedTotal,
    ),
    single(
      "parley_events_appended_total",
      "counter",
      "Events on disk since the start.",
      counters.eventsAppendedTotal,
    ),
    single(
      "parley_events_delivered_total",
      "counter",
      "Events handed to connections since the start.",
      counters.eventsDeliveredTotal,
    ),
    family(
      "parley_refusals_total",
      "counter",
      "Refusals since the start, by code.",
      [...counters.refusals].map(([code, count]) => [{ code }, count]),
    ),
    histogram("parley_commit_seconds", "From the call that appends until it is on disk.", counters.commit),
    single("parley_search_lag_events", "gauge", "Events that search has not read yet.", lag.events),
    single(
      "parley_search_lag_seconds",
      "gauge",
      "Age of the oldest event search has not read.",
      lag.ms / 1000,
    ),
    single("process_resident_memory_bytes", "gauge", "Memory of the process.", memory),
    single(
      "process_cpu_seconds_total",
      "counter",
      "CPU the process has used.",
      (cpu.user + cpu.system) / 1_000_000,
    ),
    single(
      "process_start_time_seconds",
      "gauge",
      "When the process started, since 1970.",
      gauges.startedAtMs / 1000,
    ),
  ].join("")
}

function single(name: string, type: "gauge" | "counter", help: string, value: number): string {
  return family(name, type, help, [[{}, value]])
}

function family(
  name: string,
  type: "gauge" | "counter" | "histogram",
  help: string,
  samples: readonly Sample[],
  lines: readonly string[] = samples.map(([labels, value]) => line(name, labels, value)),
): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`
}

function histogram(name: string, help: string, { bounds, counts, sum }: Buckets): string {
  let below = 0
  const buckets = counts.map((count, index) => {
    below += count
    const le = bounds[index] === undefined ? "+Inf" : String(bounds[index])
    return line(`${name}_bucket`, { le }, below)
  })
  return family(
    name,
    "histogram",
    help,
    [],
    [...buckets, line(`${name}_sum`, {}, sum), line(`${name}_count`, {}, below)],
  )
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (each) => (each === "\n" ? "\\n" : `\\${each}`))
}
