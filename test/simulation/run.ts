// Long because it is one story: what happens to the world, and what must be true of it in the end.
import type { Events } from "../../protocol/frames.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal, refusals } from "../../protocol/refusals.ts"
import { memoryCache } from "../../sdk/caches/memory.ts"
import { type Client, connect } from "../../sdk/client.ts"
import type { Cache, Link } from "../../sdk/ports.ts"
import { memoryLog } from "../../server/store/memory.ts"
import { castId } from "../cast.ts"
import { calm, FaultyBus, storm, type Weather } from "./faults.ts"
import { type SimulatedAccount, SimulatedNode } from "./node.ts"
import { type Truth, truthOf } from "./truth.ts"
import { type Life, SimulatedWorld } from "./world.ts"

const NODES = 3
const PEOPLE = 4
const STORM_STEPS = 500
/** After the storm everything must come to rest within so many steps. */
const CALM_STEPS_MAX = 60_000

interface Result {
  readonly events: number
  readonly accepted: number
  readonly refused: number
}

interface Sent {
  readonly id: Uuid
  readonly room: Uuid
  outcome: "open" | "accepted" | "refused"
  seq: number
}

interface Person {
  readonly account: SimulatedAccount
  /** Survives a restart of the client. */
  readonly cache: Cache
  life: Life
  client: Client
  cut: () => void
  readonly sent: Sent[]
  /** Commands that were once refused for good. A late copy of one may still enter the log: then the refusal is void. */
  readonly refused: Set<Uuid>
  /** Every event that ever reached this account, by room. */
  readonly seen: { readonly room: Uuid; readonly seq: number; readonly id: Uuid; readonly erased: boolean }[]
}

const rooms = [castId(0xb001), castId(0xb002)] as const

/** Plays one seed; throws when any promise is broken. */
export async function play(seed: number): Promise<Result> {
  const play = new Play(seed)
  await play.open()
  await play.storm()
  await play.rest()
  return play.judge()
}

class Play {
  readonly world: SimulatedWorld
  readonly weather: Weather = { ...storm }
  readonly log: ReturnType<typeof memoryLog>
  readonly bus: FaultyBus
  readonly epoch = castId(0xe)
  readonly lossy: boolean
  readonly accounts: readonly SimulatedAccount[]
  readonly people: Person[] = []
  nodes: SimulatedNode[] = []
  readonly fallen: SimulatedNode[] = []

  constructor(seed: number) {
    this.world = new SimulatedWorld(seed)
    this.lossy = seed % 2 === 1
    this.log = memoryLog({ epoch: this.epoch, world: this.world.seenBy(this.world.always) })
    this.bus = new FaultyBus(this.world, this.weather)
    this.accounts = Array.from({ length: PEOPLE }, (_, index) => ({
      id: castId(0xa001 + index),
      name: `p${index}`,
    }))
  }

  // ------------------------------------------------------------ the story

  async open(): Promise<void> {
    this.nodes = Array.from({ length: NODES }, () => this.newNode())
    const members = this.accounts.slice(0, 3).map(({ id }) => id)
    for (const [index, room] of rooms.entries()) {
      const body = {
        type: "room",
        name: `room${index}`,
        visibility: "public",
        history: index === 0 ? "shared" : "joined",
        members,
      }
      await this.log.append([
        {
          room,
          epoch: this.epoch,
          after: 0,
          entries: [this.created(body)],
          card: {
            type: "room",
            name: `room${index}`,
            topic: "",
            visibility: "public",
            archived: false,
            members: 3,
          },
        },
      ])
    }
    for (const account of this.accounts) this.people.push(this.newPerson(account))
  }

  created(body: { members: readonly Uuid[] }) {
    const [owner] = body.members
    return {
      id: this.id(),
      at: this.world.nowMs,
      by: owner ?? "",
      kind: "room.created",
      body: JSON.stringify(body),
    }
  }

  id(): Uuid {
    return castId(this.world.below(2 ** 40))
  }

  newNode(): SimulatedNode {
    return new SimulatedNode(this.world, this.weather, this.log, this.bus, this.epoch, this.accounts, rooms)
  }

  newPerson(account: SimulatedAccount): Person {
    const person: Partial<Person> = { account, cache: memoryCache(), sent: [], seen: [], refused: new Set() }
    return Object.assign(person, this.newClient(person as Person)) as Person
  }

  newClient(person: Person): Pick<Person, "life" | "client" | "cut"> {
    const life: Life = { alive: true }
    const link: Link = {
      lossy: this.lossy,
      open: (hear) => {
        const node = this.world.pick(this.nodes)
        if (!node) throw new Error("There is no node.")
        const wire = node.connect(life, this.lossy, {
          ...hear,
          frame: (text) => this.hears(person, text, hear.frame),
        })
        person.cut = wire.cut
        return wire
      },
    }
    const { after, now, random } = this.world.seenBy(life)
    const client = connect({
      link,
      cache: mortal(person.cache, life),
      token: person.account.id,
      begin: { after: 0 },
      world: { after, now, random },
    })
    return { life, client, cut: () => {} }
  }

  hears(person: Person, text: string, on: (text: string) => void): void {
    const frame: { type: string; id?: Uuid; retry?: boolean } = JSON.parse(text)
    if (frame.type === "refused" && frame.id !== undefined && !frame.retry) person.refused.add(frame.id)
    if (frame.type === "events") {
      const { room, events } = frame as Events
      for (const { seq, id, body } of events) person.seen.push({ room, seq, id, erased: body === null })
    }
    on(text)
  }

  async storm(): Promise<void> {
    for (let step = 0; step < STORM_STEPS; step++) {
      this.happening()
      await this.world.step()
    }
  }

  happening(): void {
    const { world } = this
    const person = world.pick(this.people)
    const room = world.pick(rooms)
    if (!person || !room) return
    const dice = world.random()
    if (dice < 0.3) this.act(person, room)
    else if (dice < 0.325) person.cut()
    else if (dice < 0.335) this.restart(person)
    else if (dice < 0.345) this.fell(world.below(NODES))
  }

  /** The person's program dies with all it had not kept, and is started again over the same cache. */
  restart(person: Person): void {
    person.life.alive = false
    person.cut()
    Object.assign(person, this.newClient(person))
  }

  /** A node dies between any two steps, and another takes its place. */
  fell(index: number): void {
    const node = this.nodes[index]
    if (!node) return
    node.kill()
    this.fallen.push(node)
    this.nodes[index] = this.newNode()
  }

  act(person: Person, room: Uuid): void {
    const { world } = this
    const known = [...person.client.room(room).messages]
    const target = world.chance(0.2)
      ? world.pick(person.sent.filter((one) => one.room === room))?.id
      : world.pick(known)?.seq
    const other = world.pick(this.accounts)?.id
    const dice = world.random()
    const text = `${person.account.name} ${world.below(1_000_000)}`
    if (dice < 0.45 || target === undefined)
      this.send(person, room, { kind: "message.posted", body: { text } })
    else if (dice < 0.55) this.send(person, room, { kind: "message.posted", body: { text, replyTo: target } })
    else if (dice < 0.6) this.send(person, room, { kind: "message.posted", body: { text, root: target } })
    else if (dice < 0.68) this.send(person, room, { kind: "message.edited", body: { text }, target })
    else if (dice < 0.73) this.send(person, room, { kind: "message.deleted", body: {}, target })
    else if (dice < 0.79) this.send(person, room, { kind: "reaction.added", body: { emoji: "👍" }, target })
    else if (dice < 0.82) this.send(person, room, { kind: "reaction.removed", body: { emoji: "👍" }, target })
    else if (dice < 0.88) this.send(person, room, { kind: "member.joined", body: {} })
    else if (dice < 0.91) this.send(person, room, { kind: "member.left", body: {} })
    else if (dice < 0.94) this.send(person, room, { kind: "member.removed", body: { account: other } })
    else if (dice < 0.97) this.send(person, room, { kind: "room.topic", body: { topic: text } })
    else
      this.send(person, room, {
        kind: "room.history",
        body: { history: world.chance(0.5) ? "shared" : "joined" },
      })
  }

  send(person: Person, room: Uuid, saying: { kind: string; body: unknown; target?: number | Uuid }): void {
    const { id, settled } = person.client.room(room).submit(saying)
    const sent: Sent = { id, room, outcome: "open", seq: 0 }
    person.sent.push(sent)
    settled
      .then((answer) => {
        if (isRefusal(answer)) sent.outcome = refusals[answer.code].retry ? "open" : "refused"
        else Object.assign(sent, { outcome: "accepted", seq: answer.seq })
      })
      .catch(() => undefined)
  }

  /**
   * The weather clears and everyone finishes. Then all connect once more: a late copy of a command may have brought
   * someone into a room whose client was told that it was refused, and a welcome says which rooms one is in.
   */
  async rest(): Promise<void> {
    Object.assign(this.weather, calm)
    await this.until(() => this.unsent())
    for (const person of this.people) person.cut()
    await this.until(() => [...this.unsent(), ...this.behind()])
  }

  async until(unrest: () => readonly string[]): Promise<void> {
    for (let step = 0; step < CALM_STEPS_MAX; step++) {
      if (step % 250 === 249) {
        await this.look()
        if (unrest().length === 0) return
      }
      await this.world.step()
    }
    throw new Error(`nothing came to rest: ${unrest().join("; ")}`)
  }

  unsent(): string[] {
    return this.people.flatMap(({ account, client }) => {
      const pending = rooms.flatMap((room) => client.room(room).pending.filter((one) => one.is !== "failed"))
      const offline = client.state.is === "online" ? [] : [`${account.name} is ${client.state.is}`]
      return pending.length === 0
        ? offline
        : [...offline, `${account.name} waits for ${pending.length} commands`]
    })
  }

  behind(): string[] {
    return this.people.flatMap(({ account, client }) =>
      rooms.flatMap((room) => {
        const { head } = this.truth(room)
        const cursor = client.room(room).replica?.place?.cursor
        const isBehind = head.members.has(account.id) && cursor !== head.seq
        return isBehind ? [`${account.name} is at ${cursor} of ${head.seq}`] : []
      }),
    )
  }

  readonly #truths = new Map<Uuid, Truth>()

  /** The log as it was last looked at. */
  truth(room: Uuid): Truth {
    return this.#truths.get(room) ?? truthOf([])
  }

  async look(): Promise<void> {
    for (const room of rooms) this.#truths.set(room, truthOf(await this.log.read(room, 0, 1_000_000)))
  }

  // ------------------------------------------------------------ the checker

  judge(): Result {
    const bugs = [...this.nodes, ...this.fallen].flatMap((node) => node.broken)
    if (bugs.length > 0)
      throw new Error(`the core broke: ${bugs[0] instanceof Error ? bugs[0].stack : bugs[0]}`)
    for (const room of rooms) this.judgeLog(this.truth(room))
    for (const person of this.people) {
      for (const sent of person.sent) this.judgeSent(person, sent)
      for (const room of rooms) this.judgeReplica(person, room, this.truth(room))
      this.judgeSight(person)
    }
    const sent = this.people.flatMap((person) => person.sent)
    return {
      events: rooms.reduce((sum, room) => sum + this.truth(room).events.length, 0),
      accepted: sent.filter((one) => one.outcome === "accepted").length,
      refused: sent.filter((one) => one.outcome === "refused").length,
    }
  }

  judgeLog({ events }: Truth): void {
    for (const [index, event] of events.entries()) {
      claim(event.seq === index + 1, `a hole in the log at ${index + 1}`)
      claim(index === 0 || event.at >= (events[index - 1]?.at ?? 0), `time runs backwards at ${event.seq}`)
    }
    claim(new Set(events.map(({ id }) => id)).size === events.length, "an id is in the log twice")
  }

  judgeSent({ account, sent, refused, client }: Person, one: Sent): void {
    const { events } = this.truth(one.room)
    const found = events.filter((event) => event.id === one.id)
    if (one.outcome === "accepted") {
      const isThere = found.length === 1 && found[0]?.seq === one.seq
      claim(isThere, `${account.name}'s accepted ${one.id} is not in the log once, at ${one.seq}`)
    }
    if (found.length === 0) return
    for (const event of found) claim(event.by === account.id, `${one.id} is in the log under another's name`)
    // Who was put out before it came cannot know of it.
    const room = client.room(one.room)
    const isHere = (room.replica?.place?.cursor ?? 0) >= (found[0]?.seq ?? 0)
    const isShownAsFailed = isHere && room.pending.some(({ id }) => id === one.id)
    claim(!isShownAsFailed, `${account.name} is shown ${one.id} as not sent, and it is in the log`)
    if (refused.has(one.id)) return
    // What one client says in a room takes effect in the order in which it was said.
    const earlier = sent
      .slice(0, sent.indexOf(one))
      .filter((other) => other.room === one.room && !refused.has(other.id))
    const seqs = earlier.map((other) => events.find((event) => event.id === other.id)?.seq ?? 0)
    claim((found[0]?.seq ?? 0) > Math.max(0, ...seqs), `${account.name}'s ${one.id} overtook an earlier one`)
  }

  judgeReplica({ account, client }: Person, room: Uuid, truth: Truth): void {
    const member = truth.head.members.get(account.id)
    if (!member) return
    const { replica } = client.room(room)
    claim(
      replica?.place?.cursor === truth.head.seq,
      `${account.name} is at ${replica?.place?.cursor} of ${truth.head.seq}`,
    )
    for (const event of truth.events) {
      const expected = truth.shown.get(event.seq)
      const isHere =
        event.target === undefined && event.seq >= member.from && (event.cites ?? event.seq) >= member.from
      if (!isHere || !expected || (expected.type === "message" && expected.root !== undefined)) continue
      const seen = replica?.scroll.get(event.seq)
      claim(
        Bun.deepEquals(seen, expected),
        `${account.name} shows ${JSON.stringify(seen)} for ${JSON.stringify(expected)}`,
      )
    }
  }

  judgeSight({ account, seen }: Person): void {
    for (const one of seen) {
      const truth = this.truth(one.room)
      claim(
        truth.events[one.seq - 1]?.id === one.id,
        `${account.name} was given ${one.id} at ${one.seq}, which the log does not hold there`,
      )
      claim(
        truth.mayHaveSeen(account.id, one),
        `${account.name} was given ${one.seq} of a room and may not see it`,
      )
    }
  }
}

/** A cache whose writes die with the program that asked for them. */
function mortal(cache: Cache, life: Life): Cache {
  const never = () => new Promise<never>(() => {})
  return {
    get: (key) => cache.get(key),
    list: (prefix) => cache.list(prefix),
    write: (changes) => (life.alive ? cache.write(changes) : never()),
    scrub: () => cache.scrub(),
    close: () => cache.close(),
  }
}

function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
