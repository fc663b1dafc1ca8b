import { describe, expect, test } from "bun:test"
import { readNetworks } from "./address.ts"
import { type OriginOptions, originOf } from "./origin.ts"

const OURS = "https://chat.example.org"
const options: OriginOptions = { publicUrl: OURS, trusted: readNetworks("10.0.0.0/8") ?? [] }
const cookie = { Cookie: "theme=dark; __Host-parley=secret; x" }
const json = { "Content-Type": "application/json" }

const from = (
  init: RequestInit,
  direct = "203.0.113.1",
  more: Partial<OriginOptions> = {},
  url = `${OURS}/api/v1/x`,
) => originOf(new Request(url, init), direct, "http", { ...options, ...more })

describe("the token of a request", () => {
  test("a bearer token counts whoever sent it, before any cookie", () => {
    const headers = { ...cookie, Authorization: "bearer  abc", Origin: "https://evil.example" }
    expect(from({ headers }).token).toBe("abc")
    expect(from({ headers: { Authorization: "Basic abc" } }).token).toBeUndefined()
  })

  const post = (headers: Record<string, string>) =>
    from({ method: "POST", headers: { ...cookie, ...headers } }).token
  test("a cookie that changes something needs our origin, and JSON or our header", () => {
    expect(post({ Origin: OURS, ...json })).toBe("secret")
    expect(post({ Origin: OURS, "Content-Type": "application/json; charset=utf-8" })).toBe("secret")
    expect(post({ Origin: OURS, "Content-Type": "image/png", "X-Parley": "1" })).toBe("secret")
  })
  test.each([
    ["another site", { Origin: "https://evil.example", ...json }],
    ["the same host without TLS", { Origin: "http://chat.example.org", ...json }],
    ["another port", { Origin: "https://chat.example.org:8443", ...json }],
    ["a sandboxed frame", { Origin: "null", ...json }],
    ["nobody", json],
    ["nobody, who says same-origin", { "Sec-Fetch-Site": "same-origin", ...json }],
    ["a form", { Origin: OURS, "Content-Type": "application/x-www-form-urlencoded" }],
    ["a form of JSON as text", { Origin: OURS, "Content-Type": "text/plain" }],
    ["a type that begins alike", { Origin: OURS, "Content-Type": "application/jsonp" }],
  ])("a cookie from %s does not count", (_, headers) => expect(post(headers)).toBeUndefined())

  test("a plain read may come without an origin, unless the browser says it is of another site", () => {
    const get = (headers: Record<string, string>) => from({ headers: { ...cookie, ...headers } }).token
    expect(get({})).toBe("secret")
    expect(get({ "Sec-Fetch-Site": "same-origin" })).toBe("secret")
    expect(get({ "Sec-Fetch-Site": "none" })).toBe("secret")
    expect(get({ "Sec-Fetch-Site": "cross-site" })).toBeUndefined()
    expect(get({ "Sec-Fetch-Site": "same-site" })).toBeUndefined()
    expect(get({ Origin: "https://evil.example" })).toBeUndefined()
    expect(from({ headers: { Cookie: "__Host-parley2=secret" } }).token).toBeUndefined()
  })
})

describe("without a public address, ours is where the request was sent to", () => {
  const lan = (headers: Record<string, string>, direct: string) =>
    from(
      { method: "POST", headers: { ...cookie, ...json, ...headers } },
      direct,
      { publicUrl: undefined },
      "http://192.0.2.7:8080/x",
    )

  test("by the wire itself", () => {
    expect(lan({ Origin: "http://192.0.2.7:8080" }, "203.0.113.1").token).toBe("secret")
    expect(lan({ Origin: "http://192.0.2.7" }, "203.0.113.1").token).toBeUndefined()
  })
  test("by the word of a trusted proxy, and of nobody else", () => {
    const forwarded = {
      Origin: "https://192.0.2.7:8080",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-For": "198.51.100.2",
    }
    expect(lan(forwarded, "10.0.0.1")).toEqual({
      address: "198.51.100.2",
      transport: "http",
      token: "secret",
    })
    expect(lan(forwarded, "203.0.113.1")).toEqual({ address: "203.0.113.1", transport: "http" })
  })
})
