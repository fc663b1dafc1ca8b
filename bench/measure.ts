import type { Heard, Talk } from "./crowd.ts"
import { type Loads, sum } from "./loads.ts"
import { cpuSeconds } from "./process.ts"

/** What a stretch of talk cost and brought. */
export interface Measured {
  readonly heard: Heard
  /** Of it, what was accepted while the talk lasted. */
  readonly acceptedInTime: number
  readonly tookSeconds: number
  /** CPU seconds by the operating system's count. */
  readonly serverSeconds: number
  readonly loadSeconds: number
}

const WARM_UP_SECONDS = 3
/** What is still on its way when the talk ends. */
const AFTERWARDS_MS = 300

/** Talks for a while to warm up, then measures. */
export async function measure(loads: Loads, pid: number, talk: Talk): Promise<Measured> {
  await loads.talk({ ...talk, seconds: WARM_UP_SECONDS })
  await Bun.sleep(AFTERWARDS_MS)
  await loads.heard()
  const [server, load, startedMs] = [cpuSeconds(pid), loads.cpuSeconds(), performance.now()]
  await loads.talk(talk)
  const inTime = await loads.heard()
  await Bun.sleep(AFTERWARDS_MS)
  const tookSeconds = (performance.now() - startedMs) / 1_000
  const serverSeconds = cpuSeconds(pid) - server
  const loadSeconds = loads.cpuSeconds() - load
  const heard = sum(inTime, await loads.heard())
  return { heard, acceptedInTime: inTime.accepted, tookSeconds, serverSeconds, loadSeconds }
}

/** CPU of both sides as shares of one core. */
export function cpuText({ tookSeconds, serverSeconds, loadSeconds }: Measured): string {
  const percent = (seconds: number) => `${((seconds / tookSeconds) * 100).toFixed(0)} %`
  return `CPU server ${percent(serverSeconds)}, load ${percent(loadSeconds)}`
}
