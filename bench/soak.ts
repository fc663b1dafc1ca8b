import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import type { Uuid } from "../protocol/ids.ts"
import { buildProgram, freePort, type ParleyServed, type Program, serveParley } from "./parley.ts"
import { prepare } from "./prepare.ts"
import { cpuSeconds, rssBytes } from "./process.ts"
import { randomFrom } from "./queries.ts"
import { FAULTS_SHOWN_MAX, judge } from "./soak-judge.ts"
import { appear, cut, type Person, restart, type Told } from "./soak-person.ts"

const HELP = `npm run soak -- [--minutes NUMBER] [--seed NUMBER] [--folder DIR]

People talk for so long (10 minutes unless told) while connections break, programs restart and the server is stopped
or killed. Then everything must be as promised: what was accepted is in the log once, where it was said to be, and
everyone's copy is the log. Ends with 1 and keeps its folder when it is not.`

const ROOMS = 4
const PEOPLE_PER_ROOM = 6
const SAYINGS_PER_SECOND = 60
const CUTS_PER_SECOND = 0.5
const RESTARTS_PER_SECOND = 0.1
const SERVER_RUNS_MIN_MS = 10_000
const SERVER_RUNS_MAX_MS = 60_000
const TELL_EVERY_MS = 30_000
const REST_MAX_MS = 120_000
const root = join(import.meta.dir, "..")

process.exitCode = await run(process.argv.slice(2))

interface Story {
  readonly program: Program
  readonly data: string
  readonly ports: readonly string[]
  readonly random: () => number
  readonly rooms: readonly Uuid[]
  readonly people: Person[]
  readonly told: Told
  server: ParleyServed
  kills: number
  stops: number
  cuts: number
}

async function run(argv: readonly string[]): Promise<number> {
  const given = new Map(
    argv.flatMap((flag, index) => (index % 2 === 0 ? [[flag, argv[index + 1] ?? ""] as const] : [])),
  )
  const [minutes, seed] = [
    Number(given.get("--minutes") ?? 10),
    Number(given.get("--seed") ?? Date.now() % 1e9),
  ]
  const known = [...given.keys()].every((flag) => ["--minutes", "--seed", "--folder"].includes(flag))
  if (!known || !(minutes > 0) || !Number.isInteger(seed)) {
    console.error(HELP)
    return 2
  }
  const folder = given.get("--folder") ?? join(root, `runs/soak-${process.pid}`)
  await mkdir(folder, { recursive: true })
  console.log(`Soak for ${minutes} minutes, seed ${seed}`)
  const story = await begin(folder, randomFrom(seed))
  await go(story, minutes * 60_000)
  const restless = await rest(story)
  await story.server.stop()
  const faults = [
    ...restless,
    ...(await judge(story.data, story.rooms, story.people, story.told)),
    ...verified(story),
  ]
  for (const { client } of story.people) await client.close()
  tell(story)
  for (const fault of faults.slice(0, FAULTS_SHOWN_MAX)) console.log(`FAULT ${fault}`)
  console.log(
    faults.length === 0 ? "Everything is as promised." : `${faults.length} faults; the folder is ${folder}`,
  )
  if (faults.length === 0) await rm(folder, { recursive: true })
  return faults.length === 0 ? 0 : 1
}

async function begin(folder: string, random: () => number): Promise<Story> {
  const data = join(folder, "data")
  await rm(data, { recursive: true, force: true })
  const { seats, rooms } = await prepare(data, ROOMS, PEOPLE_PER_ROOM)
  const program = await buildProgram(folder)
  const ports = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`)
  const told: Told = { accepted: new Map(), delivered: new Map(), faults: [], refused: 0 }
  const server = await serveParley(program, { data, ports })
  const people = seats.map(({ account, token }, index) =>
    appear(account, token, index % 2 === 0 ? "websocket" : "tcp", server, told),
  )
  for (const { client } of people) for (const room of rooms) client.room(room).join()
  return { program, data, ports, random, rooms, people, told, server, kills: 0, stops: 0, cuts: 0 }
}

/** What happens, at random, until the time is over. */
async function go(story: Story, forMs: number): Promise<void> {
  const { random } = story
  const startedMs = performance.now()
  const serverRuns = () => SERVER_RUNS_MIN_MS + random() * (SERVER_RUNS_MAX_MS - SERVER_RUNS_MIN_MS)
  let [toldMs, beforeMs] = [startedMs, startedMs]
  let fallsMs = startedMs + serverRuns()
  for (;;) {
    await Bun.sleep(10)
    const nowMs = performance.now()
    if (nowMs - startedMs > forMs) return
    const seconds = (nowMs - beforeMs) / 1_000
    beforeMs = nowMs
    for (let due = SAYINGS_PER_SECOND * seconds; random() < due; due--) say(story)
    if (random() < CUTS_PER_SECOND * seconds) {
      story.cuts++
      cut(any(story, story.people))
    }
    if (random() < RESTARTS_PER_SECOND * seconds)
      await restart(any(story, story.people), story.server, story.told)
    if (nowMs > fallsMs) {
      await fall(story)
      fallsMs = performance.now() + serverRuns()
    }
    if (nowMs - toldMs > TELL_EVERY_MS) {
      toldMs = nowMs
      tell(story)
    }
  }
}

function any<One>({ random }: Story, all: readonly One[]): One {
  const one = all[Math.floor(random() * all.length)]
  if (one === undefined) throw new Error("There is nothing to choose from.")
  return one
}

/** Somebody says or does something in some room. */
function say(story: Story): void {
  const { random } = story
  const room = any(story, story.people).client.room(any(story, story.rooms))
  const shown = room.messages.slice(-50)
  const text = `word ${Math.floor(random() * 1e9)} ${"x".repeat(Math.floor(random() ** 4 * 2_000))}`
  const dice = random()
  const target = shown.length === 0 || dice < 0.6 ? undefined : any(story, shown).seq
  if (target === undefined) room.say(text)
  else if (dice < 0.7) room.say(text, { replyTo: target })
  else if (dice < 0.75) room.say(text, { root: target })
  else if (dice < 0.85) room.edit(target, text)
  else if (dice < 0.88) room.delete(target)
  else if (dice < 0.95) room.react(target, "👍")
  else if (dice < 0.97) room.unreact(target, "👍")
  else if (dice < 0.98) room.leave()
  else room.join()
}

/** The server is killed or told to stop, and comes back. */
async function fall(story: Story): Promise<void> {
  if (story.random() < 0.5) {
    story.kills++
    await story.server.kill()
  } else {
    story.stops++
    await story.server.stop()
  }
  story.server = await serveParley(story.program, { data: story.data, ports: story.ports })
}

/** Waits until everybody is online and has said all; answers what does not come to rest. */
async function rest({ people, rooms, told }: Story): Promise<string[]> {
  const startedMs = performance.now()
  for (;;) {
    const unrest = people.flatMap(({ account, client }) => {
      const waiting = rooms.flatMap((room) => client.room(room).pending.filter(({ is }) => is !== "failed"))
      const behind = rooms.filter((room) => {
        const { isMember, replica } = client.room(room)
        return isMember && (replica?.place?.cursor ?? 0) + 1 < (told.delivered.get(room)?.length ?? 0)
      })
      const isQuiet = client.state.is === "online" && waiting.length === 0 && behind.length === 0
      return isQuiet
        ? []
        : [`${account} is ${client.state.is}, ${waiting.length} unsent, behind in ${behind.length} rooms`]
    })
    if (unrest.length === 0) return []
    if (performance.now() - startedMs > REST_MAX_MS) return unrest
    await Bun.sleep(200)
  }
}

function verified({ program, data }: Story): string[] {
  const { exitCode, stdout, stderr } = Bun.spawnSync(program.command("verify", "--data", data))
  return exitCode === 0 ? [] : [`verify: ${stdout.toString()}${stderr.toString()}`]
}

function tell({ told, server, kills, stops, cuts }: Story): void {
  const events = [...told.delivered.values()].reduce((sum, ids) => sum + ids.length, 0)
  const usage = isAlive(server.pid)
    ? `; the server: RSS ${(rssBytes(server.pid) / 1e6).toFixed(0)} MB, ${cpuSeconds(server.pid).toFixed(0)} s of CPU since its start`
    : ""
  console.log(
    `${new Date().toISOString()} ${told.accepted.size} accepted, ${told.refused} refused, ${events} events seen, ${cuts} cuts, ${stops} stops, ${kills} kills, ${told.faults.length} faults${usage}`,
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
