import type { Server, ServerWebSocket, WebSocketHandler } from "bun"
import { limits } from "../../protocol/limits.ts"
import { type Refusal, refusals, refuse } from "../../protocol/refusals.ts"
import type { Inbox, Origin, Outgoing } from "../core/ports.ts"
import { enter, leave } from "./gate.ts"
import type { Reception } from "./reception.ts"
import {
  begin,
  broke,
  end,
  hearDrained,
  hearGarbled,
  hearText,
  lastWord,
  mayHear,
  type Stage,
  textFor,
  type Wire,
} from "./wire.ts"

/** The subprotocol of protocol version 1 (RFC 6455, section 1.9). A client that names none is served too. */
const SUBPROTOCOL = "parley.1"

/** Above this many unsent bytes `ready` is false: followers wait, their cursors hold their place. */
const UNSENT_BYTES_SOFT = 65_536
/** A connection with more unsent bytes than this is cut: what cannot wait (answers, signals) outgrew it. */
const UNSENT_BYTES_HARD = 16 * 1_048_576
/**
 * A frame above the protocol's limit is still read, so that it can be refused by name; one above this
 * is not, and the connection is closed with 1009.
 */
const FRAME_BYTES_READ = 2 * limits.frameBytesMax
/** Silence after which a ping is sent, and after it the connection ended. Bun does it without a timer for each. */
const IDLE_SECONDS = 120

/**
 * The close code for a refusal (RFC 6455, section 7.4):
 *   1000  the client closed; the server never says it first
 *   1001  the server is going away: `restarting`
 *   1008  it did not sign in, or sent too much before: `sign-in-first`, `too-fast`
 *   1009  a frame so large that it was not even read (said by Bun, no refusal before it)
 *   4000 + HTTP status of the refusal, for all others: 4401 `session-ended`, 4429 `too-slow`, 4500 `broken`
 * The reason is the refusal's code; the frame `refused` before it says the sentence.
 */
function closeCode(why: Refusal): number {
  if (why.code === "restarting") return 1001
  if (why.code === "sign-in-first" || why.code === "too-fast") return 1008
  return 4000 + refusals[why.code].status
}

type Socket = ServerWebSocket<WebSocketPeer>

/** All that the server keeps of an idle connection, beside Bun's own and the session. A class, so that methods cost it nothing. */
export class WebSocketPeer implements Wire {
  readonly #reception: Reception
  readonly origin: Origin
  inbox: Inbox | undefined
  named = false
  stage: Stage = "waiting"
  /** Bun's end; undefined before it is open and after it is closed. */
  socket: Socket | undefined
  /** `ready` said no, and `drained` has not been called since. */
  #full = false

  constructor(reception: Reception, origin: Origin) {
    this.#reception = reception
    this.origin = origin
  }

  send(out: readonly Outgoing[]): void {
    const socket = this.socket
    const first = out[0]
    if (!socket || !first) return
    try {
      // Each text by itself is one system call; inside `cork` all of them are.
      if (out.length === 1) socket.sendText(textFor(this.#reception, this, first))
      else socket.cork(() => this.#sendEach(socket, out))
    } catch (error) {
      broke(this.#reception, this, error)
    }
  }

  #sendEach(socket: Socket, out: readonly Outgoing[]): void {
    for (const each of out) socket.sendText(textFor(this.#reception, this, each))
  }

  names(): void {
    this.named = true
  }

  ready(): boolean {
    const isFull = this.socket !== undefined && this.socket.getBufferedAmount() > UNSENT_BYTES_SOFT
    this.#full ||= isFull
    return !isFull
  }

  close(why: Refusal): void {
    const socket = this.socket
    if (!socket) return
    this.socket = undefined
    socket.sendText(lastWord(why))
    // Bun flushes what is unsent and cuts a client that does not read it.
    socket.close(closeCode(why), why.code)
  }

  overdue(): void {
    this.close(refuse("sign-in-first", "Nobody signed in on this connection in time."))
  }

  drained(): void {
    if (!this.#full || !this.ready()) return
    this.#full = false
    hearDrained(this.#reception, this)
  }
}

/** The handlers to mount in `Bun.serve`; `upgrade` makes the peer of each connection. */
export function webSocketHandlers(reception: Reception): WebSocketHandler<WebSocketPeer> {
  return {
    maxPayloadLength: FRAME_BYTES_READ,
    backpressureLimit: UNSENT_BYTES_HARD,
    closeOnBackpressureLimit: true,
    idleTimeout: IDLE_SECONDS,
    sendPings: true,
    // Frames are small and many: compressing each costs more processor than the bytes it saves are worth.
    perMessageDeflate: false,
    open(socket) {
      socket.data.socket = socket
      begin(reception, socket.data)
    },
    message(socket, message) {
      const peer = socket.data
      if (!peer.socket || !mayHear(reception, peer, message.length)) return
      if (typeof message === "string") hearText(reception, peer, message)
      else hearGarbled(reception, peer, refuse("bad-frame", "A frame is text; this was a binary message."))
    },
    drain: (socket) => socket.data.drained(),
    close(socket) {
      socket.data.socket = undefined
      end(reception, socket.data)
    },
  }
}

/** Answers a request for `/ws`: undefined when the connection is a WebSocket now, else why not. */
export function upgrade(
  reception: Reception,
  server: Server<WebSocketPeer>,
  request: Request,
  origin: Origin,
): Refusal | undefined {
  const offered = request.headers
    .get("sec-websocket-protocol")
    ?.split(",")
    .map((each) => each.trim())
  if (offered && !offered.includes(SUBPROTOCOL)) {
    return refuse("bad-version", `This server speaks the WebSocket subprotocol ${SUBPROTOCOL}.`)
  }
  const refusal = enter(reception.gate, origin.address, reception.world.now())
  if (refusal) return refusal
  const peer = new WebSocketPeer(reception, origin)
  const headers = offered ? { "Sec-WebSocket-Protocol": SUBPROTOCOL } : undefined
  if (server.upgrade(request, headers ? { data: peer, headers } : { data: peer })) return undefined
  leave(reception.gate, origin.address)
  return refuse("bad-frame", "This address speaks WebSocket (RFC 6455); connect with a WebSocket client.")
}
