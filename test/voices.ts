import type { Event } from "../protocol/event.ts"
import type { Uuid } from "../protocol/ids.ts"
import { isRefusal, type Refusal, refusals } from "../protocol/refusals.ts"
import { connect } from "../sdk/client.ts"
import { webSocketLink } from "../sdk/links/websocket.ts"
import type { Link } from "../sdk/ports.ts"
import { type Caller, call, enter, eventsHeard, newId } from "./callers.ts"
import { type Server, until } from "./server.ts"

export const wires = ["websocket", "tcp", "http"] as const
export type WireName = (typeof wires)[number]

export interface Done {
  readonly room: Uuid
  readonly id: Uuid
  readonly seq: number
  readonly at: number
}

/** A room as somebody hears it. */
export interface Ear {
  readonly events: readonly Event[]
  /** Waits until the events fit. */
  until(fits: (events: readonly Event[]) => boolean, what: string): Promise<void>
}

/** One person on one wire. The sdk speaks for those on WebSocket, raw lines for those on TCP, fetch for HTTP. */
export interface Voice {
  /** One of the request table, by name: the body of its answer, or the refusal. */
  ask<Body>(name: string, input?: object): Promise<Body | Refusal>
  submit(room: string, kind: string, body: object, target?: number): Promise<Done | Refusal>
  /** Hears a room from its beginning on, live; over HTTP by asking again and again. */
  listen(room: Uuid): Promise<Ear>
  hangUp(): Promise<void>
}

export function speak(server: Server, wire: WireName, token: string): Promise<Voice> {
  switch (wire) {
    case "websocket":
      return speakBySdk(server, token)
    case "tcp":
      return speakByLines(server, token)
    case "http":
      return speakByFetch(server, token)
    default:
      return wire satisfies never
  }
}

function earOf(read: () => readonly Event[], ask: () => Promise<void> = async () => {}): Ear {
  return {
    get events() {
      return read()
    },
    async until(fits, what) {
      await until(
        async () => {
          await ask()
          return fits(read())
        },
        () => `${what}; heard ${JSON.stringify(read().slice(-6))}`,
      )
    },
  }
}

// ---------------------------------------------------------------- WebSocket, by the sdk

/** A link that keeps what it has heard. */
function overheard(link: Link): { readonly link: Link; readonly heard: Caller["heard"] } {
  const heard: Caller["heard"][number][] = []
  const open: Link["open"] = (hearing) =>
    link.open({
      ...hearing,
      opened: () => hearing.opened(),
      closed: (why) => hearing.closed(why),
      frame: (text) => {
        heard.push(JSON.parse(text))
        hearing.frame(text)
      },
    })
  return { link: { open }, heard }
}

async function speakBySdk({ url }: Server, token: string): Promise<Voice> {
  const { link, heard } = overheard(webSocketLink(url))
  const client = connect({ link, token, begin: { after: 0 } })
  await until(
    () => client.state.is === "online",
    () => `a client that is online: ${JSON.stringify(client.state)}`,
  )
  return {
    ask: (name, input = {}) => client.request(name, input),
    submit: (room, kind, body, target) =>
      client.room(room).submit({ kind, body, ...(target !== undefined && { target }) }).settled,
    async listen(room) {
      const ear = earOf(() => eventsHeard({ heard }, room))
      await ear.until((events) => events.length > 0, `the beginning of ${room}`)
      return ear
    },
    hangUp: () => client.close(),
  }
}

// ---------------------------------------------------------------- TCP, by lines

async function speakByLines(server: Server, token: string): Promise<Voice> {
  const caller = await call(server, "tcp")
  await enter(caller, { token })
  return {
    async ask<Body>(name: string, input: object = {}) {
      const id = newId()
      caller.say({ type: "request", id, name, input })
      const { body, status } = await caller.hear("response", (response) => response.id === id)
      return answered<Body>(status, body)
    },
    async submit(room, kind, body, target) {
      const id = newId()
      caller.say({ type: "submit", room, id, kind, body, ...(target !== undefined && { target }) })
      const answer = () =>
        caller.heard.find(
          (frame) => (frame.type === "accepted" || frame.type === "refused") && frame.id === id,
        )
      await until(() => answer() !== undefined || caller.isOver(), `an answer to ${kind}`)
      const found = answer()
      if (found?.type === "accepted" || found?.type === "refused") return found
      throw new Error("The connection ended without an answer.")
    },
    async listen(room) {
      if (eventsHeard(caller, room).length === 0) caller.say({ type: "follow", rooms: [{ room, after: 0 }] })
      const ear = earOf(() => eventsHeard(caller, room))
      await ear.until((events) => events.length > 0, `the beginning of ${room}`)
      return ear
    },
    hangUp: async () => caller.hangUp(),
  }
}

// ---------------------------------------------------------------- HTTP, by fetch

interface Operation {
  readonly method: string
  readonly path: string
}

/** Where each request of the table is, as the server's own document says. */
async function operationsOf(url: string): Promise<ReadonlyMap<string, Operation>> {
  const document = await (await fetch(`${url}/api/v1/openapi.json`)).json()
  const found = new Map<string, Operation>()
  for (const [path, methods] of Object.entries<Record<string, { operationId: string }>>(document.paths))
    for (const [method, { operationId }] of Object.entries(methods))
      found.set(operationId, { method: method.toUpperCase(), path })
  return found
}

async function speakByFetch({ url }: Server, token: string): Promise<Voice> {
  const operations = await operationsOf(url)
  const ask = async <Body>(name: string, input: object = {}) => {
    const { method, path } = operations.get(name) ?? { method: "GET", path: `/${name}` }
    const { status, body } = await http(url, method, path, input, token)
    return answered<Body>(status, body)
  }
  return {
    ask,
    submit: (room, kind, body, target) =>
      ask<Done>("events.create", { room, kind, body, ...(target !== undefined && { target }) }),
    async listen(room) {
      const events: Event[] = []
      return earOf(
        () => events,
        async () => {
          const after = events.at(-1)?.seq ?? 0
          const page = await ask<{ readonly events: readonly Event[] }>("events.list", { room, after })
          if (!isRefusal(page))
            events.push(...page.events.filter(({ seq }) => seq > (events.at(-1)?.seq ?? 0)))
        },
      )
    },
    hangUp: async () => {},
  }
}

interface HttpAnswer {
  readonly status: number
  readonly body: unknown
}

/** One request over HTTP: fields go into the path where it names them, else into the query or the body. */
export async function http(
  url: string,
  method: string,
  path: string,
  input: object = {},
  token?: string,
): Promise<HttpAnswer> {
  const fields = new Map<string, unknown>(Object.entries(input))
  const filled = path.replace(/\{(\w+)\}/g, (_, field: string) => {
    const value = fields.get(field)
    fields.delete(field)
    return encodeURIComponent(String(value))
  })
  const inBody = method === "POST" || method === "PUT"
  const query = new URLSearchParams()
  if (!inBody) for (const [field, value] of fields) query.set(field, String(value))
  const response = await fetch(`${url}/api/v1${filled}${query.size > 0 ? `?${query}` : ""}`, {
    method,
    headers: {
      ...(inBody && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(inBody && { body: JSON.stringify(Object.fromEntries(fields)) }),
  })
  return { status: response.status, body: await response.json() }
}

/** A status and a body as one; a refusal's status is the one of its code (REQUEST-3). */
function answered<Body>(status: number, body: unknown): Body | Refusal {
  if (status < 400) return body as Body
  if (typeof body !== "object" || body === null || !isRefusal(body))
    throw new Error(`Status ${status} with a body that is no refusal: ${JSON.stringify(body)}`)
  if (refusals[body.code].status !== status)
    throw new Error(`${body.code} came with status ${status} instead of ${refusals[body.code].status}.`)
  return body
}
