import type { Socket, TCPSocketListener } from "bun"
import { readUp } from "../../protocol/check.ts"
import { limits } from "../../protocol/limits.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Inbox, Origin, Outgoing } from "../core/ports.ts"
import { plainAddress } from "./address.ts"
import { enter } from "./gate.ts"
import { createLines, feed, finish, type Line } from "./lines.ts"
import type { Certificate, Listener, Reception } from "./reception.ts"
import {
  begin,
  broke,
  end,
  hearDrained,
  hearFrame,
  hearGarbled,
  lastWord,
  mayHear,
  type Stage,
  textFor,
  type Wire,
} from "./wire.ts"

/** Above this many unsent bytes `ready` is false: followers wait, their cursors hold their place. */
const UNSENT_BYTES_SOFT = 65_536
/** A connection with more unsent bytes than this is cut: what cannot wait (answers, signals) outgrew it. */
const UNSENT_BYTES_HARD = 16 * 1_048_576
/** Silence after which the kernel asks whether the other end is still there. */
const KEEP_ALIVE_MS = 60_000

interface TcpOptions {
  readonly host: string
  readonly port: number
  /** With it the port speaks TLS, and only TLS. */
  readonly tls?: Certificate | undefined
}

/** The ping that stands for the client's end of stream; its pong says that everything before it is answered. */
const END = `end ${crypto.randomUUID()}`
const encoder = new TextEncoder()

const TOO_LONG = refuse("too-large", `A line holds at most ${limits.frameBytesMax} bytes.`)
const NOT_TEXT = refuse("bad-frame", "This line is not UTF-8 text.")
const GREETING = refuse(
  "bad-frame",
  "This is a Parley chat server. It reads and writes one JSON object a line, beginning with a hello: type, version 1, name and password. README.md has lines to paste.",
)
// A web page could make a browser send lines of its choice behind an HTTP request's head; nothing behind one is read.
const HTTP = /^[A-Z]+ \S+ HTTP\/\d/
const NOT_HTTP = refuse(
  "bad-frame",
  "This port reads one JSON object a line, not HTTP; the web has a port of its own.",
)

/**
 * Where a connection stands.
 *   open     both directions
 *   ending   the client has said all it will: what it asked is answered, then its half is closed too
 *   closing  the last word is said; it goes out as far as the client reads, and what comes is dropped
 *   closed   gone
 */
type State = "open" | "ending" | "closing" | "closed"

/** All that the server keeps of an idle connection, beside Bun's own and the session. A class, so that methods cost it nothing. */
class TcpPeer implements Wire {
  readonly #reception: Reception
  readonly #socket: Socket<TcpPeer | undefined>
  readonly origin: Origin
  inbox: Inbox | undefined
  named = false
  stage: Stage = "waiting"
  state: State = "open"
  readonly lines = createLines()
  /** The client has sent no frame yet, so it may be a person, or a program that speaks something else. */
  #strange = true
  /** What the kernel would not take yet. */
  #unsent: Uint8Array[] = []
  #unsentBytes = 0
  #isAnswered = false
  /** `ready` said no, and `drained` has not been called since. */
  #full = false

  constructor(reception: Reception, socket: Socket<TcpPeer | undefined>, origin: Origin) {
    this.#reception = reception
    this.#socket = socket
    this.origin = origin
  }

  send(out: readonly Outgoing[]): void {
    if (this.state !== "open" && this.state !== "ending") return
    try {
      let text = ""
      for (const each of this.state === "ending" ? this.#withoutEnd(out) : out) {
        text += `${textFor(this.#reception, this, each)}\n`
      }
      if (this.#isAnswered) this.#finish(text)
      else this.#write(text)
      // Whoever still gets answers may wait for the rest of them.
      if (this.state === "ending") this.#reception.sweep.watch(this, this.#reception.signInMs)
    } catch (error) {
      broke(this.#reception, this, error)
    }
  }

  names(): void {
    this.named = true
  }

  ready(): boolean {
    const isFull = this.#unsentBytes > UNSENT_BYTES_SOFT
    this.#full ||= isFull
    return !isFull
  }

  close(why: Refusal): void {
    if (this.state !== "open" && this.state !== "ending") return
    this.#finish(`${lastWord(why)}\n`)
  }

  overdue(): void {
    if (this.state === "open") {
      this.close(refuse("sign-in-first", "Nobody signed in on this connection in time."))
    } else if (this.state === "ending") this.#finish("")
    else this.#socket.terminate()
  }

  hearChunk(chunk: Uint8Array): void {
    if (this.state !== "open" || !mayHear(this.#reception, this, chunk.length)) return
    feed(this.lines, chunk, limits.frameBytesMax, (line) => this.#hearLine(line))
  }

  /** The client closed its half. A last line without its end counts; then everything it asked is answered. */
  hearEnd(): void {
    if (this.state !== "open") return
    finish(this.lines, limits.frameBytesMax, (line) => this.#hearLine(line))
    if (this.state !== "open") return
    this.state = "ending"
    this.#askEnd()
  }

  /** The kernel takes bytes again. */
  flush(): void {
    while (this.#unsent.length > 0) {
      mergeFirst(this.#unsent)
      const [piece] = this.#unsent
      const taken = piece ? Math.max(0, this.#socket.write(piece)) : 0
      this.#unsentBytes -= taken
      if (piece && taken < piece.length) {
        this.#unsent[0] = piece.subarray(taken)
        break
      }
      this.#unsent.shift()
    }
    if (this.state === "closing" && this.#unsent.length === 0) this.#socket.shutdown()
    if (!this.#full || this.state === "closing" || !this.ready()) return
    this.#full = false
    hearDrained(this.#reception, this)
    if (this.state === "ending") this.#askEnd()
  }

  gone(): void {
    this.state = "closed"
    this.#unsent = []
    end(this.#reception, this)
    this.#reception.sweep.forget(this)
  }

  /** Whether to go on with the chunk. */
  #hearLine(line: Line): boolean {
    if (line.is === "too-long") hearGarbled(this.#reception, this, TOO_LONG)
    else if (line.is === "not-text") hearGarbled(this.#reception, this, NOT_TEXT)
    else this.#hearText(line.text)
    return this.state === "open"
  }

  #hearText(text: string): void {
    const frame = readUp(text)
    const strange = this.#strange
    this.#strange = false
    if (!isRefusal(frame)) hearFrame(this.#reception, this, frame)
    else if (strange && HTTP.test(text)) this.close(NOT_HTTP)
    else hearGarbled(this.#reception, this, strange && !text.startsWith("{") ? GREETING : frame)
  }

  #write(text: string): void {
    if (text === "") return
    const taken = this.#unsent.length > 0 ? 0 : Math.max(0, this.#socket.write(text))
    if (taken < Buffer.byteLength(text)) this.#keep(encoder.encode(text).subarray(taken))
  }

  #keep(bytes: Uint8Array): void {
    if (this.#unsentBytes > UNSENT_BYTES_HARD) this.#socket.terminate()
    else {
      this.#unsent.push(bytes)
      this.#unsentBytes += bytes.length
    }
  }

  /** Says the last words and closes this half; the client has a while to read them before it is cut. */
  #finish(last: string): void {
    if (last !== "") this.#write(last)
    if (this.#isGone()) return
    this.state = "closing"
    end(this.#reception, this)
    this.#reception.sweep.watch(this, this.#reception.closingMs)
    if (this.#unsent.length === 0) this.#socket.shutdown()
  }

  /** Asks the session to say when everything the client asked is answered. */
  #askEnd(): void {
    this.#reception.sweep.watch(this, this.#reception.signInMs)
    hearFrame(this.#reception, this, { type: "ping", id: END })
  }

  /**
   * What goes out once the client has closed its half, without the answer to our own ping: its pong, or, where nobody
   * has signed in, the refusal that a ping gets then, which is the last thing said. A pong that found the wire full
   * may have overtaken followers that wait for it, so it does not count and the ping is repeated when there is room.
   */
  #withoutEnd(out: readonly Outgoing[]): readonly Outgoing[] {
    const last = out.at(-1)
    const isRefused = this.stage === "waiting" && last?.type === "refused" && last.code === "sign-in-first"
    const rest = isRefused ? out.slice(0, -1) : out.filter((each) => each.type !== "pong" || each.id !== END)
    this.#isAnswered = rest.length < out.length && !this.#full
    return rest
  }

  /** Asked anew, since writing may find the wire gone. */
  #isGone(): boolean {
    return this.state === "closed"
  }
}

/** Many small pieces would be as many system calls. */
const MERGED_BYTES = 65_536

/** Makes the first small pieces one. */
function mergeFirst(pieces: Uint8Array[]): void {
  let bytes = 0
  let count = 0
  while (count < pieces.length && bytes < MERGED_BYTES) {
    bytes += pieces[count]?.length ?? 0
    count += 1
  }
  if (count > 1) pieces.splice(0, count, Buffer.concat(pieces.slice(0, count)))
}

/** Opens a port for one JSON frame a line. */
export function listenTcp(reception: Reception, options: TcpOptions): Listener {
  let open = 0
  let stopped = false
  const listener: TCPSocketListener<TcpPeer | undefined> = Bun.listen<TcpPeer | undefined>({
    hostname: options.host,
    port: options.port,
    allowHalfOpen: true,
    ...(options.tls ? { tls: options.tls } : {}),
    socket: {
      open(socket) {
        open += 1
        admit(reception, socket, options.tls === undefined)
      },
      // Having this handler makes Bun call `open` before the handshake, so that one that never ends is counted, too.
      handshake(socket, isSecure) {
        if (isSecure && socket.data) begin(reception, socket.data)
      },
      data: (socket, chunk) => socket.data?.hearChunk(chunk),
      drain: (socket) => socket.data?.flush(),
      end(socket) {
        if (socket.data) socket.data.hearEnd()
        else socket.terminate()
      },
      close(socket) {
        open -= 1
        socket.data?.gone()
      },
      error(socket, error) {
        reception.log.debug("A TCP connection failed.", { transport: "tcp", error })
        socket.terminate()
      },
    },
  })
  const stop = (all: boolean) => {
    if (!stopped || all) listener.stop(all)
    stopped = true
  }
  return {
    url: `${options.tls ? "tls" : "tcp"}://${listener.hostname.includes(":") ? `[${listener.hostname}]` : listener.hostname}:${listener.port}`,
    port: listener.port,
    connections: () => open,
    drain: () => stop(false),
    close: async () => stop(true),
  }
}

function admit(reception: Reception, socket: Socket<TcpPeer | undefined>, plain: boolean): void {
  const address = plainAddress(socket.remoteAddress)
  const refusal = enter(reception.gate, address, reception.world.now())
  if (refusal) {
    if (plain) socket.write(`${lastWord(refusal)}\n`)
    socket.end()
    return
  }
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  const peer = new TcpPeer(reception, socket, { address, transport: "tcp" })
  socket.data = peer
  if (plain) begin(reception, peer)
  else reception.sweep.watch(peer, reception.signInMs)
}
