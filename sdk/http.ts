import { isRefusal, type Refusal, refuse } from "../protocol/refusals.ts"

interface HttpOptions {
  /** The server's address: `https://chat.example.org`; "" in its own pages. */
  readonly base: string
  /** A session's token; not needed where a cookie goes along, or before signing in. */
  readonly token?: string
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

interface SignedIn {
  readonly token: string
  readonly account: { readonly id: string; readonly name: string; readonly display: string }
}

/** The HTTP API, for what a page or a script does before it has a connection, or instead of one. */
interface HttpClient {
  /** Makes a session: its token, for `connect`. */
  signIn(name: string, password: string): Promise<SignedIn | Refusal>
  /** Makes an account and a session of it; `invite` where the server asks for one. */
  register(name: string, password: string, invite?: string): Promise<SignedIn | Refusal>
  /** Any other call of `/api/v1`: the body of the answer, or the refusal. Rejects when the server cannot be reached. */
  call<Body>(method: string, path: string, input?: unknown): Promise<Body | Refusal>
}

export function httpClient({ base, token, fetch = globalThis.fetch }: HttpOptions): HttpClient {
  const call = async <Body>(method: string, path: string, input?: unknown): Promise<Body | Refusal> => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: {
        ...(input !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(input !== undefined && { body: JSON.stringify(input) }),
    })
    const text = await response.text()
    const body: unknown = text === "" ? undefined : readJson(text)
    if (response.ok) return body as Body
    // What stands between us and the server may answer in its place, and in its own words.
    return typeof body === "object" && body !== null && isRefusal(body)
      ? body
      : refuse("broken", `The server answered ${response.status}.`)
  }
  return {
    call,
    signIn: (name, password) => call<SignedIn>("POST", "/sessions", { name, password }),
    register: (name, password, invite) =>
      call<SignedIn>("POST", "/accounts", { name, password, ...(invite !== undefined && { invite }) }),
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
