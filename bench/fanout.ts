import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Uuid } from "../protocol/ids.ts"
import { Crowd, type Measured } from "./crowd.ts"
import { atMost, type Figure, note, percentile } from "./figures.ts"
import { prepare } from "./prepare.ts"
import { cpuSeconds, type Served, serveProcess } from "./process.ts"

export interface Scene {
  readonly name: string
  readonly rooms: number
  readonly peoplePerRoom: number
  readonly perSecond: number
  /** What a delivery may cost, in bare publishes of the same bytes. */
  readonly ratioMax: number
}

export const scenes: readonly Scene[] = [
  { name: "500 in one room, 200/s", rooms: 1, peoplePerRoom: 500, perSecond: 200, ratioMax: 1.1 },
  { name: "500 in one room, 1,000/s", rooms: 1, peoplePerRoom: 500, perSecond: 1_000, ratioMax: 0.5 },
  { name: "200 rooms of 10, 10,000/s", rooms: 200, peoplePerRoom: 10, perSecond: 10_000, ratioMax: 1.1 },
]

const P99_MAX_MS = 25
const WARM_UP_SECONDS = 3
const BARE_PORT = 18_081

/** The same talk over Parley and over a bare server, one after the other, and what each delivery cost the server. */
export async function fanout(
  scene: Scene,
  seconds: number,
  folder: string,
  serve: (folder: string) => Promise<Served & { url: string }>,
): Promise<Figure[]> {
  const bare = await measureBare(scene, seconds, folder)
  const data = join(folder, "fanout")
  await rm(data, { recursive: true, force: true })
  const prepared = await prepare(data, scene.rooms, scene.peoplePerRoom)
  const server = await serve(data)
  const crowd = new Crowd()
  await crowd.join(server.url, prepared.seats)
  const parley = await measure(crowd, scene, seconds, server.pid, (member) => crowd.say(member))
  crowd.leave()
  await server.stop()
  const expected = (parley.said * scene.peoplePerRoom) / parley.measured.deliveries
  return [
    note(
      `${scene.name}: bare publish`,
      `${bare.perDelivery.toFixed(2)} µs a delivery, ${bare.cpu.toFixed(0)} % CPU`,
    ),
    note(
      `${scene.name}: Parley`,
      `${parley.perDelivery.toFixed(2)} µs a delivery, ${parley.cpu.toFixed(0)} % CPU, ${parley.measured.frames} frames`,
    ),
    note(
      `${scene.name}: delivered`,
      `${parley.measured.deliveries.toLocaleString("en")} (${(100 / expected).toFixed(2)} % of what was said), ${parley.measured.refused} refused`,
    ),
    atMost(
      `${scene.name}: CPU per delivery against bare publish`,
      parley.perDelivery / bare.perDelivery,
      scene.ratioMax,
      "times",
      2,
    ),
    atMost(`${scene.name}: delivery, p99`, percentile(parley.measured.deliveryMs, 0.99), P99_MAX_MS, "ms"),
  ]
}

interface Cost {
  readonly perDelivery: number
  readonly cpu: number
  readonly said: number
  readonly measured: Measured
}

async function measureBare(scene: Scene, seconds: number, folder: string): Promise<Cost> {
  const url = `http://127.0.0.1:${BARE_PORT}`
  const isReady = () =>
    fetch(url).then(
      () => true,
      () => false,
    )
  const server = await serveProcess(
    [process.execPath, "bench/bare.ts", String(BARE_PORT)],
    join(folder, "bare.log"),
    isReady,
  )
  const crowd = new Crowd()
  const rooms = Array.from(
    { length: scene.rooms },
    (_, index) => `019a0000-0000-7000-8000-${String(index).padStart(12, "0")}` as Uuid,
  )
  const seats = rooms.flatMap((room) => Array.from({ length: scene.peoplePerRoom }, () => room))
  await crowd.joinBare(url.replace("http", "ws"), seats)
  const cost = await measure(crowd, scene, seconds, server.pid, (member) => crowd.sayBare(member))
  crowd.leave()
  await server.stop()
  return cost
}

async function measure(
  crowd: Crowd,
  scene: Scene,
  seconds: number,
  pid: number,
  say: Parameters<Crowd["talk"]>[2],
): Promise<Cost> {
  await crowd.talk(scene.perSecond, WARM_UP_SECONDS, say)
  await Bun.sleep(200)
  crowd.measured()
  const before = cpuSeconds(pid)
  const started = performance.now()
  await crowd.talk(scene.perSecond, seconds, say)
  await Bun.sleep(200)
  const took = (performance.now() - started) / 1_000
  const used = cpuSeconds(pid) - before
  const measured = crowd.measured()
  return {
    perDelivery: (used / measured.deliveries) * 1e6,
    cpu: (used / took) * 100,
    said: scene.perSecond * seconds,
    measured,
  }
}
