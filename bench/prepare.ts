import { type Uuid, uuid7 } from "../protocol/ids.ts"
import { isRefusal } from "../protocol/refusals.ts"
import { localBus } from "../server/bus/local.ts"
import type { World } from "../server/core/ports.ts"
import { Rates } from "../server/core/rates.ts"
import { OpenRooms } from "../server/core/rooms.ts"
import { Writes } from "../server/core/writes.ts"
import { makeCounters } from "../server/ops/counters.ts"
import { openStore } from "../server/store/open.ts"

interface Prepared {
  /** One seat per person and room they are in. */
  readonly seats: readonly { readonly token: string; readonly room: Uuid; readonly account: Uuid }[]
  readonly rooms: readonly Uuid[]
}

/** Rows put into the store at once. */
const ROWS_AT_ONCE = 500
const SESSION_LIFE_MS = 30 * 86_400_000

const world: World = {
  now: () => Date.now(),
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  digest: (bytes) => new Uint8Array(new Bun.CryptoHasher("sha256").update(bytes).digest()),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  turn: (run) => void setImmediate(run),
}

const newId = () => uuid7(world.now(), world.random(10))

/**
 * Fills a data folder with so many rooms of so many people each, everyone signed in. Straight into the store: two
 * thousand password hashes would take a minute and measure nothing.
 */
export async function prepare(folder: string, roomCount: number, peoplePerRoom: number): Promise<Prepared> {
  const store = await openStore({ kind: "sqlite", folder })
  const rooms = new OpenRooms({
    log: store.log,
    bus: localBus(),
    world,
    writes: new Writes(world),
    rates: new Rates(world, { perSecond: 1_000_000, burst: 1_000_000 }),
    counters: makeCounters(),
    epoch: store.epoch,
    named: async () => undefined,
    knows: () => true,
    shared: false,
    broke: (error) => console.error(error),
  })
  const ids = Array.from({ length: roomCount }, newId)
  const seats = ids.flatMap((room) =>
    Array.from({ length: peoplePerRoom }, () => {
      const token = Buffer.from(world.random(32)).toString("base64url")
      return { token, room, account: newId() }
    }),
  )
  for (let from = 0; from < seats.length; from += ROWS_AT_ONCE) {
    const some = seats.slice(from, from + ROWS_AT_ONCE)
    await store.records.atomically([
      store.records.db
        .insertInto("account")
        .values(some.map(({ account }, index) => accountRow(account, from + index))),
      store.records.db.insertInto("session").values(some.map(sessionRow)),
    ])
  }
  await Promise.all(
    ids.map((room, index) =>
      fill(rooms, room, index, seats.slice(index * peoplePerRoom, (index + 1) * peoplePerRoom)),
    ),
  )
  await store.close()
  return { seats, rooms: ids }
}

async function fill(rooms: OpenRooms, room: Uuid, index: number, seats: Prepared["seats"]): Promise<void> {
  const [owner, ...others] = seats
  if (!owner) return
  const body = {
    type: "room",
    name: `room-${index}`,
    visibility: "public",
    history: "shared",
    members: [owner.account],
  }
  await done(
    rooms.submit(
      room,
      { account: owner.account, role: "member" },
      { id: newId(), kind: "room.created", body },
    ),
  )
  await Promise.all(
    others.map(({ account }) =>
      done(rooms.submit(room, { account, role: "member" }, { id: newId(), kind: "member.joined", body: {} })),
    ),
  )
}

async function done(answering: Promise<object>): Promise<void> {
  const answer = await answering
  if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.message}`)
}

function accountRow(id: Uuid, index: number) {
  const name = `person${index}`
  return {
    id,
    name,
    fold: name,
    skeleton: name,
    display: name,
    role: "member",
    password: null,
    made_at: world.now(),
    banned: 0,
  } as const
}

function sessionRow({ account, token }: { account: Uuid; token: string }) {
  const hash = new Bun.CryptoHasher("sha256").update(token).digest("hex")
  const now = world.now()
  return {
    id: newId(),
    account,
    token: hash,
    client: "bench",
    address: "127.0.0.1",
    made_at: now,
    seen_at: now,
    expires_at: now + SESSION_LIFE_MS,
  }
}
