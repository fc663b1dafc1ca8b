import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../cli/main.ts", import.meta.url))
/** On a machine that is busy with other things everything takes its time. */
const WITHIN_MS = 30_000

/** Waits until something is so; rejects with the sentence when it does not become so. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string | (() => string),
  withinMs: number = WITHIN_MS,
): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`Never came: ${typeof what === "string" ? what : what()}`)
    await Bun.sleep(10)
  }
}

/** A folder of its own for every call; `remove` takes all of them away. */
export function testFolders() {
  const made: string[] = []
  return {
    next(): string {
      const folder = mkdtempSync(join(tmpdir(), "parley-scenario-"))
      made.push(folder)
      return join(folder, "data")
    },
    remove(): void {
      for (const folder of made) rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface ServerOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** A program that runs the server: `strace -f …`. */
  readonly under?: readonly string[]
  /** Where the doors are, so that a restarted server is found again; any free port unless told. */
  readonly doors?: { readonly http: number; readonly tcp: number }
}

/** A server that runs as a program of its own. */
export interface Server {
  readonly data: string
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly http: number
  readonly tcp: number
  /** The code that makes an owner, while there is none. */
  readonly setupCode: string | undefined
  /** Of the server itself, also under another program. */
  readonly pid: number
  /** What it wrote to standard error so far. */
  log(): string
  /** Bytes of memory it holds. */
  rss(): number
  /** Sends a signal and waits for the end; answers the exit code, null after a signal that kills. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>
  readonly isOver: () => boolean
}

/** Runs `parley serve` on a folder and waits until it says where to go. */
export async function startServer(data: string, options: ServerOptions = {}): Promise<Server> {
  const { args = [], env = {}, under = [], doors = { http: 0, tcp: 0 } } = options
  const child = Bun.spawn(
    [
      ...under,
      process.execPath,
      main,
      ...["serve", "--data", data, "--http", `127.0.0.1:${doors.http}`, "--tcp", `127.0.0.1:${doors.tcp}`],
      ...args,
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, ...env } },
  )
  let [out, log] = ["", ""]
  const ended = Promise.all([
    read(child.stdout, (text) => {
      out += text
    }),
    read(child.stderr, (text) => {
      log += text
    }),
  ])
  await until(
    () => out.includes("  Data  ") || child.exitCode !== null || child.signalCode !== null,
    () => `a server that runs: ${out}${log}`,
  )
  if (!out.includes("  Data  ")) {
    await ended
    throw new Error(`The server did not start: ${log}`)
  }
  const door = (name: string) => Number(new RegExp(`^ {2}${name}\\s+\\S+:(\\d+)$`, "m").exec(out)?.[1] ?? 0)
  const pid = under.length === 0 ? child.pid : Number(readFileSync(join(data, "parley.pid"), "utf8"))
  return {
    data,
    url: `http://127.0.0.1:${door("Web")}`,
    http: door("Web"),
    tcp: door("TCP"),
    setupCode: /\/setup#(\S+)/.exec(out)?.[1],
    pid,
    log: () => log,
    rss: () =>
      Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024,
    async stop(signal) {
      process.kill(pid, signal)
      await child.exited
      await ended
      return child.exitCode
    },
    isOver: () => child.exitCode !== null || child.signalCode !== null,
  }
}

/** Begins to start a server and kills it after a while, ready or not. */
export async function abortStart(data: string, afterMs: number): Promise<void> {
  const doors = ["--http", "127.0.0.1:0", "--tcp", "127.0.0.1:0"]
  const child = Bun.spawn([process.execPath, main, "serve", "--data", data, ...doors], {
    stdio: ["ignore", "ignore", "ignore"],
  })
  await Promise.race([Bun.sleep(afterMs), child.exited])
  child.kill("SIGKILL")
  await child.exited
}

/** Ends what a failed test may have left running. */
export async function stopAll(...servers: readonly (Server | undefined)[]): Promise<void> {
  for (const server of servers) if (server && !server.isOver()) await server.stop("SIGKILL")
}

async function read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }))
}

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs another command of `parley` to its end. */
export async function parley(...args: readonly string[]): Promise<Ended> {
  const child = Bun.spawn([process.execPath, main, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, out, err }
}
