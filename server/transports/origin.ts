import type { Origin } from "../core/ports.ts"
import { clientAddress, isWithin, type Network } from "./address.ts"

/** The cookie of browser sessions. `__Host-`: only over TLS or localhost, for this host alone, path `/` (RFC 6265bis). */
export const SESSION_COOKIE = "__Host-parley"
/** A form of another site cannot send this header; uploads carry it, since they are no JSON. */
const OWN_HEADER = "x-parley"

export interface OriginOptions {
  /** `https://chat.example.org`: the only origin that is ours. Without it, the one the request was sent to. */
  readonly publicUrl?: string | undefined
  /** Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trusted: readonly Network[]
}

/** Where a request comes from, and the session token that came with it. `direct`: the address of the wire itself. */
export function originOf(
  request: Request,
  direct: string,
  transport: Origin["transport"],
  options: OriginOptions,
): Origin {
  const address = clientAddress(direct, request.headers.get("x-forwarded-for"), options.trusted)
  const url = isWithin(direct, options.trusted) ? forwardedUrl(request) : request.url
  const token = tokenOf(request, options.publicUrl ?? url)
  return token === undefined ? { address, transport } : { address, transport, token }
}

/** A bearer token, or the cookie where the request can only be our own page's. */
function tokenOf(request: Request, url: string): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")
  if (bearer) return bearer[1]
  const cookie = cookieOf(request.headers.get("cookie") ?? "", SESSION_COOKIE)
  return cookie !== undefined && isOurs(request, new URL(url).origin) ? cookie : undefined
}

/**
 * Whether only our own page can have sent this request (cross-site request forgery). What changes something, and a
 * WebSocket, must name our origin; a body must be JSON or carry our header. A plain read may lack `Origin`,
 * since browsers leave it out there; then `Sec-Fetch-Site` must not name another site (W3C Fetch Metadata).
 */
function isOurs(request: Request, ours: string): boolean {
  const { headers, method } = request
  const origin = headers.get("origin")
  const reads = method === "GET" || method === "HEAD"
  if (origin !== null) {
    if (origin !== ours) return false
    const json = /^application\/json\s*(;|$)/i.test(headers.get("content-type") ?? "")
    return reads || json || headers.has(OWN_HEADER)
  }
  if (!reads || headers.has("upgrade")) return false
  return ["same-origin", "none", null].includes(headers.get("sec-fetch-site"))
}

function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(";")) {
    const [key, ...value] = part.trim().split("=")
    if (key === name) return value.join("=")
  }
  return undefined
}

/** The URL as the client typed it, by the word of a trusted proxy. */
function forwardedUrl(request: Request): string {
  const url = new URL(request.url)
  const proto = request.headers.get("x-forwarded-proto")
  if (proto === "http" || proto === "https") url.protocol = proto
  return url.href
}
