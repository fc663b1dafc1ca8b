import { isUuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { isRefusal, type Refusal, refusals, refuse } from "../../protocol/refusals.ts"
import type { Answer, Origin, Requests, Who } from "../core/ports.ts"
import type { Handler, Method } from "./handler.ts"
import type { ApiParts } from "./parts.ts"
import { inputOf } from "./query.ts"
import type { Router } from "./route.ts"

const ROOT = "/api/v1"
const DOCUMENT = `${ROOT}/openapi.json`
const JSON_TYPE = "application/json; charset=utf-8"
/** A browser keeps the cookie as long as it may (RFC 6265bis); the server says when the session ends. */
const COOKIE_SECONDS = 400 * 86_400

export type HttpHandler = (request: Request, origin: Origin) => Promise<Response | undefined>

interface HttpParts {
  readonly route: Router
  readonly requests: Requests
  readonly accounts: ApiParts["accounts"]
  readonly sessionCookie: string | undefined
  /** The OpenAPI document, as JSON text. */
  readonly document: () => string
  readonly broke: (error: unknown) => void
}

/** The request table as HTTP under `/api/v1`; leaves every other address alone. Whatever comes is answered. */
export function httpOf(parts: HttpParts): HttpHandler {
  return async (request, origin) => {
    const { pathname } = new URL(request.url)
    if (pathname !== ROOT && !pathname.startsWith(`${ROOT}/`)) return undefined
    try {
      const response = await respond(parts, request, origin, pathname)
      return request.method === "HEAD" ? await withoutBody(response) : response
    } catch (error) {
      parts.broke(error)
      return refused(refuse("broken"))
    }
  }
}

/** The same headers as with the body, its length too (RFC 9110, section 9.3.2). */
async function withoutBody(response: Response): Promise<Response> {
  const bytes = await response.arrayBuffer()
  const headers = new Headers(response.headers)
  headers.set("Content-Length", String(bytes.byteLength))
  return new Response(null, { status: response.status, headers })
}

async function respond(parts: HttpParts, request: Request, origin: Origin, path: string): Promise<Response> {
  const method = request.method === "HEAD" ? "GET" : request.method
  if (path === DOCUMENT) {
    if (method !== "GET") return otherMethod(request, ["GET"])
    return new Response(parts.document(), {
      headers: { "Content-Type": JSON_TYPE, "Cache-Control": "no-cache" },
    })
  }
  const found = parts.route(isMethod(method) ? method : "GET", path.slice(ROOT.length))
  switch (found.is) {
    case "nothing":
      return refused(refuse("no-such-request", `There is nothing at ${path.slice(0, 200)}; see ${DOCUMENT}.`))
    case "other-method":
      return otherMethod(request, found.methods)
    case "found":
      return isMethod(method)
        ? served(parts, request, origin, found.handler, found.params)
        : otherMethod(request, methodsAt(parts.route, path))
    default:
      return found satisfies never
  }
}

const METHODS = ["GET", "POST", "PUT", "DELETE"] as const satisfies readonly Method[]

function isMethod(method: string): method is Method {
  return METHODS.some((each) => each === method)
}

function methodsAt(route: Router, path: string): readonly Method[] {
  return METHODS.filter((method) => route(method, path.slice(ROOT.length)).is === "found")
}

/** Answers OPTIONS as well, and says nothing that would let another site's page in (no CORS). */
function otherMethod(request: Request, methods: readonly Method[]): Response {
  const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ")
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { Allow: allow } })
  const response = refused(refuse("no-such-request", `This address takes ${allow}.`), 405)
  response.headers.set("Allow", allow)
  return response
}

// ---------------------------------------------------------------- one request

async function served(
  parts: HttpParts,
  request: Request,
  origin: Origin,
  handler: Handler,
  params: ReadonlyMap<string, string>,
): Promise<Response> {
  const who = await whoAsks(parts, handler, origin)
  if (who && isRefusal(who)) return refused(who)
  // Nothing is read for those who may ask nothing.
  if (!who && handler.who !== "anyone") return refused(refuse("sign-in-first"))
  const read = await inputFrom(request, handler, params)
  // Of all that can be wrong here only the type of the body is told so.
  if (isRefusal(read)) return refused(read, read.code === "bad-frame" ? 415 : undefined)
  const { id, input } = read
  const asked = { name: handler.name, input, ...(id !== undefined && { id }) }
  const answer = await parts.requests.answer(who, asked, origin)
  const response = responseOf(withoutToken(parts, input, answer))
  const cookie = newCookie(parts, input, answer) ?? endedCookie(parts, request, origin, handler)
  if (cookie !== undefined) response.headers.append("Set-Cookie", cookie)
  return response
}

async function whoAsks(
  { accounts }: HttpParts,
  handler: Handler,
  origin: Origin,
): Promise<Who | Refusal | undefined> {
  const { token } = origin
  if (token === undefined) return undefined
  const known = accounts.resume(token)
  if (known) return known
  // Another node may have made the session.
  const entered = await accounts.enter({ token }, origin)
  if (!isRefusal(entered)) return entered.who
  return handler.who === "anyone" ? undefined : entered
}

interface Read {
  readonly id: string | undefined
  readonly input: object
}

/** Fields come from the path, from the query where nothing is changed or removed, and else from the body. */
async function inputFrom(
  request: Request,
  handler: Handler,
  params: ReadonlyMap<string, string>,
): Promise<Read | Refusal> {
  const byQuery = handler.method === "GET" || handler.method === "DELETE"
  const query = byQuery ? inputOf(handler.input, new URL(request.url).searchParams) : {}
  const body = handler.method === "GET" ? {} : await bodyOf(request)
  if (isRefusal(body)) return body
  const path = inputOf(handler.input, params)
  for (const field of Object.keys(body))
    if (Object.hasOwn(path, field) || Object.hasOwn(query, field))
      return refuse("bad-input", `${field} stands in the address already.`)
  for (const field of Object.keys(query))
    if (Object.hasOwn(path, field)) return refuse("bad-input", `${field} stands in the path already.`)
  const given: Record<string, unknown> = { ...query, ...body, ...path }
  if (handler.changes === "nothing") return { id: undefined, input: given }
  const { id, ...input } = given
  if (id !== undefined && (typeof id !== "string" || !isUuid(id)))
    return refuse("bad-input", "id must be a UUID of version 7, in lower case.")
  return { id, input }
}

// ---------------------------------------------------------------- bodies

/** The JSON object of a body; an empty body is an empty object. Nothing is parsed that is larger than a frame. */
async function bodyOf(request: Request): Promise<object | Refusal> {
  const declared = Number(request.headers.get("content-length") ?? 0)
  if (declared > limits.frameBytesMax) return tooLarge()
  const bytes = request.body ? await readUpTo(request.body, limits.frameBytesMax) : new Uint8Array()
  if (!bytes) return tooLarge()
  if (bytes.length === 0) return {}
  const type = request.headers.get("content-type") ?? ""
  if (!/^application\/json\s*(;|$)/i.test(type))
    return refuse("bad-frame", "Send JSON, and say so: Content-Type: application/json.")
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value
  } catch {
    return refuse("bad-input", "The body is not JSON in UTF-8.")
  }
  return refuse("bad-input", "The body must be one JSON object.")
}

function tooLarge(): Refusal {
  return refuse("too-large", `The body of a request holds at most ${limits.frameBytesMax} bytes.`)
}

/** Undefined when there are more bytes; they are not waited for. */
async function readUpTo(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > bytesMax) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

// ---------------------------------------------------------------- answers

function responseOf({ status, body }: Answer): Response {
  if (typeof body === "object" && body !== null && isRefusal(body)) return refused(body, status)
  return new Response(JSON.stringify(body), { status, headers: answerHeaders() })
}

function refused(refusal: Refusal, status: number = refusals[refusal.code].status): Response {
  const headers = answerHeaders()
  if (refusal.waitMs !== undefined) headers.set("Retry-After", String(Math.ceil(refusal.waitMs / 1_000)))
  if (status === 401) headers.set("WWW-Authenticate", "Bearer")
  return new Response(JSON.stringify(refusal), { status, headers })
}

function answerHeaders(): Headers {
  return new Headers({ "Content-Type": JSON_TYPE, "Cache-Control": "no-store" })
}

// ---------------------------------------------------------------- cookies

/** The token of a session that has begun, where it is to go into a cookie. */
function tokenFor({ sessionCookie }: HttpParts, input: object, { status, body }: Answer): string | undefined {
  const wanted = sessionCookie !== undefined && "cookie" in input && input.cookie === true && status < 300
  if (!wanted || typeof body !== "object" || body === null || !("token" in body)) return undefined
  return typeof body.token === "string" ? body.token : undefined
}

function withoutToken(parts: HttpParts, input: object, answer: Answer): Answer {
  if (tokenFor(parts, input, answer) === undefined) return answer
  const { token: _, ...body } = answer.body as { readonly token: string }
  return { ...answer, body }
}

function newCookie(parts: HttpParts, input: object, answer: Answer): string | undefined {
  const token = tokenFor(parts, input, answer)
  return token === undefined ? undefined : cookieText(parts, token, COOKIE_SECONDS)
}

/** Takes the cookie of a session away that this request has ended. */
function endedCookie(
  parts: HttpParts,
  request: Request,
  { token }: Origin,
  { changes }: Handler,
): string | undefined {
  const { sessionCookie, accounts } = parts
  if (sessionCookie === undefined || token === undefined || changes === "nothing") return undefined
  const came = (request.headers.get("cookie") ?? "").includes(`${sessionCookie}=`)
  return came && !accounts.resume(token) ? cookieText(parts, "", 0) : undefined
}

function cookieText({ sessionCookie }: HttpParts, value: string, seconds: number): string {
  return `${sessionCookie}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${seconds}`
}
