import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { isRefusal } from "../../protocol/refusals.ts"
import type { Shown } from "../../protocol/timeline.ts"
import { fileCache } from "../../sdk/caches/file.ts"
import { type Client, type ConnectOptions, connect } from "../../sdk/client.ts"
import { httpClient } from "../../sdk/http.ts"
import { tcpLink } from "../../sdk/links/tcp.ts"
import { webSocketLink } from "../../sdk/links/websocket.ts"
import type { Link } from "../../sdk/ports.ts"
import type { Room } from "../../sdk/room.ts"
import { cast, type Name } from "../cast.ts"
import { type Account, adaOwns, castOf, done } from "../people.ts"
import { requires } from "../programs.ts"
import { type Server, startServer, stopAll, testFolders, until } from "../server.ts"

setDefaultTimeout(60_000)

const root = fileURLToPath(new URL("../..", import.meta.url))
const folders = testFolders()
let server: Server
let people: Readonly<Record<Name, Account>>
const clients: Client[] = []

beforeAll(async () => {
  server = await startServer(folders.next(), { env: adaOwns })
  people = await castOf(server)
})
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await stopAll(server)
  folders.remove()
})

const links = {
  websocket: ({ url }: Server): Link => webSocketLink(url),
  tcp: ({ tcp }: Server): Link => tcpLink({ host: "127.0.0.1", port: tcp }),
}

async function enter(
  wire: keyof typeof links,
  name: Name,
  options: Partial<ConnectOptions> = {},
): Promise<Client> {
  const client = connect({ link: links[wire](server), token: people[name].token, counts: true, ...options })
  clients.push(client)
  await until(
    () => client.state.is === "online",
    () => `${name} online: ${JSON.stringify(client.state)}`,
  )
  return client
}

const texts = (shown: readonly Shown[]) => shown.flatMap((one) => (one.type === "message" ? [one.text] : []))
const shows = (room: Room, ...wanted: readonly string[]) =>
  until(
    () => Bun.deepEquals(texts(room.messages), wanted),
    () => `${JSON.stringify(wanted)}; shown is ${JSON.stringify(texts(room.messages))}`,
  )

describe.each(["websocket", "tcp"] as const)("the sdk and the server, over %s", (wire) => {
  const place = `lobby-${wire}`

  test("two people talk, change what they said, and see each other type", async () => {
    const [ada, bob] = [await enter(wire, "ada"), await enter(wire, "bob")]
    done(await ada.request<object>("rooms.create", { name: place, visibility: "public" }))
    const [hers, his] = [ada.room(place), bob.room(`#${place}`)]
    his.join()
    const { id, settled } = his.say("Good mornign, Ada")
    done(await settled)
    await shows(hers, "Good mornign, Ada")
    his.edit(id, "Good morning, Ada")
    hers.react(hers.messages.at(-1)?.seq ?? 0, "🌹")
    await shows(hers, "Good morning, Ada")
    await until(
      () => his.messages.some((one) => one.type === "message" && one.reactions.length === 1),
      "a rose",
    )
    expect(ada.nameOf(people.bob.id)).toBe("bob")
    hers.type()
    await until(() => his.typists.includes(people.ada.id), "Ada typing")
    hers.say("Morning, Bob")
    await until(() => his.typists.length === 0, "Ada typing no more")
    await shows(his, "Good morning, Ada", "Morning, Bob")
  })

  test("what is unread and who calls is counted, and a mark on one device counts on the other", async () => {
    const [ada, phone, bob] = [await enter(wire, "ada"), await enter(wire, "ada"), await enter(wire, "bob")]
    const [hers, phones] = [ada.room(place), phone.room(place)]
    const activity: unknown[] = []
    ada.on("activity", ({ body }) => activity.push(body))
    for (const words of ["one", "two @ada", "three"]) done(await bob.room(place).say(words).settled)
    await until(
      () => hers.unread === 3 && hers.mentions === 1 && phones.unread === 3 && phones.mentions === 1,
      () =>
        `three unread, one of them a call: ${hers.unread} ${hers.mentions} ${phones.unread} ${phones.mentions}`,
    )
    expect(activity).toMatchObject([{ reason: "mention", room: hers.ref }])
    hers.read()
    await until(() => phones.unread === 0 && phones.mentions === 0, "nothing unread on the phone")
    expect(hers.unread).toBe(0)
  })

  test("older pages, a place long ago and a thread come from the server and stay up to date", async () => {
    const bob = await enter(wire, "bob")
    const room = bob.room(place)
    await until(() => room.messages.length > 0, "the room")
    const last = await Promise.all(Array.from({ length: 150 }, (_, index) => room.say(`${index}`).settled))
    const end = done(last[149] ?? { code: "broken", message: "" })
    const cleo = await enter(wire, "cleo", { begin: { last: 5 } })
    const hers = cleo.room(place)
    const came = done(await hers.join().settled)
    await until(() => hers.messages.length > 0, "the end")
    expect(texts(hers.messages)).toEqual(["146", "147", "148", "149"])
    expect(await hers.older()).toEqual({ more: true })
    expect(texts(hers.messages).slice(0, 2)).toEqual(["96", "97"])
    expect(came.seq).toBe(end.seq + 1)
    await hers.around(end.seq - 120)
    expect(texts(hers.messagesAt(end.seq - 120))).toContain("29")
    const thread = hers.thread(end.seq)
    await thread?.older()
    thread?.say("in a thread")
    await until(() => thread?.messages.length === 1 && room.threadOf(end.seq)?.count === 1, "a thread")
    expect(texts(room.messages)).not.toContain("in a thread")
    await hers.loadMembers()
    expect(hers.members.get(people.ada.id)).toBe("owner")
  })

  test("a direct room that somebody opens appears by itself, with what is said in it", async () => {
    const [ada, dan] = [await enter(wire, "ada"), await enter(wire, "dan")]
    const opened = await ada.request<{ readonly id: string }>("direct.open", { accounts: ["dan"] })
    const { id } = done(opened)
    await until(
      () => dan.rooms.some(({ ref }) => ref === id) && ada.rooms.some(({ ref }) => ref === id),
      "the room",
    )
    done(await ada.room(id).say(`over ${wire}`).settled)
    await until(() => texts(dan.room(id).messages).includes(`over ${wire}`), "the first words")
    expect(dan.room(id).card?.accounts?.toSorted()).toEqual([people.ada.id, people.dan.id].toSorted())
    await until(() => dan.room(id).unread > 0, "something unread")
  })

  test("presence of those who are watched", async () => {
    const [ada, bob] = [await enter(wire, "ada"), await enter(wire, "bob")]
    ada.watch([people.bob.id])
    await until(() => ada.presence(people.bob.id) === "online", "Bob online")
    bob.show("do-not-disturb")
    await until(() => ada.presence(people.bob.id) === "do-not-disturb", "Bob not to be disturbed")
    bob.show("online")
    await until(() => ada.presence(people.bob.id) === "online", "Bob online again")
  })

  test("who is put out sees that last and is in the room no more", async () => {
    const [ada, cleo] = [await enter(wire, "ada"), await enter(wire, "cleo")]
    const [hers, cleos] = [ada.room(place), cleo.room(place)]
    await until(() => cleos.messages.length > 0 && hers.messages.length > 0, "the room")
    done(await hers.submit({ kind: "member.removed", body: { account: people.cleo.id } }).settled)
    await until(() => !cleos.isMember, "Cleo outside")
    expect(cleos.messages.at(-1)).toMatchObject({ type: "notice", kind: "member.removed" })
    const after = cleos.messages.length
    done(await hers.say("She is gone").settled)
    expect(await cleos.say("Am I?").settled).toMatchObject({ code: "not-a-member" })
    expect(cleos.messages).toHaveLength(after)
  })

  test("a revoked session ends its client for good", async () => {
    const { url } = server
    const entered = await httpClient({ base: url }).signIn("bob", people.bob.password)
    const { token } = done(entered)
    const bob = await enter(wire, "bob", { token })
    done(await httpClient({ base: url, token }).call<object>("DELETE", "/sessions/current"))
    await until(() => bob.state.is === "ended", "the end")
    expect(bob.state).toMatchObject({ is: "ended", why: { code: "session-ended" } })
  })
})

test("the HTTP client registers, signs in and is told why not", async () => {
  const client = httpClient({ base: server.url })
  const made = await client.register("frida", "frida walks by the river")
  expect(made).toMatchObject({ account: { name: "frida" } })
  expect(await client.register("Frida", "another password entirely")).toMatchObject({ code: "name-taken" })
  const entered = await client.signIn("frida", "frida walks by the river")
  expect(isRefusal(entered)).toBe(false)
  expect(await client.signIn("frida", "not this one")).toMatchObject({ code: "wrong-password" })
})

test("a server killed in the middle of it all loses nothing of what the outbox holds, and doubles nothing", async () => {
  const data = folders.next()
  let own = await startServer(data, { env: adaOwns })
  const found = { http: own.http, tcp: own.tcp }
  const ada = connect({
    link: webSocketLink(own.url),
    name: "ada",
    password: cast.ada.password,
    begin: { after: 0 },
  })
  clients.push(ada)
  await until(() => ada.state.is === "online", "Ada online")
  done(await ada.request<object>("rooms.create", { name: "lobby" }))
  await until(() => ada.rooms.length === 1, "the room")
  const room = ada.room("lobby")
  const answers: Promise<object>[] = []
  for (let round = 0; round < 5; round++) {
    for (let count = 0; count < 40; count++) answers.push(room.say(`${answers.length}`).settled)
    await answers[answers.length - 20]
    await own.stop("SIGKILL")
    for (let count = 0; count < 10; count++) answers.push(room.say(`${answers.length}`).settled)
    own = await startServer(data, { env: adaOwns, doors: found })
  }
  await Promise.all(answers)
  await until(() => room.pending.length === 0, "an empty outbox")
  expect(texts(room.messages)).toEqual(answers.map((_, index) => `${index}`))
  await ada.close()
  await own.stop("SIGKILL")
})

test("what a program had not sent when it ended is sent when it starts again", async () => {
  const folder = folders.next()
  const first = connect({
    link: webSocketLink(server.url),
    token: people.ada.token,
    cache: await fileCache(folder),
  })
  await until(() => first.rooms.length > 0, "the rooms")
  const name = first.rooms.find((room) => room.name !== "")?.name ?? ""
  await first.close()
  const away = connect({
    link: tcpLink({ host: "127.0.0.1", port: 1 }),
    token: people.ada.token,
    cache: await fileCache(folder),
  })
  await until(() => away.rooms.length > 0, "what was kept")
  const { id } = away.room(name).say("from before")
  await away.close()
  const again = connect({
    link: webSocketLink(server.url),
    token: people.ada.token,
    cache: await fileCache(folder),
  })
  clients.push(again)
  await until(() => again.room(name).messages.some((one) => one.id === id), "the words from before")
  expect(again.room(name).pending).toEqual([])
})

describe.skipIf(!requires("node"))("in Node 20", () => {
  let bundles = ""
  beforeAll(async () => {
    bundles = await mkdtemp(join(tmpdir(), "parley-node-"))
    await Bun.build({
      entrypoints: [join(root, "sdk/testing/guest.ts")],
      target: "node",
      outdir: bundles,
      naming: "guest.mjs",
    })
  })
  afterAll(() => rm(bundles, { recursive: true }))

  test.each(["ws", "tcp"])("a program comes in over %s, answers and goes", async (door) => {
    const own = await startServer(folders.next(), {
      env: { ...adaOwns, PARLEY_OWNER_PASSWORD: "correct horse" },
    })
    const bob = done(await httpClient({ base: own.url }).register("bob", "two cups of tea")) as {
      token: string
    }
    const client = connect({ link: webSocketLink(own.url), token: bob.token })
    clients.push(client)
    await until(() => client.state.is === "online", "Bob online")
    done(await client.request<object>("rooms.create", { name: "garden", visibility: "public" }))
    await until(() => client.rooms.length === 1, "the garden")
    const garden = client.room("garden")
    const address = door === "tcp" ? `tcp://127.0.0.1:${own.tcp}` : own.url
    const guest = Bun.spawn(
      ["node", join(bundles, "guest.mjs"), door, address, await mkdtemp(join(bundles, "cache-"))],
      {
        stdout: "pipe",
        stderr: "inherit",
      },
    )
    await shows(garden, "hello")
    garden.say("bye")
    await shows(garden, "hello", "bye", "you said: bye")
    expect(await new Response(guest.stdout).text()).toBe("connecting\nsigning-in\nonline\nended\n")
    expect(await guest.exited).toBe(0)
    await client.close()
    await own.stop("SIGKILL")
  })
})
