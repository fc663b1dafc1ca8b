import type { Socket } from "bun"

/** One connection of the load: whole texts in, whole texts out. */
export interface Wire {
  send(text: string): void
  close(): void
  /** Told of every text; whoever connects sets it first. */
  hear: (text: string) => void
}

/** Connects to `ws://…` or `tcp://…`; over TCP a text is a line. */
export function connectWire(address: string): Promise<Wire> {
  return address.startsWith("tcp:") ? connectTcp(new URL(address)) : connectWebSocket(address)
}

function connectWebSocket(address: string): Promise<Wire> {
  return new Promise((done, failed) => {
    const socket = new WebSocket(address, ["parley.1"])
    const wire: Wire = {
      send: (text) => socket.send(text),
      close: () => socket.close(),
      hear: () => {},
    }
    socket.onmessage = ({ data }) => wire.hear(String(data))
    socket.onopen = () => done(wire)
    socket.onerror = () => failed(new Error(`Cannot connect to ${address}.`))
  })
}

/** What a line that is not whole yet has come to, kept only while there is one. */
class TcpWire implements Wire {
  hear: (text: string) => void = () => {}
  #rest = ""
  readonly #socket: Socket<TcpWire>

  constructor(socket: Socket<TcpWire>) {
    this.#socket = socket
  }

  send(text: string): void {
    this.#socket.write(`${text}\n`)
  }

  close(): void {
    this.#socket.end()
  }

  feed(bytes: Buffer): void {
    const lines = (this.#rest + bytes.toString("utf8")).split("\n")
    this.#rest = lines.pop() ?? ""
    for (const line of lines) this.hear(line)
  }
}

async function connectTcp({ hostname, port }: URL): Promise<Wire> {
  const socket = await Bun.connect<TcpWire>({
    hostname,
    port: Number(port),
    socket: {
      open(opened) {
        opened.data = new TcpWire(opened)
      },
      data: ({ data }, bytes) => data.feed(bytes),
    },
  })
  return socket.data
}
