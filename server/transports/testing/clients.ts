import { connect as connectPlain, type Socket } from "node:net"
import { connect as connectSecure } from "node:tls"
import type { Client } from "../contract.ts"
import { makeQueue, type Queue } from "./scripted.ts"

interface Address {
  readonly port: number
  /** Speak TLS and trust any certificate. */
  readonly secure?: boolean
}

/** A connection to this machine. Errors end it, as they would for a person. */
export async function dial({ port, secure }: Address): Promise<Socket> {
  const where = { host: "127.0.0.1", port, allowHalfOpen: true }
  const socket = secure ? connectSecure({ ...where, rejectUnauthorized: false }) : connectPlain(where)
  socket.on("error", () => {})
  await new Promise<void>((resolve, reject) => {
    socket.once(secure ? "secureConnect" : "connect", resolve)
    socket.once("close", () => reject(new Error("The connection was closed at once.")))
  })
  return socket
}

/** A client that speaks lines. */
export async function dialLines(address: Address): Promise<Client & { readonly socket: Socket }> {
  const socket = await dial(address)
  const frames = makeQueue<string | undefined>()
  let rest = ""
  const decoder = new TextDecoder("utf-8", { fatal: true })
  socket.on("data", (chunk: Uint8Array) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) frames.put(line)
  })
  untilEnd(socket, frames)
  return {
    socket,
    send: (...texts) => void socket.write(texts.map((text) => `${text}\n`).join("")),
    sendRaw: (bytes) => void socket.write(bytes),
    ...reading(socket, frames),
  }
}

/** A client that speaks WebSocket, written by hand so that it can also speak it badly. */
export async function dialWebSocket(
  address: Address,
  headers: readonly string[] = ["Sec-WebSocket-Protocol: parley.1"],
): Promise<
  Client & { readonly socket: Socket; readonly head: string; readonly ending: () => Uint8Array | undefined }
> {
  const socket = await dial(address)
  const frames = makeQueue<string | undefined>()
  const opened = makeQueue<string>()
  let bytes: Uint8Array = new Uint8Array(0)
  let head: string | undefined
  let ending: Uint8Array | undefined
  socket.on("data", (chunk: Uint8Array) => {
    bytes = Buffer.concat([bytes, chunk])
    if (head === undefined) {
      const end = Buffer.from(bytes).indexOf("\r\n\r\n")
      if (end === -1) return
      head = Buffer.from(bytes.subarray(0, end)).toString()
      bytes = bytes.subarray(end + 4)
      opened.put(head)
    }
    for (let frame = readFrame(bytes); frame; frame = readFrame(bytes)) {
      bytes = bytes.subarray(frame.length)
      if (frame.opcode === TEXT) frames.put(new TextDecoder("utf-8", { fatal: true }).decode(frame.payload))
      if (frame.opcode === CLOSE) ending = frame.payload
    }
  })
  untilEnd(socket, frames)
  socket.once("close", () => opened.put(head ?? ""))
  const request = [
    "GET /ws HTTP/1.1",
    `Host: 127.0.0.1:${address.port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  ]
  socket.write(`${request.join("\r\n")}\r\n\r\n`)
  return {
    socket,
    head: await opened.take(),
    ending: () => ending,
    send: (...texts) => void socket.write(Buffer.concat(texts.map((text) => frame(TEXT, Buffer.from(text))))),
    sendRaw: (raw) => void socket.write(raw),
    ...reading(socket, frames),
  }
}

function untilEnd(socket: Socket, frames: Queue<string | undefined>): void {
  const once = { done: false }
  const done = () => {
    if (!once.done) frames.put(undefined)
    once.done = true
    socket.end()
  }
  socket.once("end", done)
  socket.once("close", done)
}

function reading(
  socket: Socket,
  frames: Queue<string | undefined>,
): Pick<Client, "next" | "pause" | "resume" | "close"> {
  return {
    next: frames.take,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  }
}

export const TEXT = 1
export const BINARY = 2
const CLOSE = 8

/** A masked frame (RFC 6455, section 5.2); the mask is zero, so the payload stands as it is. */
export function frame(opcode: number, payload: Uint8Array, declared = payload.length): Uint8Array {
  const length =
    declared < 126
      ? [0x80 | declared]
      : declared < 65_536
        ? [0x80 | 126, declared >> 8, declared & 255]
        : [
            0x80 | 127,
            0,
            0,
            0,
            0,
            declared >>> 24,
            (declared >> 16) & 255,
            (declared >> 8) & 255,
            declared & 255,
          ]
  return Buffer.concat([Uint8Array.of(0x80 | opcode, ...length, 0, 0, 0, 0), payload])
}

function readFrame(
  bytes: Uint8Array,
): { readonly opcode: number; readonly payload: Uint8Array; readonly length: number } | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [size, at] = second === 126 ? [2, 2] : second === 127 ? [8, 2] : [0, 1]
  if (bytes.length < at + size) return undefined
  const length = size === 2 ? view.getUint16(2) : size === 8 ? Number(view.getBigUint64(2)) : second
  const start = size === 0 ? 2 : at + size
  if (bytes.length < start + length) return undefined
  return { opcode: first & 15, payload: bytes.subarray(start, start + length), length: start + length }
}
