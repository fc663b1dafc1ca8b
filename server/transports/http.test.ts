import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { requires } from "../../test/programs.ts"
import type { Origin } from "../core/ports.ts"
import { createGate, WORLD } from "./gate.ts"
import { type HttpOptions, listenControl, listenHttp } from "./http.ts"
import type { Listener } from "./reception.ts"
import { makeCertificate } from "./testing/certificate.ts"
import { dial, dialWebSocket } from "./testing/clients.ts"
import { type Bench, makeBench, until } from "./testing/scripted.ts"
import { welcomePage } from "./welcome.ts"

let bench: Bench
let listener: Listener
let asked: { readonly path: string; readonly origin: Origin }[]
let unready: Refusal | undefined

const options: HttpOptions = {
  host: "127.0.0.1",
  port: 0,
  api: async (request, origin) => {
    const path = new URL(request.url).pathname
    asked.push({ path, origin })
    if (path.endsWith("/broken")) throw new Error("a bug")
    if (path.endsWith("/echo")) return new Response(await request.text())
    return path.endsWith("/lost") ? undefined : Response.json({ path })
  },
  web: welcomePage,
  metrics: () => "parley_up 1\n",
  ready: () => unready,
}

const open = (more: Partial<HttpOptions> = {}) => {
  listener = listenHttp(bench.reception, { ...options, ...more })
}
const get = (path: string, init?: RequestInit) => fetch(`${listener.url}${path}`, init)

beforeEach(() => {
  bench = makeBench()
  asked = []
  unready = undefined
  open()
})
afterEach(() => listener.close())

describe("the HTTP port", () => {
  test("sends each path to who answers it", async () => {
    expect(await (await get("/healthz")).text()).toBe("ok\n")
    expect(await (await get("/readyz")).text()).toBe("ready\n")
    expect(await (await get("/metrics")).text()).toBe("parley_up 1\n")
    expect(await (await get("/api/v1/rooms?x=1")).json()).toEqual({ path: "/api/v1/rooms" })
    expect(asked).toEqual([{ path: "/api/v1/rooms", origin: { address: "127.0.0.1", transport: "http" } }])
    expect((await get("/")).headers.get("content-type")).toStartWith("text/html")
    expect((await get("/api/v10")).status).toBe(404)
    expect(asked).toHaveLength(1)
  })

  test("says with 404 that nothing is there, and with 503 why the server is not ready", async () => {
    expect(await (await get("/api/v1/lost")).json()).toMatchObject({ code: "no-such-thing" })
    unready = refuse("store-failed")
    const answer = await get("/readyz")
    expect([answer.status, ((await answer.json()) as Refusal).code]).toEqual([503, "store-failed"])
  })

  test("logs a request that breaks, answers 500 and goes on", async () => {
    const answer = await get("/api/v1/broken")
    expect([answer.status, ((await answer.json()) as Refusal).code]).toEqual([500, "broken"])
    expect(bench.errors).toHaveLength(1)
    expect((await get("/healthz")).status).toBe(200)
  })

  test("takes bodies up to its limit, refuses larger ones by name, and never reads what is larger still", async () => {
    await listener.close()
    open({ bodyBytesMax: 1_000 })
    const post = (body: string) => get("/api/v1/echo", { method: "POST", body })
    expect(await (await post("x".repeat(1_000))).text()).toHaveLength(1_000)
    const over = await post("x".repeat(1_001))
    expect([over.status, ((await over.json()) as Refusal).code]).toEqual([413, "too-large"])
    expect((await post("x".repeat(100_000))).status).toBe(413)
    const socket = await dial(listener)
    let said = ""
    socket.on("data", (chunk) => {
      said += chunk
    })
    socket.write("POST /api/v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for (let i = 0; i < 10; i++) socket.write(`1f4\r\n${"x".repeat(500)}\r\n`)
    await until(() => said.includes("\r\n\r\n"))
    expect(said).toStartWith("HTTP/1.1 413")
    socket.destroy()
  })

  test("lets an address ask so often and no more", async () => {
    await listener.close()
    const strict = { ...WORLD, requestsBurst: 3, requestsPerSecond: 1 }
    bench = makeBench({ gate: createGate(strict, strict) })
    open()
    const answers = await Promise.all(Array.from({ length: 5 }, () => get("/healthz")))
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 429, 429])
    expect(answers.find((answer) => answer.status === 429)?.headers.get("retry-after")).toBe("1")
  })

  test("lets no response do anything in a browser that its handler did not ask for", async () => {
    for (const path of ["/", "/healthz", "/api/v1/rooms", "/api/v1/broken", "/nowhere", "/ws"]) {
      const { headers } = await get(path)
      expect(headers.get("x-content-type-options")).toBe("nosniff")
      expect(headers.get("content-security-policy")).toStartWith("default-src 'none'")
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
      expect(headers.get("strict-transport-security")).toBeNull()
    }
    await listener.close()
    open({ publicUrl: "https://chat.example.org" })
    expect((await get("/healthz")).headers.get("strict-transport-security")).toBe("max-age=31536000")
  })

  test("believes X-Forwarded-For from a trusted proxy only", async () => {
    const headers = { "X-Forwarded-For": "198.51.100.2" }
    await get("/api/v1/a", { headers })
    await listener.close()
    open({ trustProxy: ["loopback"] })
    await get("/api/v1/a", { headers })
    expect(asked.map(({ origin }) => origin.address)).toEqual(["127.0.0.1", "198.51.100.2"])
    expect(() => open({ trustProxy: ["ada"] })).toThrow("ada is no address")
  })

  test.if(requires("openssl"))("speaks TLS with a certificate, WebSocket included", async () => {
    await listener.close()
    open({ tls: makeCertificate() })
    expect(listener.url).toStartWith("https://")
    const answer = await fetch(`${listener.url}/healthz`, { tls: { rejectUnauthorized: false } })
    expect(await answer.text()).toBe("ok\n")
    const client = await dialWebSocket({ port: listener.port, secure: true })
    client.send('{"type":"ping"}')
    const session = await bench.sessions.opened.take()
    expect(await session.heard.take()).toEqual({ type: "ping" })
    client.close()
    await session.gone.take()
  })

  test("when it drains takes nobody new and keeps who is there; when it closes nobody is left", async () => {
    const client = await dialWebSocket(listener)
    const session = await bench.sessions.opened.take()
    listener.drain()
    await expect(dialWebSocket(listener)).rejects.toThrow()
    client.send('{"type":"ping"}')
    expect(await session.heard.take()).toEqual({ type: "ping" })
    await listener.close()
    await session.gone.take()
    await until(() => listener.connections() === 0)
  })
})

describe("the page at /", () => {
  test("asks nothing of anyone, and its style is the one its policy allows", async () => {
    const answer = await get("/")
    const page = await answer.text()
    expect(page.match(/(?:src|href)="[^"]*"/g)).toEqual(['href="/api/v1/openapi.json"'])
    expect(page).not.toContain("<script")
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? ""
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style))
    expect(answer.headers.get("content-security-policy")).toContain(
      `'sha256-${Buffer.from(digest).toString("base64")}'`,
    )
  })

  test("shows the address it was asked under, and nothing else a stranger wrote", async () => {
    const headers = { Host: "chat.example.org:81" }
    expect(await (await get("/", { headers })).text()).toContain("http://chat.example.org:81/api/v1/accounts")
    const odd = await (await get("/", { headers: { Host: "<b>&'" } })).text()
    expect(odd).not.toContain("<b>&")
  })
})

describe("the control socket", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "parley-"))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test("is its owner's alone, replaces one left behind, and goes when it closes", async () => {
    const path = join(folder, "control.sock")
    writeFileSync(path, "left behind")
    const control = listenControl(bench.reception, path, async (request) => {
      if (request.url.endsWith("/broken")) throw new Error("a bug")
      return new Response(await request.text())
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const post = (where: string, body: string) =>
      fetch(`http://parley${where}`, { unix: path, method: "POST", body })
    expect(await (await post("/", "x".repeat(3_000_000))).text()).toHaveLength(3_000_000)
    expect((await post("/broken", "")).status).toBe(500)
    expect(bench.errors).toHaveLength(1)
    await control.close()
    expect(() => statSync(path)).toThrow("ENOENT")
  })
})
