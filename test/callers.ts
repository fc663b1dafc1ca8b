import { connect, type Socket } from "node:net"
import { readDown } from "../protocol/codec.ts"
import type { Event } from "../protocol/event.ts"
import type { Down, Welcome } from "../protocol/frames.ts"
import { type Uuid, uuid7 } from "../protocol/ids.ts"
import { type Server, until } from "./server.ts"

export type FrameWire = "websocket" | "tcp"

/** Anything that can be put on a wire: a frame, or text and bytes that are none. */
type Utterance = object | string | Uint8Array

/** One connection whose frames are said and heard by hand. */
export interface Caller {
  /** Everything the server said, in order. */
  readonly heard: readonly Down[]
  say(...what: readonly Utterance[]): void
  /** The first frame of a type that fits, from now or earlier. */
  hear<Type extends Down["type"]>(
    type: Type,
    fits?: (frame: Extract<Down, { type: Type }>) => boolean,
  ): Promise<Extract<Down, { type: Type }>>
  /** Everything said so far is answered, and what it caused is here. */
  settled(): Promise<void>
  isOver(): boolean
  hangUp(): void
  /** Says that nothing more will be said, where the wire can tell. */
  finish(): void
}

interface Line {
  write(what: string | Uint8Array): void
  end(): void
  destroy(): void
}

/** Opens a connection and says nothing yet. */
export function call(server: Pick<Server, "http" | "tcp">, wire: FrameWire): Promise<Caller> {
  return wire === "tcp" ? callTcp(server.tcp) : callWebSocket(server.http)
}

function callerOver(line: Line, heard: Down[], isOver: () => boolean): Caller {
  let pings = 0
  const caller: Caller = {
    heard,
    say(...what) {
      for (const each of what)
        line.write(typeof each === "string" || each instanceof Uint8Array ? each : JSON.stringify(each))
    },
    async hear(type, fits = () => true) {
      const find = () =>
        heard.find(
          (frame): frame is Extract<Down, { type: typeof type }> =>
            frame.type === type && fits(frame as never),
        )
      await until(
        () => find() !== undefined || isOver(),
        () => `a frame ${type}; heard ${JSON.stringify(heard.slice(-5))}`,
      )
      const found = find()
      if (!found) throw new Error(`The connection ended without ${type}: ${JSON.stringify(heard.slice(-5))}`)
      return found
    },
    async settled() {
      const id = `settled ${++pings}`
      caller.say({ type: "ping", id })
      await caller.hear("pong", (pong) => pong.id === id)
    },
    isOver,
    hangUp: () => line.destroy(),
    finish: () => line.end(),
  }
  return caller
}

async function callTcp(port: number): Promise<Caller> {
  const heard: Down[] = []
  let isOver = false
  let rest = ""
  const decoder = new TextDecoder()
  const socket: Socket = connect({ host: "127.0.0.1", port, noDelay: true })
  socket.on("data", (chunk: Buffer) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    for (const each of lines) take(heard, each)
  })
  socket.on("error", () => {})
  socket.on("close", () => {
    isOver = true
  })
  await new Promise<void>((ready, fail) => socket.once("connect", ready).once("error", fail))
  const write = (what: string | Uint8Array) => {
    socket.write(what)
    socket.write("\n")
  }
  return callerOver({ write, end: () => socket.end(), destroy: () => socket.destroy() }, heard, () => isOver)
}

async function callWebSocket(port: number): Promise<Caller> {
  const heard: Down[] = []
  let isOver = false
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ["parley.1"])
  socket.addEventListener("message", ({ data }) => take(heard, String(data)))
  socket.addEventListener("close", () => {
    isOver = true
  })
  await new Promise<void>((ready, fail) => {
    socket.addEventListener("open", () => ready())
    socket.addEventListener("error", () => fail(new Error("The WebSocket could not be opened.")))
  })
  const write = (what: string | Uint8Array) => {
    if (socket.readyState === WebSocket.OPEN)
      socket.send(typeof what === "string" ? what : new Uint8Array(what))
  }
  return callerOver({ write, end: () => socket.close(), destroy: () => socket.close() }, heard, () => isOver)
}

function take(heard: Down[], text: string): void {
  const frame = text === "" ? undefined : readDown(text)
  if (frame) heard.push(frame)
}

/** Signs in by a token, or as told. */
export async function enter(caller: Caller, how: object): Promise<Welcome> {
  caller.say({ type: "hello", version: 1, ...how })
  return caller.hear("welcome")
}

/** The events of a room as a connection was sent them, proved to join without a seam or a double (FOLLOW-4). */
export function eventsHeard({ heard }: Pick<Caller, "heard">, room: Uuid): readonly Event[] {
  let cursor: number | undefined
  const events: Event[] = []
  for (const frame of heard) {
    if (frame.type !== "events" || frame.room !== room) continue
    if (cursor !== undefined && frame.after !== cursor)
      throw new Error(`A frame goes on after ${frame.after}, the one before it came to ${cursor}.`)
    for (const event of frame.events) {
      if (event.seq <= (events.at(-1)?.seq ?? frame.after) || event.seq > frame.to)
        throw new Error(`Event ${event.seq} stands where it should not.`)
      events.push(event)
    }
    cursor = frame.to
  }
  return events
}

/** A new id such as clients make. */
export function newId(): Uuid {
  return uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)))
}
