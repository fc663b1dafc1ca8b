import { describe, expect, test } from "bun:test"
import { makeCounters } from "./counters.ts"
import { metricsText } from "./metrics.ts"

const gauges = {
  version: `0.1.0 "quoted"\\`,
  startedAtMs: 1_700_000_000_000,
  roomsLoaded: () => 3,
  searchLag: async () => ({ events: 40, ms: 250 }),
}

describe("/metrics", () => {
  test("tells what the counters hold", async () => {
    const counters = makeCounters()
    counters.connections.tcp += 2
    counters.eventsAppendedTotal += 7
    counters.refused("too-fast")
    counters.refused("too-fast")
    const text = await metricsText(counters, gauges)
    expect(text).toContain(`parley_connections{transport="tcp"} 2\n`)
    expect(text).toContain(`parley_connections{transport="websocket"} 0\n`)
    expect(text).toContain("parley_events_appended_total 7\n")
    expect(text).toContain(`parley_refusals_total{code="too-fast"} 2\n`)
    expect(text).toContain("parley_rooms_loaded 3\n")
    expect(text).toContain("parley_search_lag_seconds 0.25\n")
  })

  test("counts each commit in every bucket it fits in", async () => {
    const counters = makeCounters()
    for (const seconds of [0.0001, 0.0002, 0.003, 9]) counters.commit.observe(seconds)
    const text = await metricsText(counters, gauges)
    const bucket = (le: string) =>
      text.match(`parley_commit_seconds_bucket{le="${le.replace("+", "\\+")}"} (\\d+)`)?.[1]
    expect(["0.0001", "0.00025", "0.0025", "0.005", "5", "+Inf"].map(bucket)).toEqual([
      "1",
      "2",
      "2",
      "3",
      "3",
      "4",
    ])
    expect(text).toContain("parley_commit_seconds_count 4\n")
    expect(text).toContain("parley_commit_seconds_sum 9.0033\n")
  })

  test("is the text format that Prometheus reads: every sample under its HELP and TYPE", async () => {
    const text = await metricsText(makeCounters(), gauges)
    expect(text).toEndWith("\n")
    let name = ""
    for (const line of text.trimEnd().split("\n")) {
      const head = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
      if (head) name = head[2] ?? ""
      else {
        expect(line).toMatch(/^[a-z_]+(\{[a-z]+="([^"\\]|\\["\\n])*"\})? [0-9.e+-]+$/)
        expect(line).toStartWith(name)
      }
    }
  })
})
