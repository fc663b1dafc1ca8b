import type { Hearing, Link, Wire } from "../ports.ts"

/** The version of the frames, as WebSocket (RFC 6455, section 1.9) names it. */
const SUBPROTOCOL = "parley.1"

/** What this link uses of a WebSocket; the browser's, Bun's, Node's from 22 on, and that of the package `ws` have it. */
interface Socket {
  addEventListener(type: "open" | "error", hear: () => void): void
  addEventListener(type: "message", hear: (event: { readonly data: unknown }) => void): void
  addEventListener(
    type: "close",
    hear: (event: { readonly code: number; readonly reason: string }) => void,
  ): void
  send(text: string): void
  close(): void
}

type SocketConstructor = new (url: string, protocols: string[]) => Socket

/**
 * A link over WebSocket. `address` is a page of the server or the socket itself: `https://chat.example.org` means
 * `wss://chat.example.org/ws`. Node 20 brings no WebSocket: give the one of the package `ws`, or use `tcpLink`.
 */
export function webSocketLink(address: string, socket?: SocketConstructor): Link {
  return {
    open(hear) {
      const Known = socket ?? globalThis.WebSocket
      if (!Known)
        return unopened(hear, "This runtime has no WebSocket: give webSocketLink one, or use tcpLink.")
      try {
        return opening(new Known(socketUrl(address), [SUBPROTOCOL]), hear)
      } catch (error) {
        return unopened(hear, error instanceof Error ? error.message : String(error))
      }
    },
  }
}

function opening(socket: Socket, hear: Hearing): Wire {
  let isOver = false
  const over = (why: string) => {
    if (isOver) return
    isOver = true
    hear.closed(why)
  }
  socket.addEventListener("open", () => hear.opened())
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string" && !isOver) hear.frame(data)
  })
  socket.addEventListener("close", ({ code, reason }) =>
    over(reason === "" ? `The connection closed (${code}).` : reason),
  )
  // A close follows every error, and says as much as there is to know.
  socket.addEventListener("error", () => {})
  return {
    send(text) {
      if (!isOver) socket.send(text)
    },
    close() {
      isOver = true
      socket.close()
    },
  }
}

function unopened(hear: Hearing, why: string): Wire {
  queueMicrotask(() => hear.closed(why))
  return { send() {}, close() {} }
}

/** Throws for what is no address. */
function socketUrl(address: string): string {
  const url = new URL(address)
  if (url.protocol === "ws:" || url.protocol === "wss:") return url.href
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:"
  url.pathname = `${url.pathname.replace(/\/$/, "")}/ws`
  return url.href
}
