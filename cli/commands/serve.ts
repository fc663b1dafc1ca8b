import { resolve } from "node:path"
import process from "node:process"
import { version } from "../../package.json"
import { start } from "../../server/main.ts"
import { command } from "../command.ts"
import { exitCodes } from "../complaint.ts"
import { webLink } from "../links.ts"
import { loadConfig } from "../load-config.ts"
import { bold, isAttended, note, say } from "../terminal.ts"

/** A server that has not ended by then is ended; whoever started it waits ten seconds. */
const DRAIN_MAX_MS = 9_500
/** npm passes Ctrl-C on, so that it arrives twice at almost the same time. */
const ONE_PRESS_MS = 1_000

export const serve = command({
  words: "serve",
  sentence: "Runs the server, until it is told to stop.",
  more: [
    "Without options it is reached on this machine alone: the web at http://localhost:8080, bare sockets at port 8023. Ctrl-C or SIGTERM ends it: it takes no more, finishes what it has, tells clients to come back, and exits within 10 seconds.",
  ],
  server: "all",
  run: async ({ given }) => {
    const config = loadConfig(given)
    const form = config.log.form ?? (isAttended ? "text" : "json")
    const server = await start({ ...config, log: { ...config.log, form } }, { listen: true })
    say(bold(`Parley ${version} is running.`))
    for (const { name, url } of server.doors) say(`  ${name.padEnd(5)} ${url}`)
    say(`  Data  ${resolve(config.data)}`)
    if (server.setupCode !== undefined) {
      say(
        `  It has no owner yet. Whoever opens this first is: ${webLink(config, `/setup#${server.setupCode}`)}`,
      )
    }
    await toldToStop()
    const late = setTimeout(() => {
      note("The server did not come to rest in time and was ended; nothing that was accepted is lost.")
      process.exit(exitCodes.failed)
    }, DRAIN_MAX_MS)
    await server.drain()
    clearTimeout(late)
    return exitCodes.done
  },
})

/** Resolves at the first signal. A later press of Ctrl-C ends the process at once. */
function toldToStop(): Promise<void> {
  return new Promise((stop) => {
    let firstMs: number | undefined
    const hear = (signal: NodeJS.Signals) => {
      if (firstMs === undefined) {
        firstMs = performance.now()
        stop()
      } else if (signal === "SIGINT" && performance.now() - firstMs > ONE_PRESS_MS) {
        process.exit(exitCodes.interrupted)
      }
    }
    process.on("SIGINT", hear)
    process.on("SIGTERM", hear)
    process.on("SIGHUP", hear)
  })
}
