import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("./main.ts", import.meta.url))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Surroundings {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
}

function spawn(args: readonly string[], { stdin, env }: Surroundings) {
  return Bun.spawn([process.execPath, main, ...args], {
    stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...env },
  })
}

/** Runs `parley` as a program of its own, to its end. */
export async function parley(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const child = spawn(args, surroundings)
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, out, err }
}

export interface Served {
  /** The lines it printed when it was ready. */
  readonly lines: readonly string[]
  /** The address of the web. */
  readonly url: string
  kill(signal: NodeJS.Signals): void
  /** What it printed on standard error, and its exit code. */
  ended(): Promise<{ readonly code: number; readonly err: string }>
}

/** Runs `parley serve` on ports of its own and waits until it says where to go. */
export async function serve(
  data: string,
  args: readonly string[] = [],
  surroundings: Surroundings = {},
): Promise<Served> {
  const ports = ["--http", "0", "--tcp", "0"].filter((_, index, all) => !args.includes(all[index & ~1] ?? ""))
  const child = spawn(["serve", "--data", data, ...ports, ...args], surroundings)
  const err = new Response(child.stderr).text()
  const text = await untilReady(child.stdout)
  if (!text.includes(READY)) throw new Error(`The server did not start: ${await err}`)
  return {
    lines: text.trimEnd().split("\n"),
    url: /^ {2}Web\s+(\S+)/m.exec(text)?.[1] ?? "",
    kill: (signal) => child.kill(signal),
    ended: async () => ({ code: await child.exited, err: await err }),
  }
}

/** The last of the lines that are always there. */
const READY = "  Data  "

/** What was printed until then; the rest is read, too, so that nobody writes into a closed pipe. */
function untilReady(out: ReadableStream<Uint8Array>): Promise<string> {
  return new Promise((ready, fail) => {
    const read = async () => {
      const decoder = new TextDecoder()
      let text = ""
      for await (const chunk of out) {
        text += decoder.decode(chunk, { stream: true })
        if (text.includes(READY)) ready(text)
      }
      ready(text)
    }
    read().catch(fail)
  })
}

/** A folder that is taken away when the tests are over: `afterAll(folders.remove)`. */
export function temporaryFolders() {
  const made: string[] = []
  return {
    next(): string {
      const folder = mkdtempSync(join(tmpdir(), "parley-test-"))
      made.push(folder)
      return join(folder, "data")
    },
    remove(): void {
      for (const folder of made) rmSync(folder, { recursive: true, force: true })
    },
  }
}
