import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { isUuid, type Uuid } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { newId } from "../callers.ts"
import type { Name } from "../cast.ts"
import { type Account, adaOwns, castOf, makeRoom } from "../people.ts"
import { type Server, startServer, stopAll, testFolders } from "../server.ts"
import { http, speak } from "../voices.ts"

setDefaultTimeout(60_000)

const folders = testFolders()
let server: Server
let people: Readonly<Record<Name, Account>>
let room: Uuid

beforeAll(async () => {
  server = await startServer(folders.next(), { env: adaOwns })
  people = await castOf(server)
  room = await makeRoom(await speak(server, "http", people.ada.token), "lobby")
})
afterAll(async () => {
  await stopAll(server)
  folders.remove()
})

const ask = (method: string, path: string, input: object = {}, token = people.ada.token) =>
  http(server.url, method, path, input, token)

describe("REQUEST-2 SUBMIT-3: a repeat with the same id has the same answer", () => {
  const posts = (count: number, id: Uuid, text: string) =>
    Promise.all(
      Array.from({ length: count }, () =>
        ask("POST", "/rooms/{room}/events", { room, id, kind: "message.posted", body: { text } }),
      ),
    )

  test("one after the other, all at once, and after a restart", async () => {
    const [message, made] = [newId(), newId()]
    const [first] = await posts(1, message, "once")
    expect(first).toMatchObject({ status: 201, body: { id: message } })
    for (const again of await posts(8, message, "once")) expect(again).toEqual(first ?? again)
    const other = newId()
    const raced = await posts(8, other, "raced")
    expect(new Set(raced.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(raced[0]?.status).toBe(201)
    expect((await posts(1, message, "other words"))[0]).toMatchObject({
      status: 409,
      body: { code: "id-taken" },
    })
    const theirs = { room, id: message, kind: "message.posted", body: { text: "once" } }
    await ask("POST", "/rooms/{room}/members", { room }, people.bob.token)
    expect(await ask("POST", "/rooms/{room}/events", theirs, people.bob.token)).toMatchObject({
      status: 409,
      body: { code: "id-taken" },
    })

    const create = () => ask("POST", "/rooms", { id: made, name: "attic", visibility: "private" })
    const rooms = await Promise.all([create(), create(), create()])
    expect(new Set(rooms.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(rooms[0]?.status).toBe(201)

    await server.stop("SIGKILL")
    server = await startServer(server.data)
    expect((await posts(1, message, "once"))[0]).toEqual(first ?? { status: 0, body: {} })
    expect(await create()).toEqual(rooms[0] ?? { status: 0, body: {} })
    expect((await posts(1, other, "raced"))[0]).toEqual(raced[0] ?? { status: 0, body: {} })
    const { body } = await ask("GET", "/rooms/{room}/events", { room })
    const { events } = body as { readonly events: readonly { readonly id: Uuid; readonly seq: number }[] }
    expect(events.filter(({ id }) => id === message || id === other)).toHaveLength(2)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  })

  test("without an id each is another", async () => {
    const post = () =>
      ask("POST", "/rooms/{room}/events", { room, kind: "message.posted", body: { text: "same" } })
    const [one, two] = [await post(), await post()]
    expect([one.status, two.status]).toEqual([201, 201])
    expect(one.body).not.toEqual(two.body)
  })
})

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
}

describe("REQUEST-1: the document of the API", () => {
  test("is served, and every path in it answers, whoever asks", async () => {
    const document = await (await fetch(`${server.url}/api/v1/openapi.json`)).json()
    expect(document.openapi).toStartWith("3.1")
    const values: Readonly<Record<string, string>> = { room, account: "bob", message: "1", key: "setting:x" }
    let asked = 0
    for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths))
      for (const [method, { operationId, parameters }] of Object.entries(methods)) {
        // These would end the session or the room that the others need.
        const isLast = /^(sessions\.end|members\.leave|rooms\.archived)/.test(operationId)
        const input = Object.fromEntries(
          parameters.flatMap((one) => (one.in === "path" ? [[one.name, values[one.name] ?? newId()]] : [])),
        )
        for (const token of isLast ? [undefined] : [people.ada.token, people.eve.token, undefined]) {
          const { status, body } = await http(server.url, method.toUpperCase(), path, input, token)
          expect({ operationId, isServerFault: status >= 500 }).toEqual({ operationId, isServerFault: false })
          // Something may be missing at the address, but never the address.
          const answer = body as object
          if (status >= 400) expect(isRefusal(answer) && answer.code !== "no-such-request").toBe(true)
          asked++
        }
      }
    expect(asked).toBeGreaterThan(100)
    expect(server.log()).not.toContain('"level":"error"')
  })

  test("the calls that everyone scripts against are as they are promised", async () => {
    const name = "promised"
    const account = await http(server.url, "POST", "/accounts", { name, password: "a promise is a promise" })
    expect(account.status).toBe(201)
    const wrong = await http(server.url, "POST", "/sessions", { name, password: "no promise at all" })
    expect([wrong.status, Object.keys(wrong.body as object)]).toEqual([401, ["code", "message"]])
    const session = await http(server.url, "POST", "/sessions", { name, password: "a promise is a promise" })
    expect(session).toMatchObject({ status: 201, body: { account: { name } } })
    const { token } = session.body as { readonly token: string }
    const made = await ask("POST", "/rooms", { name: "promises", visibility: "public" }, token)
    expect([made.status, isUuid((made.body as { readonly id: Uuid }).id)]).toEqual([201, true])
    expect(await ask("GET", "/rooms", {}, token)).toMatchObject({
      status: 200,
      body: { rooms: [{ name: "promises" }] },
    })
    expect((await ask("POST", "/rooms/{room}/members", { room: "promises" })).status).toBe(201)
    const event = { room: "promises", id: newId(), kind: "message.posted", body: { text: "kept" } }
    const said = await ask("POST", "/rooms/{room}/events", event, token)
    expect(said).toMatchObject({ status: 201, body: { seq: 3 } })
    expect((said.body as { readonly at: number }).at).toBeNumber()
    const page = (input: object) => ask("GET", "/rooms/{room}/events", { room: "promises", ...input }, token)
    for (const [input, seqs] of [
      [{}, [1, 2, 3]],
      [{ after: 1 }, [2, 3]],
      [{ before: 3 }, [1, 2]],
      [{ after: 0, limit: 2 }, [1, 2]],
      [{ limit: 1 }, [3]],
    ] as const) {
      const { status, body } = await page(input)
      const { events } = body as { readonly events: readonly { readonly seq: number }[] }
      expect([status, events.map(({ seq }) => seq)]).toEqual([200, [...seqs]])
    }
    expect((await ask("GET", "/search", { q: "kept" }, token)).status).toBe(200)
    for (const [path, type] of [
      ["/healthz", "text/plain"],
      ["/readyz", "text/plain"],
      ["/metrics", "text/plain; version=0.0.4"],
    ] as const) {
      const response = await fetch(`${server.url}${path}`)
      expect([response.status, response.headers.get("content-type")?.startsWith(type)]).toEqual([200, true])
    }
  })
})
