// Long because it is the only file that knows everyone: it opens the parts, hands each its ports, closes them in order.
import { readFileSync } from "node:fs"
import { hostname } from "node:os"
import { join, resolve } from "node:path"
import { version } from "../package.json"
import { openAccounts } from "./accounts/open.ts"
import { openApi } from "./api/open.ts"
import { localBus } from "./bus/local.ts"
import { type Address, type Config, flagOf } from "./config.ts"
import { followHouseLog } from "./core/house-log.ts"
import type { Logger, Records, World } from "./core/ports.ts"
import { Rates } from "./core/rates.ts"
import { OpenRooms } from "./core/rooms.ts"
import { OpenSessions } from "./core/sessions.ts"
import { Presences } from "./core/signals.ts"
import { Writes } from "./core/writes.ts"
import { NotifyFollower } from "./notify/follower.ts"
import { fingerprintOf, type KeyAndCertificate } from "./ops/certificate.ts"
import { makeCounters } from "./ops/counters.ts"
import { makeReadiness, probeStore } from "./ops/health.ts"
import { makeLogger } from "./ops/logger.ts"
import { metricsText } from "./ops/metrics.ts"
import type { OperatorParts } from "./ops/operation.ts"
import { makeControl, makeOperator, type Operator } from "./ops/operator.ts"
import { ownCertificate } from "./ops/own-certificate.ts"
import { watchLog } from "./ops/store-watch.ts"
import { searchLanguage } from "./search/query.ts"
import { backup, restore, verify } from "./store/inspector.ts"
import { openStore } from "./store/open.ts"
import { argon2id } from "./store/passwords.ts"
import { openSearch } from "./store/search.ts"
import { entrancePage } from "./transports/entrance.ts"
import { listenControl, listenHttp } from "./transports/http.ts"
import { SESSION_COOKIE } from "./transports/origin.ts"
import { createReception, type Listener } from "./transports/reception.ts"
import { listenTcp } from "./transports/tcp.ts"
import { welcomePage } from "./transports/welcome.ts"

/** How long what is already judged may take to reach the disk when the server is told to stop. */
const DRAIN_COMMITS_MAX_MS = 5_000

/** The world as it is. */
const world: World = {
  now: () => Date.now(),
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  digest: (bytes) => {
    const out = new Uint8Array(32)
    Bun.SHA256.hash(bytes, out)
    return out
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  turn: (run) => void setImmediate(run),
}

/** A server that runs, with its doors or without. */
interface Running {
  /** Where to go: a word for the door and its address. */
  readonly doors: readonly { readonly name: string; readonly url: string }[]
  /** SHA-256 of the certificate that the server made for itself, where a door uses it. */
  readonly fingerprint: string | undefined
  /** While there is no owner: the code that makes one. */
  readonly setupCode: string | undefined
  readonly operator: Operator
  readonly log: Logger
  /** Takes no more, finishes what it has, tells everyone to come back, closes. */
  drain(): Promise<void>
}

interface StartOptions {
  /** False: no doors; for commands that work on the data folder while no server runs. */
  readonly listen: boolean
}

/** Opens a house and, unless told otherwise, its doors. Throws a sentence for people when it cannot. */
export async function start(config: Config, { listen }: StartOptions): Promise<Running> {
  const log = makeLogger({
    form: config.log.form ?? "text",
    level: config.log.level,
    write: (line) => void process.stderr.write(`${line}\n`),
    now: world.now,
  })
  const broke = (error: unknown) => log.error("Something broke and was contained.", { error })
  const closing: Closing[] = []
  try {
    const house = await openHouse(config, { log, broke, closing })
    const setupCode = await house.ensureOwner()
    const doors = listen ? openDoors(config, house) : []
    if (isOpenToAll(config, house.operatorParts.services.settings.current().registration))
      log.warn("Anyone in the network may make an account; --registration invite ends that.")
    return {
      doors: doors.flatMap(({ name, listener: { url } }) => (name === "control" ? [] : [{ name, url }])),
      fingerprint: house.certificate?.isOwn ? fingerprintOf(house.certificate.cert) : undefined,
      setupCode,
      operator: makeOperator(house.operatorParts),
      log,
      async drain() {
        if (listen) log.info("Draining: nothing more is taken.")
        for (const { listener } of doors) listener.drain()
        await house.quiet()
        for (const { listener } of doors) await listener.close()
        await closeAll(closing)
        if (listen) log.info("Closed: all that was accepted is on disk.")
      },
    }
  } catch (error) {
    await closeAll(closing)
    throw error
  }
}

/** Closes one part of the house. */
type Closing = () => void | Promise<void>

interface Surroundings {
  readonly log: Logger
  readonly broke: (error: unknown) => void
  /** Each part that is open adds how it is closed, so that one that cannot be opened leaves none behind. */
  readonly closing: Closing[]
}

/** The last opened first. */
async function closeAll(closing: Closing[]): Promise<void> {
  for (let close = closing.pop(); close; close = closing.pop()) await close()
}

type OpenHouse = Awaited<ReturnType<typeof openHouse>>

/** Everything but the doors. */
async function openHouse(config: Config, { log, broke, closing }: Surroundings) {
  const folder = resolve(config.data)
  const startedAtMs = world.now()
  const certificate = certificateOf(config, folder)
  const store = await openStore(config.store === "memory" ? { kind: "memory" } : { kind: "sqlite", folder })
  closing.push(() => store.close())
  const { records, pages, feed } = store
  const record = watchLog(store.log, log)
  const bus = localBus()
  const counters = makeCounters()
  const writes = new Writes(world)
  const rooms = new OpenRooms({
    log: record,
    bus,
    world,
    writes,
    rates: new Rates(world, { perSecond: config.messageRate, burst: config.messageBurst }),
    counters,
    epoch: store.epoch,
    named: (fold) => holderOf(records, fold),
    knows: (account) => accounts.account(account) !== undefined,
    shared: false,
    broke,
  })
  const {
    accounts,
    services,
    house,
    tellSelf,
    close: closeAccounts,
  } = await openAccounts({
    records,
    world,
    passwords: argon2id(),
    rooms,
    revocations: { revoked: (...whom) => sessions.revoked(...whom) },
    settings: { name: config.name, registration: config.registration, welcome: "" },
    broke,
  })
  closing.push(closeAccounts)
  const search = await openSearch({
    ...(config.store === "memory" ? { kind: "memory", feed } : { kind: "sqlite", folder }),
    broke,
  })
  closing.push(() => search.close())
  const presences = new Presences(world, bus)
  closing.push(() => presences.close())
  const api = openApi({
    version,
    world,
    rooms,
    log: record,
    pages,
    records,
    accounts,
    services,
    search,
    language: searchLanguage,
    signals: presences,
    sessionCookie: SESSION_COOKIE,
    broke,
  })
  closing.push(() => api.close())
  const sessions = new OpenSessions({
    world,
    rooms,
    accounts,
    requests: api,
    presences,
    writes,
    counters,
    server: () => ({ name: services.settings.current().name, version }),
    seen: (who) => services.sessions.seen(who),
    roomsOf: (account) => pages.roomsOf(account),
    broke,
  })
  closing.push(() => sessions.drain())
  const notify = new NotifyFollower({
    log: record,
    feed,
    rooms,
    records,
    accounts,
    tellSelf,
    world,
    broke,
  })
  closing.push(() => notify.stop())
  const houseLog = followHouseLog({
    log: record,
    bus,
    world,
    position: () => house.position,
    apply: (event) => house.apply(event),
    broke,
  })
  closing.push(() => houseLog.stop())
  await houseLog.caughtUp
  rooms.onAppended((room, events) => {
    sessions.membersChanged(room, events)
    search.wake()
    notify.wake()
  })
  notify.wake()
  let draining = false
  const operatorParts: OperatorParts = {
    version,
    accounts,
    services,
    rooms,
    log: record,
    records,
    digest: world.digest,
  }
  return {
    folder,
    certificate,
    log,
    broke,
    accounts,
    api,
    sessions,
    counters,
    operatorParts,
    ready: makeReadiness({
      isDraining: () => draining,
      probe: () => probeStore(records, world.now()),
      now: world.now,
    }),
    metrics: () =>
      metricsText(counters, {
        version,
        startedAtMs,
        roomsLoaded: () => rooms.size,
        searchLag: () => search.lag(),
      }),
    /** Makes the owner that the options name, or gives the code with which somebody can become one. */
    async ensureOwner(): Promise<string | undefined> {
      if (config.owner === undefined) return services.setup.code()
      const made = await services.setup.ensureOwner(config.owner, config.ownerPassword ?? "")
      if ("code" in made) throw new Error(`The owner ${config.owner} cannot be made: ${made.message}`)
      return undefined
    },
    /** Finishes what was judged and sends everyone away. */
    async quiet(): Promise<void> {
      draining = true
      await within(DRAIN_COMMITS_MAX_MS, rooms.drain())
      sessions.drain()
    },
  }
}

/** Waits no longer than so; a timer that is left running would hold the process. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let stop = () => {}
  const late = new Promise<void>((done) => {
    stop = world.after(ms, done)
  })
  await Promise.race([work, late])
  stop()
}

/** Whether a door beyond this machine stands open to whoever comes. */
function isOpenToAll({ http, https, tcp, tcpTls }: Config, registration: Config["registration"]): boolean {
  const isNear = (host: string) => /^(127\.|::1$|localhost$)/.test(host)
  return registration === "open" && [http, https, tcp, tcpTls].some((at) => at !== "off" && !isNear(at.host))
}

/** Who holds the name of a room. */
async function holderOf({ db }: Records, fold: string): Promise<string | undefined> {
  const held = db.selectFrom("claim").select("holder").where("space", "=", "room").where("key", "=", fold)
  return (await held.executeTakeFirst())?.holder
}

interface Door {
  readonly name: string
  readonly listener: Listener
}

/** Opens every door the options ask for; when one cannot be opened, those that were are closed again. */
function openDoors(config: Config, house: OpenHouse): readonly Door[] {
  const reception = createReception({
    sessions: house.sessions,
    nameOf: (account) => house.accounts.account(account)?.name,
    log: house.log,
    counters: house.counters,
    world,
  })
  const tls = house.certificate
  const web = {
    publicUrl: config.publicUrl,
    trustProxy: config.trustProxy,
    api: house.api.http,
    web: async (request: Request) => (await welcomePage(request)) ?? entrancePage(request),
    metrics: house.metrics,
    ready: house.ready,
  }
  const doors: Door[] = []
  const open = (
    name: string,
    option: keyof Config,
    at: Address | "off",
    listen: (at: Address) => Listener,
  ) => {
    if (at !== "off") doors.push({ name, listener: opened(option, at, listen) })
  }
  try {
    open("Web", "http", config.http, (at) => listenHttp(reception, { ...web, ...at }))
    open("Web", "https", config.https, (at) => listenHttp(reception, { ...web, ...at, tls }))
    open("TCP", "tcp", config.tcp, (at) => listenTcp(reception, at))
    open("TCP", "tcpTls", config.tcpTls, (at) => listenTcp(reception, { ...at, tls }))
    if (config.store !== "memory") {
      const control = makeControl(house.operatorParts, house.log)
      doors.push({
        name: "control",
        listener: listenControl(reception, join(house.folder, "control.sock"), control),
      })
    }
    return doors
  } catch (error) {
    for (const { listener } of doors) void listener.close()
    throw error
  }
}

function opened(option: keyof Config, at: Address, listen: (at: Address) => Listener): Listener {
  try {
    return listen(at)
  } catch (error) {
    throw new Error(`Nothing can listen at ${at.host}:${at.port}: ${whyNot(error)} with ${flagOf(option)}.`)
  }
}

/** Why, and what to do with the option. */
function whyNot(error: unknown): string {
  switch (error instanceof Error && "code" in error ? error.code : "") {
    case "EADDRINUSE":
      return "the port is taken. Stop the program that has it, or choose another"
    case "EACCES":
      return "this account may not open so low a port. Choose one from 1024 up"
    case "EADDRNOTAVAIL":
      return "this machine has no such address. Choose another"
    default:
      return `${error instanceof Error ? error.message : "the system does not say why"}. Choose another place`
  }
}

/** The certificate of the doors with TLS: the one that was given, or the server's own. Undefined: there is no such door. */
function certificateOf(config: Config, folder: string): (KeyAndCertificate & { isOwn: boolean }) | undefined {
  const doors = [config.https, config.tcpTls].filter((door) => door !== "off")
  if (doors.length === 0) return undefined
  if (config.tlsCert !== undefined && config.tlsKey !== undefined) {
    return { cert: pemOf("--tls-cert", config.tlsCert), key: pemOf("--tls-key", config.tlsKey), isOwn: false }
  }
  const isWildcard = (host: string) => host === "0.0.0.0" || host === "::"
  const hosts = doors.map(({ host }) => host).filter((host) => !isWildcard(host))
  const named = config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname]
  const names = new Set(["localhost", hostname(), "127.0.0.1", "::1", ...hosts, ...named])
  return { ...ownCertificate(folder, [...names], world.now()), isOwn: true }
}

function pemOf(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    throw new Error(`${flag}: ${path} cannot be read; check the path, and that this account may read it.`)
  }
}

/** What is done with a data folder beside its server, or without one. */
export const upkeep = { backup, restore, verify }
