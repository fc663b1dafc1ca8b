import { beforeEach, describe, expect, test } from "bun:test"
import { limits } from "../../protocol/limits.ts"
import { ApiHouse, home, type Neighbour } from "./house.ts"

let house: ApiHouse
let ada: Neighbour

beforeEach(async () => {
  house = await ApiHouse.make()
  ada = await house.person("ada")
})

const code = (said: { readonly body: unknown }) => (said.body as { code: string }).code
const message = (said: { readonly body: unknown }) => (said.body as { message: string }).message

describe("methods", () => {
  test("HEAD says what GET would, without the body", async () => {
    const said = await house.http(ada, "HEAD /api/v1/me")
    expect([said.status, said.text]).toEqual([200, ""])
    expect(said.headers.get("content-type")).toBe("application/json; charset=utf-8")
    const whole = await house.http(ada, "GET /api/v1/me")
    expect(said.headers.get("content-length")).toBe(String(whole.text.length))
    expect((await house.http(undefined, "HEAD /api/v1/me")).status).toBe(401)
  })

  test("another method than an address takes is 405, and Allow says which it takes", async () => {
    for (const method of ["PATCH", "DELETE", "PUT"]) {
      const said = await house.http(ada, `${method} /api/v1/rooms`)
      expect([said.status, said.headers.get("allow")]).toEqual([405, "GET, POST, HEAD, OPTIONS"])
    }
    expect((await house.http(ada, "POST /api/v1/openapi.json", {})).status).toBe(405)
  })

  test("OPTIONS says which methods there are, and lets no other site in", async () => {
    const said = await house.http(undefined, "OPTIONS /api/v1/rooms/lobby/mark", undefined, {
      headers: { origin: "https://elsewhere.example", "access-control-request-method": "PUT" },
    })
    expect([said.status, said.headers.get("allow")]).toEqual([204, "PUT, OPTIONS"])
    expect([...said.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([])
  })

  test("no answer is kept by a cache, and none has a header for other sites", async () => {
    const said = await house.http(ada, "GET /api/v1/me", undefined, {
      headers: { origin: "https://elsewhere.example" },
    })
    expect(said.headers.get("cache-control")).toBe("no-store")
    expect(said.headers.get("access-control-allow-origin")).toBeNull()
  })
})

describe("addresses", () => {
  test("that lead nowhere are 404 with a code", async () => {
    for (const path of [
      "/api/v1",
      "/api/v1/",
      "/api/v1/rooms/",
      "/api/v1/nothing",
      "/api/v1/rooms/%zz",
      "/api/v1/__proto__",
    ]) {
      const said = await house.http(ada, `GET ${path}`)
      expect([path, said.status]).toEqual([path, 404])
      expect(["no-such-request", "no-such-room"]).toContain(code(said))
    }
  })

  test("outside /api/v1 are left to others", async () => {
    for (const path of ["/", "/api", "/api/v10/rooms", "/healthz"])
      expect(await house.api.http(new Request(`http://parley.example${path}`), home("ada"))).toBeUndefined()
  })

  test("give their texts the meaning that the field has", async () => {
    const room = await house.room("2024", [ada])
    await house.say(ada, room, "hello")
    expect(
      (await house.http(ada, "GET /api/v1/rooms/2024/events?after=1&limit=1&names=true")).body,
    ).toMatchObject({
      events: [{ seq: 2, name: "ada" }],
    })
    const ids = `${ada.who.id},${house.id()}`
    for (const query of [`ids=${ids}`, `ids=${ada.who.id}&ids=${house.id()}`])
      expect((await house.http(ada, `GET /api/v1/accounts?${query}`)).body).toMatchObject({
        people: [{ name: "ada" }],
      })
    for (const [query, field] of [
      ["limit=x", "limit"],
      ["limit=0", "limit"],
      ["limit=1.5", "limit"],
      ["after=-1", "after"],
      ["names=yes", "names"],
      ["colour=red", "colour"],
      ["__proto__=1", "__proto__"],
      ["constructor=1", "constructor"],
    ] as const) {
      const said = await house.http(ada, `GET /api/v1/rooms/2024/events?${query}`)
      expect([query, said.status, message(said).startsWith(field)]).toEqual([query, 400, true])
    }
  })

  test("say a field once: not in the path and in the body as well", async () => {
    const room = await house.room("garden", [ada])
    const said = await house.http(ada, `PUT /api/v1/rooms/${room}/topic`, { topic: "x", room: "elsewhere" })
    expect([said.status, message(said)]).toEqual([400, "room stands in the address already."])
    expect((await house.http(ada, `GET /api/v1/rooms/${room}/events?room=elsewhere`)).status).toBe(400)
    const both = { reason: "x" }
    const twice = await house.http(ada, `DELETE /api/v1/rooms/${room}/members/bob?reason=y`, both)
    expect(message(twice)).toBe("reason stands in the address already.")
  })

  test("carry no passwords: what is sent is read from the body alone", async () => {
    const said = await house.http(
      undefined,
      "POST /api/v1/sessions?name=ada&password=ada%20walks%20by%20the%20river",
    )
    expect([said.status, code(said)]).toEqual([400, "bad-input"])
  })
})

describe("bodies", () => {
  test("are JSON and say so", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/jsonp",
    ]) {
      const said = await house.http(ada, "POST /api/v1/rooms", '{"name":"garden"}', {
        headers: { "content-type": type },
      })
      expect([type, said.status]).toEqual([type, 415])
    }
    const right = { headers: { "content-type": "Application/JSON; charset=UTF-8" } }
    expect((await house.http(ada, "POST /api/v1/rooms", '{"name":"garden"}', right)).status).toBe(201)
  })

  test("are one object in UTF-8", async () => {
    for (const body of ["", "[]", "null", "7", '"x"', "{", '{"name":"garden"}}', "[".repeat(60_000)]) {
      const said = await house.http(ada, "POST /api/v1/rooms", body)
      expect([body.slice(0, 20), said.status, code(said)]).toEqual([body.slice(0, 20), 400, "bad-input"])
    }
    const bytes = new Uint8Array([...new TextEncoder().encode('{"name":"'), 0xff, 0xfe, 0x22, 0x7d])
    const request = new Request("http://parley.example/api/v1/rooms", {
      method: "POST",
      body: bytes,
      headers: { "content-type": "application/json" },
    })
    const said = await house.api.http(request, { ...home("ada"), token: ada.token })
    expect(said?.status).toBe(400)
    expect(house.broken).toEqual([])
  })

  test("that are deep, or name the prototype, are refused and break nothing", async () => {
    const deep = `{"kind":"message.posted","body":{"text":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`
    const room = await house.room("garden", [ada])
    for (const body of [
      deep,
      '{"kind":"message.posted","body":{"text":"x","__proto__":{"style":"action"}}}',
      '{"kind":"message.posted","body":{"text":"x"},"__proto__":{"system":true}}',
      '{"kind":"message.posted","body":{"text":"x"},"constructor":1}',
    ]) {
      const said = await house.http(ada, `POST /api/v1/rooms/${room}/events`, body)
      expect([said.status, code(said)]).toEqual([400, "bad-input"])
    }
    expect(Object.hasOwn(Object.prototype, "system")).toBe(false)
    expect(house.broken).toEqual([])
  })

  test("larger than a frame are refused before they are read to the end", async () => {
    const large = JSON.stringify({ name: "x".repeat(limits.frameBytesMax) })
    const said = await house.http(ada, "POST /api/v1/rooms", large)
    expect([said.status, code(said)]).toEqual([413, "too-large"])
    let given = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        given += 16_384
        controller.enqueue(new Uint8Array(16_384).fill(0x20))
      },
    })
    const request = new Request("http://parley.example/api/v1/rooms", {
      method: "POST",
      body: endless,
      headers: { "content-type": "application/json" },
    })
    const answer = await house.api.http(request, { ...home("ada"), token: ada.token })
    expect(answer?.status).toBe(413)
    expect(given).toBeLessThan(limits.frameBytesMax * 4)
  })

  test("of those who are not signed in are not read at all", async () => {
    const body = new ReadableStream<Uint8Array>({ pull: () => expect.unreachable() }, { highWaterMark: 0 })
    const request = new Request("http://parley.example/api/v1/rooms", { method: "POST", body })
    expect((await house.api.http(request, home("nobody")))?.status).toBe(401)
  })

  test("name the request with an id that is a UUID", async () => {
    for (const id of [7, "x", "019A0000-0000-7000-8000-000000000001", null]) {
      const said = await house.http(ada, "POST /api/v1/rooms", { name: "garden", id })
      expect(message(said)).toBe("id must be a UUID of version 7, in lower case.")
    }
    const id = house.id()
    const room = await house.room("garden", [ada])
    const path = `DELETE /api/v1/rooms/${room}/members/me?id=${id}`
    const first = await house.http(ada, path)
    expect([first.status, (await house.http(ada, path)).text]).toEqual([200, first.text])
  })
})

describe("browsers", () => {
  const signIn = { name: "ada", password: "ada walks by the river", cookie: true }

  test("get their token as a cookie that scripts cannot read, and not in the answer", async () => {
    const said = await house.http(undefined, "POST /api/v1/sessions", signIn)
    expect(said.status).toBe(201)
    expect(said.body).not.toHaveProperty("token")
    const cookie = said.headers.get("set-cookie") ?? ""
    expect(cookie).toMatch(/^__Host-parley=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
    const token = /=([\w-]+);/.exec(cookie)?.[1] ?? ""
    expect(house.accounts.resume(token)?.name).toBe("ada")
  })

  test("get none for a wrong password, and others get the token as it is", async () => {
    const wrong = await house.http(undefined, "POST /api/v1/sessions", {
      ...signIn,
      password: "a guess in the dark",
    })
    expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([401, null])
    const bare = await house.http(undefined, "POST /api/v1/sessions", { ...signIn, cookie: false })
    expect([bare.headers.get("set-cookie"), (bare.body as { token: string }).token.length]).toEqual([
      null,
      43,
    ])
  })

  test("lose the cookie when they sign out", async () => {
    const headers = { cookie: `theme=dusk; __Host-parley=${ada.token}` }
    const said = await house.http(ada, "DELETE /api/v1/sessions/current", undefined, { headers })
    expect(said.headers.get("set-cookie")).toBe(
      "__Host-parley=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    )
  })

  test("that sign in again are not held up by a cookie that has ended", async () => {
    await house.http(ada, "DELETE /api/v1/sessions/current")
    const again = await house.http(ada, "POST /api/v1/sessions", signIn)
    expect(again.status).toBe(201)
  })
})

test("what breaks is answered with 500 and told to the operator", async () => {
  const request = new Request("http://parley.example/api/v1/me")
  const broken = Object.assign(Object.create(null), { address: "192.0.2.1", transport: "http" })
  Object.defineProperty(broken, "token", {
    get() {
      throw new Error("a bug")
    },
  })
  const answer = await house.api.http(request, broken)
  expect(answer?.status).toBe(500)
  expect(await answer?.json()).toMatchObject({ code: "broken" })
  expect(house.broken).toHaveLength(1)
})
