import { chmodSync, rmSync } from "node:fs"
import type { Server } from "bun"
import { type Refusal, refusals, refuse } from "../../protocol/refusals.ts"
import type { Origin } from "../core/ports.ts"
import { type Network, readNetworks } from "./address.ts"
import { ask } from "./gate.ts"
import { type OriginOptions, originOf } from "./origin.ts"
import type { Certificate, Listener, Reception } from "./reception.ts"
import { upgrade, type WebSocketPeer, webSocketHandlers } from "./websocket.ts"

/** Answers a request, or leaves it to the next one. */
type Handler = (request: Request, origin: Origin) => Promise<Response | undefined>

export interface HttpOptions {
  readonly host: string
  readonly port: number
  /** `https://chat.example.org`: the origin that is ours; without it, the one a request was sent to. */
  readonly publicUrl?: string | undefined
  /** Proxies whose word on the client's address is believed: addresses, networks (10.0.0.0/8) or `loopback`. */
  readonly trustProxy?: readonly string[]
  /** With it the port speaks TLS, and only TLS. */
  readonly tls?: Certificate | undefined
  /** Everything under `/api/v1`. */
  readonly api: Handler
  /** Everything else: pages and files. */
  readonly web: Handler
  /** Prometheus text (exposition format 0.0.4). */
  readonly metrics: () => string | Promise<string>
  /** Undefined while the server can do its work; else why not. */
  readonly ready: () => Refusal | undefined
  /** The largest request body in bytes; 1 MiB unless told. */
  readonly bodyBytesMax?: number
}

const BODY_BYTES_MAX = 1_048_576
/** A connection on which nothing moves for so long is closed; an answer may take as long to begin. */
const IDLE_SECONDS = 60
const JSON_TYPE = "application/json; charset=utf-8"
const TEXT_TYPE = "text/plain; charset=utf-8"

/** Opens the port of HTTP and WebSocket: `/ws`, `/api/v1`, `/healthz`, `/readyz`, `/metrics`, and the web for the rest. */
export function listenHttp(reception: Reception, options: HttpOptions): Listener {
  const bodyBytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX
  const from: OriginOptions = { publicUrl: options.publicUrl, trusted: networksOf(options.trustProxy ?? []) }
  const server = Bun.serve<WebSocketPeer>({
    hostname: options.host,
    port: options.port,
    ...(options.tls ? { tls: options.tls } : {}),
    // Bun's own 413 has no body, so a body a little too large is left to us to refuse by name.
    maxRequestBodySize: 2 * bodyBytesMax,
    idleTimeout: IDLE_SECONDS,
    development: false,
    // Outside development Bun would share the port with whoever listens there already.
    reusePort: false,
    websocket: webSocketHandlers(reception),
    fetch: async (request, self) => {
      const direct = self.requestIP(request)?.address ?? ""
      const path = new URL(request.url).pathname
      if (path === "/ws") {
        const refusal = upgrade(reception, self, request, originOf(request, direct, "websocket", from))
        return refusal && secured(refusalResponse(refusal), options)
      }
      const origin = originOf(request, direct, "http", from)
      const refusal =
        ask(reception.gate, origin.address, reception.world.now()) ?? tooLarge(request, bodyBytesMax)
      const response = refusal ? refusalResponse(refusal) : await answer(path, request, origin, options)
      return secured(response, options)
    },
    error: (error) => {
      reception.log.error("A request over HTTP broke.", { transport: "http", error })
      return secured(refusalResponse(refuse("broken")), options)
    },
  })
  return listenerOf(server, server.url.origin)
}

/** Throws for a text that names no network: the options were to be checked before. */
function networksOf(texts: readonly string[]): readonly Network[] {
  return texts.flatMap((text) => {
    const networks = readNetworks(text)
    if (!networks) throw new Error(`${text} is no address and no network.`)
    return networks
  })
}

async function answer(
  path: string,
  request: Request,
  origin: Origin,
  options: HttpOptions,
): Promise<Response> {
  switch (path) {
    case "/healthz":
      return new Response("ok\n", { headers: { "Content-Type": TEXT_TYPE } })
    case "/readyz": {
      const refusal = options.ready()
      return refusal
        ? refusalResponse(refusal)
        : new Response("ready\n", { headers: { "Content-Type": TEXT_TYPE } })
    }
    case "/metrics":
      return new Response(await options.metrics(), {
        headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
      })
    default: {
      const handler = path === "/api/v1" || path.startsWith("/api/v1/") ? options.api : options.web
      return (
        (await handler(request, origin)) ??
        refusalResponse(refuse("no-such-thing", "There is nothing at this address."))
      )
    }
  }
}

/**
 * Opens a socket in the file system that speaks HTTP, for the operator's own commands. Only the account that runs
 * the server can open it (mode 0600, in a folder of mode 0700); a file left behind by a dead server is replaced.
 */
export function listenControl(
  reception: Reception,
  path: string,
  handler: (request: Request) => Promise<Response>,
): Listener {
  rmSync(path, { force: true })
  const server = Bun.serve({
    unix: path,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    fetch: handler,
    error: (error) => {
      reception.log.error("A request on the control socket broke.", { error })
      return refusalResponse(refuse("broken"))
    },
  })
  chmodSync(path, 0o600)
  const listener = listenerOf(server, `unix:${path}`)
  return {
    ...listener,
    close: async () => {
      await listener.close()
      rmSync(path, { force: true })
    },
  }
}

function listenerOf(server: Server<unknown>, url: string): Listener {
  return {
    url,
    port: server.port ?? 0,
    connections: () => server.pendingRequests + server.pendingWebSockets,
    drain: () => void server.stop(false),
    close: () => server.stop(true),
  }
}

/** By its declared length; a body that declares none is cut by Bun at twice the limit. */
function tooLarge(request: Request, bytesMax: number): Refusal | undefined {
  const length = Number(request.headers.get("content-length") ?? 0)
  return length > bytesMax ? refuse("too-large", `A request holds at most ${bytesMax} bytes.`) : undefined
}

/** A refusal as HTTP says it. */
function refusalResponse(refusal: Refusal): Response {
  const headers = new Headers({ "Content-Type": JSON_TYPE, "Cache-Control": "no-store" })
  if (refusal.waitMs !== undefined) headers.set("Retry-After", String(Math.ceil(refusal.waitMs / 1_000)))
  return new Response(JSON.stringify(refusal), { status: refusals[refusal.code].status, headers })
}

/** What a response may do in a browser unless its handler said otherwise: nothing. */
const SECURE_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
} as const

function secured(response: Response, options: HttpOptions): Response {
  for (const [name, value] of Object.entries(SECURE_HEADERS)) {
    if (!response.headers.has(name)) response.headers.set(name, value)
  }
  // Told only where the operator named an address with a certificate people trust (RFC 6797, section 7.2).
  if (options.publicUrl?.startsWith("https:"))
    response.headers.set("Strict-Transport-Security", "max-age=31536000")
  return response
}
