/** Internet addresses as text and as bytes; who is loopback, who is behind a trusted proxy, who counts as one client. */

/** 4 or 16 bytes; IPv4 inside IPv6 (`::ffff:1.2.3.4`) counts as IPv4. Undefined for what is no address. */
export function addressBytes(text: string): Uint8Array | undefined {
  const bare = text.replace(/^\[|\]$/g, "").replace(/%.*$/, "")
  if (!bare.includes(":")) return fourBytes(bare)
  const bytes = sixteenBytes(bare)
  return bytes && isMapped(bytes) ? bytes.subarray(12) : bytes
}

function fourBytes(text: string): Uint8Array | undefined {
  const parts = text.split(".")
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined
  return Uint8Array.from(parts, Number)
}

function sixteenBytes(text: string): Uint8Array | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const tail = dotted ? fourBytes(dotted[2] ?? "") : undefined
  if (dotted && !tail) return undefined
  const hex = tail ? `${dotted?.[1]}${word(tail, 0)}:${word(tail, 2)}` : text
  const halves = hex.split("::")
  if (halves.length > 2) return undefined
  const [left, right] = halves.map((half) => (half === "" ? [] : half.split(":")))
  const missing = 8 - (left?.length ?? 0) - (right?.length ?? 0)
  if (right === undefined ? missing !== 0 : missing < 1) return undefined
  const words = [...(left ?? []), ...Array<string>(missing).fill("0"), ...(right ?? [])]
  if (!words.every((each) => /^[0-9a-f]{1,4}$/i.test(each))) return undefined
  return Uint8Array.from(
    words.flatMap((each) => [Number.parseInt(each, 16) >> 8, Number.parseInt(each, 16) & 255]),
  )
}

function word(bytes: Uint8Array, at: number): string {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16)
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.every((byte, at) => at >= 12 || byte === (at >= 10 ? 255 : 0))
}

/** An address as people write it: IPv4 inside IPv6, which a port for both kinds reports, as plain IPv4. */
export function plainAddress(address: string): string {
  return /^::ffff:[\d.]+$/i.test(address) ? address.slice(7) : address
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  if (!address.includes(":")) return address.startsWith("127.")
  const bytes = addressBytes(address)
  if (!bytes) return false
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0))
}

/**
 * What one client is counted by: an IPv4 address, or the /64 of an IPv6 one, since a household or a rented machine
 * is given a whole /64 (RFC 6177). A text that is no address is its own key.
 */
export function clientKey(address: string): string {
  if (!address.includes(":")) return address
  const bytes = addressBytes(address)
  if (bytes?.length === 4) return bytes.join(".")
  return bytes ? `${word(bytes, 0)}:${word(bytes, 2)}:${word(bytes, 4)}:${word(bytes, 6)}::/64` : address
}

/** A set of addresses by prefix. */
export interface Network {
  readonly bytes: Uint8Array
  readonly bits: number
}

/** Reads `10.0.0.0/8`, `::1` or `loopback` (both kinds); undefined for anything else. */
export function readNetworks(text: string): readonly Network[] | undefined {
  if (text === "loopback") return LOOPBACK
  const [address = "", length, ...more] = text.split("/")
  const bytes = addressBytes(address)
  if (!bytes || more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const bits = length === undefined ? bytes.length * 8 : Number(length)
  return bits > bytes.length * 8 ? undefined : [{ bytes, bits }]
}

const LOOPBACK: readonly Network[] = [
  { bytes: Uint8Array.of(127, 0, 0, 0), bits: 8 },
  { bytes: Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? 1 : 0)), bits: 128 },
]

/** Whether an address lies in one of the networks. */
export function isWithin(address: string, networks: readonly Network[]): boolean {
  const bytes = addressBytes(address)
  return bytes !== undefined && networks.some((network) => holds(network, bytes))
}

function holds(network: Network, bytes: Uint8Array): boolean {
  if (network.bytes.length !== bytes.length) return false
  for (let bit = 0; bit < network.bits; bit += 8) {
    const mask = network.bits - bit >= 8 ? 255 : 255 << (8 - (network.bits - bit))
    if (((network.bytes[bit / 8] ?? 0) & mask) !== ((bytes[bit / 8] ?? 0) & mask & 255)) return false
  }
  return true
}

/**
 * The client's address: the wire's own, or, where that is a trusted proxy, the last untrusted one that
 * `X-Forwarded-For` names. What the header says left of that anyone may have written.
 */
export function clientAddress(
  direct: string,
  forwardedFor: string | null,
  trusted: readonly Network[],
): string {
  const hops = (forwardedFor ?? "").split(",").map((hop) => hop.trim())
  let address = plainAddress(direct)
  while (isWithin(address, trusted)) {
    const hop = hops.pop()
    if (hop === undefined || hop === "" || !addressBytes(hop)) break
    address = plainAddress(hop)
  }
  return address
}
