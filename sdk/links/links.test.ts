import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { requires } from "../../test/programs.ts"
import type { Wire } from "../ports.ts"
import { scene } from "../testing/scene.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** A made-up server with real doors; its time runs as ours does. */
function open(tls?: { readonly cert: string; readonly key: string }) {
  const { world, house, bob, garden } = scene()
  const wires = new Map<unknown, Wire>()
  const enter = (key: unknown, say: (text: string) => void, end: () => void) => {
    wires.set(key, house.link().open({ opened() {}, frame: say, closed: end }))
  }
  const http = Bun.serve({
    port: 0,
    fetch: (request, server) =>
      new URL(request.url).pathname === "/ws" && server.upgrade(request, { headers: subprotocol(request) })
        ? undefined
        : new Response("no", { status: 404 }),
    websocket: {
      open: (socket) =>
        enter(
          socket,
          (text) => void socket.send(text),
          () => socket.close(),
        ),
      message: (socket, text) => wires.get(socket)?.send(String(text)),
      close: (socket) => wires.get(socket)?.close(),
    },
  })
  const rests = new Map<unknown, string>()
  const tcp = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls && { tls }),
    socket: {
      open: (socket) =>
        enter(
          socket,
          (text) => void socket.write(`${text}\n`),
          () => socket.end(),
        ),
      data: (socket, bytes) => {
        const lines = ((rests.get(socket) ?? "") + bytes.toString("utf8")).split("\n")
        rests.set(socket, lines.pop() ?? "")
        for (const line of lines) wires.get(socket)?.send(line)
      },
      close: (socket) => wires.get(socket)?.close(),
    },
  })
  const clock = setInterval(() => world.pass(2), 2)
  const close = async () => {
    clearInterval(clock)
    await http.stop(true)
    tcp.stop(true)
  }
  return {
    house,
    bob,
    garden,
    http: `http://127.0.0.1:${http.port}`,
    tcp: `tcp://127.0.0.1:${tcp.port}`,
    close,
  }
}

function subprotocol(request: Request): Record<string, string> {
  const asked = request.headers.get("sec-websocket-protocol")
  return asked === null ? {} : { "sec-websocket-protocol": asked }
}

describe("a program over a real link", () => {
  let folder = ""
  let bundle = ""

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "parley-guest-"))
    const built = await Bun.build({
      entrypoints: [join(root, "sdk/testing/guest.ts")],
      target: "node",
      outdir: folder,
      naming: "guest.mjs",
    })
    bundle = built.outputs[0]?.path ?? ""
  })
  afterAll(() => rm(folder, { recursive: true }))

  const run = async (runtime: readonly string[], door: string, address: string) => {
    const cache = await mkdtemp(join(folder, "cache-"))
    const program = Bun.spawn([...runtime, door, address, cache], { stdout: "pipe", stderr: "pipe" })
    const ended = Promise.all([new Response(program.stdout).text(), new Response(program.stderr).text()])
    return { program, ended }
  }
  const inBun = [process.execPath, join(root, "sdk/testing/guest.ts")]
  const inNode = () => ["node", bundle]

  const talks = async (
    runtime: readonly string[],
    door: string,
    address: string,
    server: ReturnType<typeof open>,
  ) => {
    const { garden, house, bob } = server
    const { program, ended } = await run(runtime, door, address)
    const heard = () => garden.events.flatMap(({ body }) => (body as { text?: string }).text ?? [])
    const until = (text: string) => {
      const said = new Promise<void>((resolve) => {
        house.appended = () => {
          if (heard().includes(text)) resolve()
        }
        house.appended()
      })
      return Promise.race([said, ended])
    }
    await until("hello")
    house.posts(garden, bob, "how are you, 🦜?")
    await until("you said: how are you, 🦜?")
    house.posts(garden, bob, "bye")
    const [out, err] = await ended
    expect(err).toBe("")
    expect(out.trim().split("\n")).toEqual(["connecting", "signing-in", "online", "ended"])
    expect(heard()).toEqual([
      "hello",
      "how are you, 🦜?",
      "you said: how are you, 🦜?",
      "bye",
      "you said: bye",
    ])
    expect(await program.exited).toBe(0)
  }

  test("over WebSocket, in Bun", async () => {
    const server = open()
    await talks(inBun, "websocket", server.http, server)
    await server.close()
  })

  test("over TCP, in Bun", async () => {
    const server = open()
    await talks(inBun, "tcp", server.tcp, server)
    await server.close()
  })

  test("the example of twenty lines says what it is told and prints what it hears", async () => {
    const server = open()
    const { garden, house, bob } = server
    const command = [process.execPath, join(root, "sdk/example/talk.ts"), server.http, "ada", "correct horse"]
    const program = Bun.spawn([...command, "garden", "Hello, Bob"], { stdout: "pipe" })
    const lines = program.stdout.getReader()
    const line = async () => new TextDecoder().decode((await lines.read()).value).trim()
    expect(await line()).toBe("ada: Hello, Bob")
    house.posts(garden, bob, "Hello, Ada")
    expect(await line()).toBe("bob: Hello, Ada")
    program.kill()
    await server.close()
  })

  test.skipIf(!requires("node"))("over a WebSocket that it is given, in Node", async () => {
    const server = open()
    await talks(inNode(), "ws", server.http, server)
    await server.close()
  })

  test.skipIf(!requires("node"))("over TCP, in Node", async () => {
    const server = open()
    await talks(inNode(), "tcp", server.tcp, server)
    await server.close()
  })

  test.skipIf(!requires("node"))("without a WebSocket it is told what to do, in Node 20", async () => {
    const version = Bun.spawnSync(["node", "--version"]).stdout.toString()
    if (!version.startsWith("v20.")) return
    const { ended } = await run(inNode(), "websocket", "http://127.0.0.1:1")
    const [out] = await ended
    expect(out).toContain("This runtime has no WebSocket: give webSocketLink one, or use tcpLink.")
  })

  test("nobody there is told as what it is", async () => {
    const { ended } = await run(inBun, "tcp", "tcp://127.0.0.1:1")
    const [out] = await ended
    expect(out).toContain("offline: ")
    expect(out).toContain("ECONNREFUSED")
  })

  describe.skipIf(!requires("openssl", "node"))(
    "over TLS with a certificate of the server's own making",
    () => {
      const files = () => ({ cert: join(folder, "cert.pem"), key: join(folder, "key.pem") })
      let fingerprint = ""
      beforeAll(() => {
        const { cert, key } = files()
        const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=parley -keyout ${key} -out ${cert}`
        Bun.spawnSync(["openssl", ...made.split(" ")])
        const shown = Bun.spawnSync(["openssl", "x509", "-in", cert, "-noout", "-fingerprint", "-sha256"])
        fingerprint = shown.stdout.toString().trim().split("=")[1] ?? ""
      })
      const pem = async () => ({
        cert: await Bun.file(files().cert).text(),
        key: await Bun.file(files().key).text(),
      })

      test.each(["bun", "node"])("the fingerprint one knows lets one in, in %s", async (runtime) => {
        const server = open(await pem())
        const address = `${server.tcp}#${fingerprint}`
        await talks(runtime === "bun" ? inBun : inNode(), "tls", address, server)
        await server.close()
      })

      test.each(["bun", "node"])("any other does not, and nothing is said to it, in %s", async (runtime) => {
        const server = open(await pem())
        const { ended } = await run(runtime === "bun" ? inBun : inNode(), "tls", `${server.tcp}#AB:CD`)
        const [out] = await ended
        expect(out).toContain(`The server's certificate is not trusted; its fingerprint is ${fingerprint}.`)
        expect(server.house.heard).toEqual([])
        await server.close()
      })
    },
  )
})
