/** UUIDs in their 36-character lower-case text form (RFC 9562). Pure: time, randomness and digests are handed in. */
export type Uuid = string

export const UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
const FORM = new RegExp(UUID_PATTERN)

export function isUuid(text: string): boolean {
  return FORM.test(text)
}

/** The version digit: 7 for ids made by clients, 8 for ids derived from a cause. */
export function uuidVersion(id: Uuid): number {
  return id.charCodeAt(14) - 48
}

/** A UUIDv7 (RFC 9562, section 5.7) of a time in milliseconds and at least 10 random bytes. */
export function uuid7(atMs: number, random: Uint8Array): Uuid {
  const bytes = new Uint8Array(16)
  let rest = atMs
  for (let index = 5; index >= 0; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes.set(random.subarray(0, 10), 6)
  return stamped(bytes, 7)
}

/** A UUIDv8 (RFC 9562, section 5.8) of the first 16 bytes of a digest: the same cause gives the same id. */
export function uuid8(digest: Uint8Array): Uuid {
  return stamped(digest.slice(0, 16), 8)
}

function stamped(bytes: Uint8Array, version: number): Uuid {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4)
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return uuidText(bytes)
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** 16 bytes to text. */
export function uuidText(bytes: Uint8Array): Uuid {
  let text = ""
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += "-"
    text += HEX[bytes[index] ?? 0]
  }
  return text
}

/** Text to 16 bytes; the text must be a UUID. */
export function uuidBytes(id: Uuid): Uint8Array {
  const bytes = new Uint8Array(16)
  let at = 0
  for (let index = 0; index < 16; index++) {
    if (at === 8 || at === 13 || at === 18 || at === 23) at++
    bytes[index] = Number.parseInt(id.slice(at, at + 2), 16)
    at += 2
  }
  return bytes
}

/** The account that acts for the server itself: it creates the house log and imported rooms. */
export const HOUSE_ACCOUNT: Uuid = "00000000-0000-8000-8000-000000000001"
/** The room id of the house log: roles, bans, settings and revocations of the whole server. */
export const HOUSE_ROOM: Uuid = "00000000-0000-8000-8000-000000000002"
