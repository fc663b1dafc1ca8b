import { resolve } from "node:path"
import process from "node:process"
import { version } from "../../package.json"
import type { Config } from "../../server/config.ts"
import { start } from "../../server/main.ts"
import { command } from "../command.ts"
import { exitCodes } from "../complaint.ts"
import { loadConfig } from "../load-config.ts"
import { bold, isAttended, note, say } from "../terminal.ts"
import { trimAfterStart } from "../trim.ts"

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
    const config = await loadConfig(given)
    const form = config.log.form ?? (isAttended ? "text" : "json")
    const signals = hearSignals()
    const server = await start({ ...config, log: { ...config.log, form } }, { listen: true })
    const stopped = signals.first()
    const broke = (error: unknown) => server.log.error("Something broke that nobody awaited.", { error })
    process.on("uncaughtException", broke)
    process.on("unhandledRejection", broke)
    say(greeting(config, server).join("\n"))
    trimAfterStart()
    for (const { url } of server.doors) server.log.info("A door is open.", { address: url })
    await stopped
    const late = setTimeout(() => {
      note("The server did not come to rest in time and was ended; nothing that was accepted is lost.")
      process.exit(exitCodes.failed)
    }, DRAIN_MAX_MS)
    await server.drain()
    clearTimeout(late)
    return exitCodes.done
  },
})

/** Before there is a server, and at a second press of Ctrl-C, a signal ends the process at once. */
function hearSignals(): { first(): Promise<void> } {
  let firstMs: number | undefined
  let stop: (() => void) | undefined
  const hear = (signal: NodeJS.Signals) => {
    const nowMs = performance.now()
    const isPressedAgain = signal === "SIGINT" && firstMs !== undefined && nowMs - firstMs > ONE_PRESS_MS
    if (stop === undefined || isPressedAgain) process.exit(exitCodes.interrupted)
    firstMs ??= nowMs
    stop()
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, hear)
  return {
    first: () =>
      new Promise((told) => {
        stop = told
      }),
  }
}

/** Where to go, in at most six lines. */
function greeting(config: Config, server: Awaited<ReturnType<typeof start>>): string[] {
  const urls = Map.groupBy(server.doors, ({ name }) => name)
  const doors = [...urls].map(([name, all]) => line(name, all.map(({ url }) => shown(url)).join("   ")))
  const { fingerprint, setupCode } = server
  return [
    bold(`Parley ${version} is running.`),
    ...doors,
    ...(fingerprint === undefined ? [] : [line("TLS", `its own certificate, SHA-256 ${fingerprint}`)]),
    line("Data", resolve(config.data)),
    ...(setupCode === undefined ? [] : [`  ${setupLine(config, server.doors, setupCode)}`]),
  ]
}

const line = (name: string, text: string) => `  ${name.padEnd(4)}  ${text}`

/** Both are this machine; the name is what people type. */
const shown = (url: string) =>
  url.replace("//127.0.0.1:", "//localhost:").replace("//0.0.0.0:", "//localhost:")

function setupLine(config: Config, doors: readonly { readonly url: string }[], code: string): string {
  const web = config.publicUrl ?? doors.map(({ url }) => shown(url)).find((url) => url.startsWith("http"))
  const command = `npx parley user add NAME --role owner --data ${config.data}`
  return web === undefined
    ? `It has no owner yet: ${command}`
    : `It has no owner yet. Whoever opens this first is: ${web}/setup#${code}`
}
