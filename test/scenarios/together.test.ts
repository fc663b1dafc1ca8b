import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { fileURLToPath } from "node:url"
import type { Name } from "../cast.ts"
import { type Account, adaOwns, castOf, join, makeRoom, say } from "../people.ts"
import { requires } from "../programs.ts"
import { type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { speak } from "../voices.ts"

setDefaultTimeout(60_000)

const example = fileURLToPath(new URL("../../sdk/example/talk.ts", import.meta.url))
const folders = testFolders()
let server: Server
let people: Readonly<Record<Name, Account>>

beforeAll(async () => {
  server = await startServer(folders.next(), { env: adaOwns })
  people = await castOf(server)
})
afterAll(async () => {
  await stopAll(server)
  folders.remove()
})

/** A program whose output is gathered. */
function run(command: readonly string[]) {
  const child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" })
  let out = ""
  const ended = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of child.stdout) out += decoder.decode(chunk, { stream: true })
  })()
  return {
    out: () => out,
    type(line: string) {
      child.stdin.write(`${line}\n`)
      void child.stdin.flush()
    },
    async end() {
      child.kill("SIGKILL")
      await ended
    },
  }
}

describe.skipIf(!requires("nc"))("three ways into one room", () => {
  test("WIRE-2: Ada by HTTP, Bob by lines into nc and Cleo by the sdk's example see each other's words live", async () => {
    const ada = await speak(server, "http", people.ada.token)
    const lobby = await makeRoom(ada, "lobby")
    const heard = await ada.listen(lobby)

    // The lines of the README.
    const bob = run(["nc", "127.0.0.1", String(server.tcp)])
    bob.type(`{"type":"hello","version":1,"name":"bob","password":"${people.bob.password}","names":true}`)
    bob.type('{"type":"submit","room":"lobby","kind":"member.joined","body":{}}')
    bob.type('{"type":"follow","rooms":[{"room":"lobby","last":20}]}')
    bob.type(
      '{"type":"submit","room":"lobby","kind":"message.posted","body":{"text":"Good morning from a socket"}}',
    )
    const cleo = run([
      process.execPath,
      example,
      server.url,
      "cleo",
      people.cleo.password,
      "lobby",
      "Hello from the SDK",
    ])

    const all = ["Good morning from a socket", "Hello from the SDK", "Good morning from curl"]
    await heard.until((events) => JSON.stringify(events).includes("Hello from the SDK"), "the sdk's words")
    await say(ada, lobby, "Good morning from curl")
    await heard.until((events) => all.every((text) => JSON.stringify(events).includes(text)), "all words")
    await until(
      () => all.every((text) => bob.out().includes(text)),
      () => `all words in ${bob.out()}`,
    )
    await until(
      () => cleo.out().includes("ada: Good morning from curl"),
      () => `Ada's words in ${cleo.out()}`,
    )
    bob.type('{"type":"submit","room":"lobby","kind":"message.posted","body":{"text":"See you"}}')
    await until(
      () => cleo.out().includes("bob: See you"),
      () => `Bob's words in ${cleo.out()}`,
    )
    expect(bob.out()).toContain('"name":"cleo"')
    await Promise.all([bob.end(), cleo.end()])
  })

  test("WIRE-2: what was piped in whole is answered before the server closes its half", async () => {
    const ada = await speak(server, "http", people.ada.token)
    await makeRoom(ada, "piped")
    await join(ada, "lobby").catch(() => undefined)
    const lines = [
      `{"type":"hello","version":1,"token":"${people.ada.token}"}\r`,
      "",
      '{"type":"submit","room":"piped","kind":"message.posted","body":{"text":"one"}}',
      '{"type":"submit","room":"piped","kind":"message.posted","body":{"text":"two, without an end of line"}}',
    ].join("\n")
    const child = Bun.spawn(["nc", "-N", "127.0.0.1", String(server.tcp)], {
      stdin: Buffer.from(lines),
      stdout: "pipe",
    })
    const out = await new Response(child.stdout).text()
    const types = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).type)
    expect(types).toEqual(["welcome", "accepted", "accepted"])
  })
})
