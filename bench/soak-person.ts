import type { Uuid } from "../protocol/ids.ts"
import { memoryCache } from "../sdk/caches/memory.ts"
import { type Client, connect } from "../sdk/client.ts"
import { tcpLink } from "../sdk/links/tcp.ts"
import { webSocketLink } from "../sdk/links/websocket.ts"
import type { Link, Wire } from "../sdk/ports.ts"
import type { ParleyServed } from "./parley.ts"

/** What everyone together was told by the server, for the judge at the end. */
export interface Told {
  /** Every `accepted`, by the id of its command. */
  readonly accepted: Map<Uuid, { readonly room: Uuid; readonly seq: number }>
  /** The id that was delivered at each seq of each room. */
  readonly delivered: Map<Uuid, Uuid[]>
  /** Contradictions that showed while it went on. */
  readonly faults: string[]
  refused: number
}

/** Somebody with a program that comes and goes. */
export interface Person {
  readonly account: Uuid
  readonly token: string
  readonly door: "websocket" | "tcp"
  /** What the program keeps over its own restarts. */
  readonly kept: Map<string, string>
  client: Client
  /** The connection of the moment. */
  wire: Wire | undefined
  /** Tells the program that the connection is gone. */
  lost: () => void
}

type Doors = Pick<ParleyServed, "http" | "tcp">

export function appear(account: Uuid, token: string, door: Person["door"], doors: Doors, told: Told): Person {
  const person: Omit<Person, "client"> = {
    account,
    token,
    door,
    kept: new Map(),
    wire: undefined,
    lost: () => {},
  }
  return Object.assign(person, { client: open(person, doors, told) })
}

/** The person's program ends, having kept its outbox, and is started again. */
export async function restart(person: Person, doors: Doors, told: Told): Promise<void> {
  await person.client.close()
  person.client = open(person, doors, told)
}

/** The connection breaks without a word. */
export function cut(person: Person): void {
  const { wire, lost } = person
  person.wire = undefined
  wire?.close()
  lost()
}

function open(person: Omit<Person, "client">, doors: Doors, told: Told): Client {
  const { hostname, port } = new URL(doors.tcp)
  const real =
    person.door === "tcp" ? tcpLink({ host: hostname, port: Number(port) }) : webSocketLink(doors.http)
  const link: Link = {
    open(hear) {
      let isOver = false
      const closed = (why: string) => {
        if (isOver) return
        isOver = true
        hear.closed(why)
      }
      const wire = real.open({
        opened: hear.opened,
        frame(text) {
          if (isOver) return
          listen(text, told)
          hear.frame(text)
        },
        closed,
      })
      person.wire = wire
      person.lost = () => closed("The connection was cut by the soak.")
      return wire
    },
  }
  return connect({ link, token: person.token, cache: memoryCache(person.kept), begin: { after: 0 } })
}

/** Checks what a frame says against all that was said before. */
function listen(text: string, told: Told): void {
  if (text.startsWith('{"type":"accepted"')) {
    const { id, room, seq } = JSON.parse(text)
    const known = told.accepted.get(id)
    if (known && known.seq !== seq) told.faults.push(`${id} was accepted at ${known.seq} and at ${seq}`)
    told.accepted.set(id, { room, seq })
  } else if (text.startsWith('{"type":"events"')) {
    const { room, events } = JSON.parse(text)
    const ids = told.delivered.get(room) ?? []
    told.delivered.set(room, ids)
    for (const { seq, id } of events) {
      if (ids[seq] !== undefined && ids[seq] !== id)
        told.faults.push(`${room} at ${seq} was ${ids[seq]} for one and ${id} for another`)
      ids[seq] = id
    }
  } else if (text.startsWith('{"type":"refused","of":"submit"')) told.refused++
}
