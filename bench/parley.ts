import { cp, rm } from "node:fs/promises"
import { join } from "node:path"
import { type Served, serveProcess } from "./process.ts"

const root = join(import.meta.dir, "..")

/** The program as `npm start` runs it, in a copy of its own: one that is built meanwhile is not measured. */
export interface Program {
  /** The command line of a subcommand. */
  command(...words: readonly string[]): string[]
}

/** Builds the program and puts it into a folder. */
export async function buildProgram(folder: string): Promise<Program> {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, join(root, "cli/build.ts")], { cwd: root })
  if (exitCode !== 0) throw new Error(`The program cannot be built. ${stderr.toString()}`)
  const copy = join(folder, "program")
  await rm(copy, { recursive: true, force: true })
  await cp(join(root, "dist"), copy, { recursive: true })
  return { command: (...words) => [process.execPath, join(copy, "main.js"), ...words] }
}

export interface ParleyServed extends Served {
  readonly http: string
  readonly ws: string
  readonly tcp: string
}

export interface ServeOptions {
  readonly data: string
  /** Flags of Bun before the program, and variables of its environment. */
  readonly runtime?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** HOST:PORT of the web and of TCP; free ones unless told. */
  readonly ports?: readonly string[]
}

/** Starts a server on this machine and waits until it is ready. */
export async function serveParley(
  program: Program,
  { data, runtime = [], environment = {}, ports }: ServeOptions,
): Promise<ParleyServed> {
  const [http, tcp] = ports ?? [freePort(), freePort()].map((port) => `127.0.0.1:${port}`)
  const [bun = "", ...words] = program.command("serve")
  const served = await serveProcess(
    [bun, ...runtime, ...words, "--data", data, "--http", `${http}`, "--tcp", `${tcp}`],
    `${data}.log`,
    () =>
      fetch(`http://${http}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    environment,
  )
  return { ...served, http: `http://${http}`, ws: `ws://${http}/ws`, tcp: `tcp://${tcp}` }
}

/** A port of this machine that nobody uses now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

/** What `/metrics` says, by name; of families with labels, the sum. */
export async function scrape(http: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${http}/metrics`)).text()
  const values = new Map<string, number>()
  for (const [, name = "", value] of text.matchAll(/^([a-z_]+)(?:\{[^}]*\})? (\S+)$/gm))
    values.set(name, (values.get(name) ?? 0) + Number(value))
  return values
}
