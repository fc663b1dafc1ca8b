import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto"
import { isIPv4, isIPv6 } from "node:net"

/** PEM texts, as TLS wants them. */
export interface KeyAndCertificate {
  readonly cert: string
  readonly key: string
}

/** It is pinned by its fingerprint at the first use, as SSH does it, so nobody should have to look at it again soon. */
const VALID_YEARS = 10

/**
 * A self-signed certificate (RFC 5280) with an ECDSA key on P-256, for the host names and addresses given. For a server
 * that was given none: people compare the fingerprint, their clients remember it.
 */
export function makeCertificate(hosts: readonly string[], nowMs: number): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" })
  const name = sequence(set(sequence(oid(COMMON_NAME), utf8("Parley"))))
  const body = sequence(
    tagged(0, integer(Uint8Array.of(2))),
    integer(serialNumber()),
    sequence(oid(ECDSA_WITH_SHA256)),
    name,
    sequence(time(nowMs - DAY_MS), time(nowMs + VALID_YEARS * 365 * DAY_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensions(hosts))),
  )
  const der = sequence(body, sequence(oid(ECDSA_WITH_SHA256)), bits(sign("sha256", body, privateKey)))
  return {
    cert: pem("CERTIFICATE", der),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  }
}

/** SHA-256 of the first certificate of a PEM text, in hex pairs with colons. */
export function fingerprintOf(cert: string): string {
  return new X509Certificate(cert).fingerprint256
}

const DAY_MS = 86_400_000

const COMMON_NAME = [2, 5, 4, 3]
const ECDSA_WITH_SHA256 = [1, 2, 840, 10045, 4, 3, 2]
const BASIC_CONSTRAINTS = [2, 5, 29, 19]
const SUBJECT_ALT_NAME = [2, 5, 29, 17]
const EXTENDED_KEY_USAGE = [2, 5, 29, 37]
const SERVER_AUTH = [1, 3, 6, 1, 5, 5, 7, 3, 1]

function extensions(hosts: readonly string[]): Uint8Array[] {
  return [
    // No authority: whoever adds it to what their system trusts, trusts this server and nothing that its key could sign.
    extension(BASIC_CONSTRAINTS, sequence(), true),
    extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH))),
    extension(SUBJECT_ALT_NAME, sequence(...hosts.map(generalName))),
  ]
}

function extension(id: readonly number[], value: Uint8Array, isCritical = false): Uint8Array {
  const critical = isCritical ? [der(0x01, Uint8Array.of(0xff))] : []
  return sequence(oid(id), ...critical, der(0x04, value))
}

function generalName(host: string): Uint8Array {
  if (isIPv4(host)) return der(0x87, Uint8Array.from(host.split("."), Number))
  if (isIPv6(host)) return der(0x87, ipv6Bytes(host))
  return der(0x82, new TextEncoder().encode(host))
}

function ipv6Bytes(host: string): Uint8Array {
  const [head = "", tail] = host.split("::")
  const groups = (text: string) => text.split(":").filter((each) => each !== "")
  const [before, after] = [groups(head), groups(tail ?? "")]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0")
  return Uint8Array.from(
    [...before, ...zeros, ...after].flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [value >> 8, value & 0xff]
    }),
  )
}

/** At most 20 bytes, positive and not zero. */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

// ---------------------------------------------------------------- DER (X.690)

function der(tag: number, content: Uint8Array): Uint8Array {
  return joined([Uint8Array.of(tag, ...lengthOf(content.length)), content])
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff)
  return [0x80 | bytes.length, ...bytes]
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, joined(parts))
const set = (...parts: readonly Uint8Array[]) => der(0x31, joined(parts))
const tagged = (number: number, content: Uint8Array) => der(0xa0 | number, content)
const integer = (bytes: Uint8Array) => der(0x02, bytes)
const bits = (bytes: Uint8Array) => der(0x03, joined([Uint8Array.of(0), bytes]))
const utf8 = (text: string) => der(0x0c, new TextEncoder().encode(text))

function oid([first = 0, second = 0, ...rest]: readonly number[]): Uint8Array {
  return der(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80)
  return bytes
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, section 4.1.2.5). */
function time(ms: number): Uint8Array {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "")
  const short = ms < Date.UTC(2050)
  return der(short ? 0x17 : 0x18, new TextEncoder().encode(short ? text.slice(2) : text))
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`
}
