import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { Uuid } from "../protocol/ids.ts"
import { atMost, type Figure, note } from "./figures.ts"
import { openLoads } from "./loads.ts"
import { cpuText, type Measured, measure } from "./measure.ts"
import { freePort, serveParley } from "./parley.ts"
import { prepare } from "./prepare.ts"
import { serveProcess } from "./process.ts"
import { profiling, type Setting } from "./setting.ts"
import { below } from "./spread.ts"

interface Scene {
  readonly name: string
  readonly rooms: number
  readonly peoplePerRoom: number
  readonly perSecond: number
  /** What a delivery may cost, in bare publishes of the same bytes at 200/s. */
  readonly ratioMax: number
}

const first: Scene = {
  name: "500 in one room, 200/s",
  rooms: 1,
  peoplePerRoom: 500,
  perSecond: 200,
  ratioMax: 1.1,
}
const fast: Scene = {
  name: "500 in one room, 1,000/s",
  rooms: 1,
  peoplePerRoom: 500,
  perSecond: 1_000,
  ratioMax: 0.5,
}
const wide: Scene = {
  name: "200 rooms of 10, 10,000/s",
  rooms: 200,
  peoplePerRoom: 10,
  perSecond: 10_000,
  ratioMax: 1.1,
}

const DELIVERY_P99_MAX_MS = 25
const LISTENERS = 40

/**
 * What a delivery costs Parley beside what it costs a bare server. The yardstick is the bare server at 200/s, measured
 * before and after, since what a write costs drifts with the machine.
 */
export async function fanout(setting: Setting): Promise<Figure[]> {
  const before = await measureBare(first, setting)
  const costs = [
    { scene: first, cost: await measureParley(first, setting) },
    { scene: fast, cost: await measureParley(fast, setting) },
    { scene: wide, cost: await measureParley(wide, setting) },
  ] as const
  const after = await measureBare(first, setting)
  const wideBare = await measureBare(wide, setting)
  const yardstick = (perDelivery(before) + perDelivery(after)) / 2
  return [
    note(
      `bare publish, ${first.name}`,
      `${costText(before)} before, ${costText(after)} after: ${cpuText(after)}`,
    ),
    ...costs.flatMap(({ scene, cost }) => figuresOf(scene, cost, yardstick)),
    note(`bare publish, ${wide.name}`, `${costText(wideBare)}: ${cpuText(wideBare)}`),
    note(
      `${wide.name}: against bare publish in the same scene`,
      `${(perDelivery(costs[2].cost) / perDelivery(wideBare)).toFixed(2)} times`,
    ),
  ]
}

function figuresOf(scene: Scene, cost: Measured, yardstick: number): Figure[] {
  const { name, peoplePerRoom, ratioMax } = scene
  const { heard, tookSeconds } = cost
  return [
    note(
      name,
      `${costText(cost)}, ${Math.round(heard.deliveries / tookSeconds).toLocaleString("en")} deliveries/s in ${Math.round(heard.frames / tookSeconds).toLocaleString("en")} frames/s: ${cpuText(cost)}`,
    ),
    atMost(
      `${name}: CPU per delivery, in bare publishes`,
      perDelivery(cost) / yardstick,
      ratioMax,
      "times",
      2,
    ),
    atMost(`${name}: delivery, p99`, below(heard.delivery, 0.99), DELIVERY_P99_MAX_MS, "ms"),
    note(
      `${name}: delivery, median; the load's own lateness, p99`,
      `${below(heard.delivery, 0.5).toFixed(1)} ms; ${below(heard.lag, 0.99).toFixed(1)} ms`,
    ),
    atMost(
      `${name}: refused, lost or out of order`,
      heard.refused + heard.holes + missing(cost, peoplePerRoom),
      0,
      "events",
      0,
    ),
  ]
}

/** Deliveries of what was accepted that came to nobody. */
function missing({ heard }: Measured, peoplePerRoom: number): number {
  return Math.max(0, heard.accepted * peoplePerRoom - heard.deliveries)
}

function perDelivery({ serverSeconds, heard }: Measured): number {
  return (serverSeconds / heard.deliveries) * 1e6
}

function costText(measured: Measured): string {
  return `${perDelivery(measured).toFixed(2)} µs a delivery`
}

async function measureParley(scene: Scene, setting: Setting): Promise<Measured> {
  const data = join(setting.folder, "fanout")
  await rm(data, { recursive: true, force: true })
  const { seats } = await prepare(data, scene.rooms, scene.peoplePerRoom)
  const server = await serveParley(setting.program, {
    data,
    ...profiling(setting, `fanout-${scene.perSecond}`),
  })
  const loads = openLoads(LISTENERS)
  try {
    await loads.join(server.ws, seats)
    return await measure(loads, server.pid, { perSecond: scene.perSecond, seconds: setting.seconds })
  } finally {
    await loads.stop()
    await server.stop()
  }
}

async function measureBare(scene: Scene, { folder, seconds }: Setting): Promise<Measured> {
  const port = freePort()
  const url = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(url).then(
      () => true,
      () => false,
    )
  const command = [process.execPath, join(import.meta.dir, "..", "bench/bare.ts"), String(port)]
  const server = await serveProcess(command, join(folder, "bare.log"), isReady)
  const rooms = Array.from(
    { length: scene.rooms },
    (_, index): Uuid => `019a0000-0000-7000-8000-${String(index).padStart(12, "0")}`,
  )
  const loads = openLoads(LISTENERS)
  try {
    await loads.joinBare(
      url.replace("http", "ws"),
      rooms.flatMap((room) => Array.from({ length: scene.peoplePerRoom }, () => room)),
    )
    return await measure(loads, server.pid, { perSecond: scene.perSecond, seconds })
  } finally {
    await loads.stop()
    await server.stop()
  }
}
