import { existsSync } from "node:fs"
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import { corpus } from "./corpus.ts"
import { durable } from "./durable.ts"
import { fanout } from "./fanout.ts"
import { type Figure, table } from "./figures.ts"
import { idle } from "./idle.ts"
import { loadAverage, machine } from "./machine.ts"
import { buildProgram } from "./parley.ts"
import type { Setting } from "./setting.ts"
import { start } from "./start.ts"

const HELP = `npm run bench -- [--only NAME,…] [--seconds NUMBER] [--folder DIR] [--corpus FILE] [--profile DIR]

Measures Parley on this machine and prints a table. Names: start, durable, fanout, idle, corpus.
--seconds is how long each rate is held: 60 unless told. --folder is on the disk to be measured: runs/ unless told.
The corpus is the file that PARLEY_CORPUS names. --profile writes what the servers' CPU was used for.`

const benches: Readonly<Record<string, (setting: Setting) => Promise<readonly Figure[]>>> = {
  start,
  durable,
  fanout,
  idle,
  corpus,
}
const root = join(import.meta.dir, "..")
/** Where a checkout of the project has the corpus beside it. */
const CORPUS_BESIDE = join(root, "../shared/corpus/chat.ndjson.gz")
const SECONDS = 60
/** Above this somebody else is at work on the machine. */
const QUIET_LOAD_MAX = 0.5

process.exitCode = await run(process.argv.slice(2))

/** Answers the exit code: 0 also where a figure does not hold, since a benchmark is no test. */
async function run(argv: readonly string[]): Promise<number> {
  const options = read(argv)
  if (options === undefined) {
    console.error(HELP)
    return 2
  }
  const { folder, names } = options
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  if (options.profile) await mkdir(options.profile, { recursive: true })
  for (const line of machine(folder)) console.log(line)
  console.log(`Command: npm run bench -- ${argv.join(" ")}`.trim())
  console.log(`Begun: ${new Date().toISOString()}, load average ${loadAverage().toFixed(2)}`)
  if (loadAverage() > QUIET_LOAD_MAX) console.log("The machine is not quiet: take the figures as rough.")
  const setting: Setting = { ...options, program: await buildProgram(folder) }
  const figures: Figure[] = []
  let broke = 0
  for (const name of names) {
    console.error(`${name} …`)
    try {
      figures.push(...((await benches[name]?.(setting)) ?? []))
    } catch (error) {
      broke++
      console.error(`${name} could not run:`, error)
    }
  }
  console.log(`\n${table(figures)}`)
  await rm(folder, { recursive: true, force: true })
  return broke === 0 ? 0 : 1
}

interface Options extends Omit<Setting, "program"> {
  readonly names: readonly string[]
}

/** Undefined for what it does not understand. */
function read(argv: readonly string[]): Options | undefined {
  const given = new Map<string, string>()
  for (let index = 0; index < argv.length; index += 2) {
    const [flag = "", value] = argv.slice(index, index + 2)
    if (!["--only", "--seconds", "--folder", "--corpus", "--profile"].includes(flag) || value === undefined)
      return undefined
    given.set(flag, value)
  }
  const names = given.get("--only")?.split(",") ?? Object.keys(benches)
  const seconds = Number(given.get("--seconds") ?? SECONDS)
  if (names.some((name) => !(name in benches)) || !(seconds >= 1)) return undefined
  const corpusPath = given.get("--corpus") ?? process.env.PARLEY_CORPUS ?? CORPUS_BESIDE
  return {
    names,
    seconds,
    folder: given.get("--folder") ?? join(root, `runs/bench-${process.pid}`),
    corpus: existsSync(corpusPath) ? corpusPath : undefined,
    profile: given.get("--profile"),
  }
}
