// Loaded before a server that is to be profiled: writes where the CPU of its main thread went, up to the moment when it
// is told to stop.
import { writeFileSync } from "node:fs"
import { Session } from "node:inspector"
import process from "node:process"
import { isMainThread } from "node:worker_threads"

const path = process.env.BENCH_PROFILE
if (path !== undefined && isMainThread) {
  const session = new Session()
  session.connect()
  session.post("Profiler.enable")
  session.post("Profiler.start")
  process.once("SIGTERM", () => {
    session.post("Profiler.stop", (_error, stopped) => writeFileSync(path, JSON.stringify(stopped?.profile)))
  })
}
