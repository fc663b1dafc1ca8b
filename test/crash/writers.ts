import type { Event } from "../../protocol/event.ts"
import type { Accepted, Events, Refused } from "../../protocol/frames.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { connect } from "../../sdk/client.ts"
import type { Link, World } from "../../sdk/ports.ts"
import { realWorld } from "../../sdk/world.ts"
import { type Caller, call, enter, newId } from "../callers.ts"
import { type Server, until } from "../server.ts"
import { http } from "../voices.ts"

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Somebody who goes on writing, whatever happens to the server. */
export interface Writer {
  readonly account: Uuid
  /** Everything that was accepted: where it stands. */
  readonly accepted: ReadonlyMap<Uuid, { readonly room: Uuid; readonly seq: number }>
  /** Refused for good. */
  readonly refused: ReadonlySet<Uuid>
  /** What was said to a room, in that order. */
  said(room: Uuid): readonly Uuid[]
  /** What has arrived of a room, in the order it came; undefined for those who do not listen. */
  replica(room: Uuid): readonly Event[] | undefined
  /** Says nothing new; resolves when everything said is answered. */
  finish(): Promise<void>
  /** Resolves when the rooms that it listens to have been heard up to here. */
  caughtUp(heads: ReadonlyMap<Uuid, number>): Promise<void>
  /** Commands that have no answer. */
  pending(): number
  close(): Promise<void>
}

/** Where the server is now: it comes back at other doors. */
type Where = () => Pick<Server, "url" | "http" | "tcp">

interface Self {
  readonly account: Uuid
  readonly token: string
  readonly rooms: readonly Uuid[]
  readonly random: () => number
}

/** Commands that one writer may have on their way. */
const FLYING = 6
/** So that two cores do more than parse. */
const PAUSE_MS = 2

/** A world in which nobody waits long before they come back. */
export const impatient: World = {
  ...realWorld,
  random: (bytes) => (bytes === 4 ? Uint8Array.of(12, 0, 0, 0) : realWorld.random(bytes)),
}

/** The sdk: messages, edits, reactions and deletions in several rooms at once. */
export function writeBySdk(link: Link, { account, token, rooms, random }: Self): Writer {
  const accepted = new Map<Uuid, { room: Uuid; seq: number }>()
  const refused = new Set<Uuid>()
  const said = new Map<Uuid, Uuid[]>(rooms.map((room) => [room, []]))
  const heard = new Map<Uuid, Event[]>(rooms.map((room) => [room, []]))
  const client = connect({ link, token, begin: { after: 0 }, world: impatient })
  for (const room of rooms) client.room(room).on("event", (event) => heard.get(room)?.push(event))
  let [flying, isOver] = [0, false]
  const say = () => {
    const id = rooms[Math.floor(random() * rooms.length)] ?? ""
    const mine = [...accepted.values()].filter(({ room }) => room === id).slice(-20)
    const target = mine[Math.floor(random() * mine.length)]?.seq
    const what = random()
    const room = client.room(id)
    const one =
      target === undefined || what < 0.8
        ? room.say(`word ${said.get(id)?.length}`)
        : what < 0.9
          ? room.edit(target, `better ${said.get(id)?.length}`)
          : what < 0.95
            ? room.react(target, "🌹")
            : room.delete(target)
    said.get(id)?.push(one.id)
    flying++
    void one.settled.then((answer) => {
      flying--
      if (isRefusal(answer)) refused.add(one.id)
      else accepted.set(one.id, { room: answer.room, seq: answer.seq })
    })
  }
  const going = (async () => {
    while (!isOver) {
      if (flying < FLYING) say()
      await Bun.sleep(PAUSE_MS)
    }
  })()
  return {
    account,
    accepted,
    refused,
    said: (room) => said.get(room) ?? [],
    replica: (room) => heard.get(room),
    async finish() {
      isOver = true
      await going
      await until(
        () => flying === 0,
        () => `an answer to ${flying} commands of the sdk; ${JSON.stringify(client.state)}`,
      )
    },
    async caughtUp(heads) {
      for (const [room, seq] of heads)
        await until(
          () => heard.get(room)?.at(-1)?.seq === seq,
          () => `event ${seq}; the sdk has come to ${heard.get(room)?.at(-1)?.seq}`,
        )
    },
    pending: () => rooms.reduce((sum, room) => sum + client.room(room).pending.length, 0) - refused.size,
    close: () => client.close(),
  }
}

/** The commands of one writer to one room, each naming the one before it. */
function outboxOf(room: Uuid) {
  const accepted = new Map<Uuid, { room: Uuid; seq: number }>()
  const refused = new Set<Uuid>()
  const said: Uuid[] = []
  let pending: { readonly id: Uuid }[] = []
  return {
    accepted,
    refused,
    said,
    frames: (): readonly { readonly id: Uuid }[] => pending,
    next() {
      const prev = said.at(-1)
      const body = { text: `line ${said.length}` }
      const link = prev !== undefined && { prev }
      const frame = { type: "submit", room, id: newId(), kind: "message.posted", body, ...link }
      said.push(frame.id)
      pending.push(frame)
      return frame
    },
    /** Answers true when everything is to be sent again. */
    answered(answer: Accepted | Refused): boolean {
      if (answer.type === "refused" && answer.retry) return true
      if (answer.type === "accepted") accepted.set(answer.id, { room: answer.room, seq: answer.seq })
      else if (answer.id !== undefined) refused.add(answer.id)
      pending = pending.filter(({ id }) => id !== answer.id)
      return false
    },
  }
}

/** A room as it is heard over one connection after the other. */
function earOf(room: Uuid) {
  const events: Event[] = []
  let place: { readonly after: number; readonly epoch?: string; readonly check?: string } = { after: 0 }
  return {
    events,
    cursor: () => place.after,
    follow: () => ({ type: "follow", rooms: [{ room, ...place }] }),
    take(frame: Events) {
      if (frame.room !== room) return
      if (frame.after !== place.after) throw new Error(`A frame after ${frame.after} came at ${place.after}.`)
      events.push(...frame.events)
      place = { after: frame.to, epoch: frame.epoch, check: frame.check }
    },
  }
}

/** Lines of TCP by hand, all that has no answer once more after every cut. */
export function writeByLines(where: Where, { account, token, rooms: [room = ""] }: Self): Writer {
  const [outbox, ear] = [outboxOf(room), earOf(room)]
  let [isOver, isClosed] = [false, false]
  let caller: Caller | undefined
  const talk = async (line: Caller) => {
    await enter(line, { token })
    line.say(ear.follow(), ...outbox.frames())
    let read = 0
    while (!line.isOver() && !isClosed) {
      let again = false
      for (const frame of line.heard.slice(read)) {
        read++
        if (frame.type === "events") ear.take(frame)
        if (frame.type === "accepted" || (frame.type === "refused" && frame.of === "submit"))
          again = outbox.answered(frame) || again
      }
      if (again) line.say(...outbox.frames())
      else if (!isOver && outbox.frames().length < FLYING) line.say(outbox.next())
      await Bun.sleep(PAUSE_MS)
    }
  }
  const going = (async () => {
    while (!isClosed) {
      caller = await call(where(), "tcp").catch(() => undefined)
      if (caller) await talk(caller).catch(onlyCuts)
      await Bun.sleep(20)
    }
  })()
  return {
    account,
    accepted: outbox.accepted,
    refused: outbox.refused,
    said: (of) => (of === room ? outbox.said : []),
    replica: (of) => (of === room ? ear.events : undefined),
    async finish() {
      isOver = true
      await until(
        () => outbox.frames().length === 0,
        () => `an answer to ${outbox.frames().length} lines`,
      )
    },
    async caughtUp(heads) {
      const seq = heads.get(room) ?? 0
      await until(
        () => ear.cursor() === seq,
        () => `event ${seq}; the lines have come to ${ear.cursor()}`,
      )
    },
    pending: () => outbox.frames().length,
    async close() {
      isClosed = true
      caller?.hangUp()
      await going
    },
  }
}

/** That a connection ends is what is asked for here; anything else is not. */
function onlyCuts(error: unknown): void {
  if (!/The connection ended/.test(String(error))) throw error
}

/** One request after the other, each repeated with its id until there is an answer. */
export function writeByHttp(where: Where, { account, token, rooms: [room = ""] }: Self): Writer {
  const accepted = new Map<Uuid, { room: Uuid; seq: number }>()
  const refused = new Set<Uuid>()
  const said: Uuid[] = []
  let isOver = false
  const going = (async () => {
    while (!isOver) {
      const id = newId()
      const event = { room, id, kind: "message.posted", body: { text: `request ${said.length}` } }
      said.push(id)
      while (!accepted.has(id) && !refused.has(id)) {
        const answer = await http(where().url, "POST", "/rooms/{room}/events", event, token).catch(
          () => undefined,
        )
        const { seq } = (answer?.body ?? {}) as { readonly seq?: number }
        if (answer?.status === 201 && seq !== undefined) accepted.set(id, { room, seq })
        else if (answer && answer.status < 500 && answer.status !== 429) refused.add(id)
        else await Bun.sleep(20)
      }
      await Bun.sleep(PAUSE_MS)
    }
  })()
  return {
    account,
    accepted,
    refused,
    said: (of) => (of === room ? said : []),
    replica: () => undefined,
    async finish() {
      isOver = true
      await going
    },
    caughtUp: async () => {},
    pending: () => said.length - accepted.size - refused.size,
    close: async () => {},
  }
}
