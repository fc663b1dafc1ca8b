import { fileURLToPath } from "node:url"
import { bunCounts, type Counts, NOTHING, plus, verdict } from "./tally.ts"

// What `npm test` runs: types, style, then every test, or those the arguments name. The last line is the verdict.
const root = fileURLToPath(new URL("..", import.meta.url))
const bin = `${root}node_modules/.bin`
const TEST_TIMEOUT_MS = 20_000

let counts: Counts = NOTHING
counts = plus(counts, await check("types", [`${bin}/tsc`, "--noEmit"]))
counts = plus(counts, await style())
counts = plus(counts, await tests(process.argv.slice(2)))
console.log(verdict(counts))
process.exit(counts.failed === 0 ? 0 : 1)

async function check(name: string, command: string[]): Promise<Counts> {
  const code = await Bun.spawn(command, { cwd: root, stdio: ["inherit", "inherit", "inherit"] }).exited
  console.log(code === 0 ? `(pass) ${name}` : `(fail) ${name}`)
  return code === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 }
}

/** Biome ships a binary per platform; where there is none, a person can still run the tests. */
async function style(): Promise<Counts> {
  const starts = Bun.spawnSync([`${bin}/biome`, "--version"]).exitCode === 0
  if (starts || process.env.CI === "true")
    return check("style", [`${bin}/biome`, "check", "--error-on-warnings"])
  console.log("(skip) style: Biome has no binary for this machine")
  return { ...NOTHING, skipped: 1 }
}

async function tests(args: readonly string[]): Promise<Counts> {
  const run = Bun.spawn([`${bin}/bun`, "test", `--timeout=${TEST_TIMEOUT_MS}`, ...args], {
    cwd: root,
    stdio: ["inherit", "inherit", "pipe"],
    // Piped, Bun would leave the colours out.
    env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env,
  })
  let output = ""
  const decoder = new TextDecoder()
  for await (const chunk of run.stderr) {
    process.stderr.write(chunk)
    output += decoder.decode(chunk, { stream: true })
  }
  return bunCounts(output, await run.exited)
}
