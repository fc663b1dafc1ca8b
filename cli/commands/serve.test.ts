import { afterAll, describe, expect, test } from "bun:test"
import { connect } from "node:tls"
import { parley, serve, temporaryFolders } from "../testing.ts"

const folders = temporaryFolders()
afterAll(folders.remove)

describe("parley serve", () => {
  test("says in at most six lines where to go, and how to become the owner while there is none", async () => {
    const data = folders.next()
    const server = await serve(data)
    expect(server.lines.length).toBeLessThanOrEqual(6)
    const text = server.lines.join("\n")
    expect(text).toMatch(/^Parley \S+ is running\.$/m)
    expect(text).toMatch(/^ {2}Web {3}http:\/\/localhost:\d+$/m)
    expect(text).toMatch(/^ {2}TCP {3}tcp:\/\/localhost:\d+$/m)
    expect(text).toContain(`  Data  ${data}`)
    expect(text).toMatch(/http:\/\/localhost:\d+\/setup#\S+/)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    server.kill("SIGTERM")
    expect((await server.ended()).code).toBe(0)
  })

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("ends in order on %s", async (signal) => {
    const server = await serve(folders.next())
    server.kill(signal)
    expect((await server.ended()).code).toBe(0)
  })

  test("takes Ctrl-C that arrives twice for one, as npm passes it on", async () => {
    const server = await serve(folders.next())
    server.kill("SIGINT")
    server.kill("SIGINT")
    expect((await server.ended()).code).toBe(0)
  })

  test("refuses a folder that another server has", async () => {
    const data = folders.next()
    const server = await serve(data)
    const second = await parley(["serve", "--data", data, "--http", "0", "--tcp", "0"])
    expect(second.code).toBe(1)
    expect(second.err).toContain("is in use by another Parley server")
    server.kill("SIGTERM")
    await server.ended()
  })

  test("refuses a port that is taken and says which", async () => {
    const server = await serve(folders.next())
    const port = new URL(server.url).port
    const second = await parley(["serve", "--data", folders.next(), "--http", port, "--tcp", "off"])
    expect(second.code).toBe(1)
    expect(second.err).toContain(port)
    server.kill("SIGTERM")
    await server.ended()
  })

  test("speaks TLS with a certificate of its own, whose fingerprint it prints and keeps", async () => {
    const data = folders.next()
    const doors = ["--http", "off", "--tcp", "off", "--https", "0", "--tcp-tls", "0"]
    const printed: (string | undefined)[] = []
    for (const _ of ["first start", "second start"]) {
      const server = await serve(data, doors)
      expect(server.lines.length).toBeLessThanOrEqual(6)
      const fingerprint = /^ {2}TLS .*SHA-256 (\S+)$/m.exec(server.lines.join("\n"))?.[1]
      const socket = connect({ port: Number(new URL(server.url).port), rejectUnauthorized: false })
      await new Promise((secure, fail) => socket.once("secureConnect", secure).once("error", fail))
      expect(socket.getPeerCertificate().fingerprint256).toBe(fingerprint ?? "")
      socket.destroy()
      printed.push(fingerprint)
      server.kill("SIGTERM")
      expect((await server.ended()).code).toBe(0)
    }
    expect(printed[1]).toBe(printed[0])
  })

  test("makes the owner that the environment names, and prints no link then", async () => {
    const env = { PARLEY_OWNER: "ada", PARLEY_OWNER_PASSWORD: "a long walk in the garden" }
    const data = folders.next()
    const server = await serve(data, [], { env })
    expect(server.lines.join("\n")).not.toContain("/setup#")
    const { out } = await parley(["user", "list", "--data", data])
    expect(out).toMatch(/^ada\s+owner$/m)
    server.kill("SIGTERM")
    expect((await server.ended()).err).not.toContain("a long walk")
  })

  test("logs JSON lines where nobody watches", async () => {
    const server = await serve(folders.next(), ["--log", "debug"])
    server.kill("SIGTERM")
    const { err } = await server.ended()
    for (const line of err.split("\n")) if (line !== "") expect(JSON.parse(line)).toHaveProperty("message")
  })
})
