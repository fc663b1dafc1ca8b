import { afterAll, describe, expect, test } from "bun:test"
import { X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect, createServer } from "node:tls"
import { fingerprintOf, makeCertificate } from "./certificate.ts"
import { ownCertificate } from "./own-certificate.ts"

const hosts = ["localhost", "chat.example.org", "127.0.0.1", "::1", "fe80::1:2"]
const now = Date.parse("2026-03-01T12:00:00Z")

describe("a certificate that the server makes for itself", () => {
  const { cert } = makeCertificate(hosts, now)
  const read = new X509Certificate(cert)

  test("is signed by its own key", () => {
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.issuer).toBe(read.subject)
  })

  test("is for the names and addresses of the server and for no others", () => {
    expect(read.checkHost("chat.example.org")).toBe("chat.example.org")
    expect(read.checkHost("evil.example.org")).toBeUndefined()
    expect(read.checkIP("127.0.0.1")).toBe("127.0.0.1")
    expect(read.checkIP("fe80::1:2")).toBe("fe80::1:2")
    expect(read.checkIP("10.0.0.1")).toBeUndefined()
  })

  test("is valid since yesterday, for ten years, across the turn of 2050, too", () => {
    expect(Date.parse(read.validFrom)).toBe(now - 86_400_000)
    expect(Date.parse(read.validTo)).toBe(now + 3650 * 86_400_000)
    const late = new X509Certificate(makeCertificate(hosts, Date.UTC(2049, 11, 31)).cert)
    expect(new Date(late.validTo).getUTCFullYear()).toBe(2059)
  })

  test("has the fingerprint that openssl prints", () => {
    expect(fingerprintOf(cert)).toBe(read.fingerprint256)
    expect(fingerprintOf(cert)).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })

  test("carries a TLS connection for whoever trusts it", async () => {
    const made = makeCertificate(["localhost"], Date.now())
    const server = createServer(made, (socket) => socket.end("hello"))
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready))
    const address = server.address()
    const port = typeof address === "object" && address ? address.port : 0
    const heard = await new Promise<string>((done, fail) => {
      const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: made.cert })
      socket.on("data", (data) => done(`${data} ${socket.authorized}`)).on("error", fail)
    })
    server.close()
    expect(heard).toBe("hello true")
  })
})

describe("a server that was given no certificate", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-test-"))
  afterAll(() => rmSync(folder, { recursive: true }))

  test("makes one, and keeps it until it nears its end", () => {
    const first = ownCertificate(folder, hosts, now)
    expect(ownCertificate(folder, hosts, now + 1_000)).toEqual(first)
    const later = ownCertificate(folder, hosts, now + 3_640 * 86_400_000)
    expect(later.cert).not.toBe(first.cert)
  })

  test("keeps the key for its own eyes", () => {
    ownCertificate(folder, hosts, now)
    expect(statSync(join(folder, "own-key.pem")).mode & 0o077).toBe(0)
  })
})
