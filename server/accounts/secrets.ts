import type { World } from "../core/ports.ts"

const encoder = new TextEncoder()
/** No token or code is longer; whatever is, is none. */
const SECRET_CHARS_MAX = 256

interface Secret {
  /** base64url; told once, never stored. */
  readonly text: string
  /** SHA-256 of the text, hex. */
  readonly hash: string
}

/** A session token: 256 bits. */
export function makeToken(world: World): Secret {
  return makeSecret(world, 32)
}

/** A code for an invitation, a reset or the set-up: 128 bits. */
export function makeCode(world: World): Secret {
  return makeSecret(world, 16)
}

function makeSecret(world: World, bytes: number): Secret {
  const text = world.random(bytes).toBase64({ alphabet: "base64url", omitPadding: true })
  return { text, hash: hashOf(world, text) }
}

/** Secrets are found by their hash, so no comparison of theirs takes a time that tells something. */
export function hashOf(world: World, text: string): string {
  return world.digest(encoder.encode(text.slice(0, SECRET_CHARS_MAX + 1))).toHex()
}

/** SHA-256 of a text; for ids made from a cause. */
export function digestOf(world: World, text: string): Uint8Array {
  return world.digest(encoder.encode(text))
}
