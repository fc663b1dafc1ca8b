import type { Uuid } from "../../protocol/ids.ts"

/** What the chain binds of an event, beside the chain before it and the seal of its body. */
export interface Link {
  readonly room: Uuid
  /** The epoch in which the event was appended. */
  readonly epoch: Uuid
  readonly seq: number
  readonly id: Uuid
  readonly at: number
  readonly by: Uuid
  readonly kind: string
  readonly target?: number | undefined
}

export const CHAIN_BYTES = 32
export const SALT_BYTES = 16

/** The chain before the first event of a room. */
export const noChain = new Uint8Array(CHAIN_BYTES)

const encoder = new TextEncoder()
let scratch = new Uint8Array(4096)

/**
 * The bytes whose SHA-256 is the chain at an event: every field behind its length in bytes as four bytes, the highest
 * first. The answer is a view that the next call of this or `sealInput` overwrites.
 */
export function chainInput(before: Uint8Array, link: Link, seal: Uint8Array): Uint8Array {
  const text =
    field(link.room) +
    field(link.epoch) +
    field(String(link.seq)) +
    field(link.id) +
    field(String(link.at)) +
    field(link.by) +
    field(link.kind) +
    field(link.target === undefined ? "" : String(link.target))
  const size = 8 + before.length + text.length + seal.length
  if (scratch.length < size) scratch = new Uint8Array(size * 2)
  scratch[0] = scratch[1] = scratch[2] = 0
  scratch[3] = before.length
  scratch.set(before, 4)
  let at = 4 + before.length
  encoder.encodeInto(text, scratch.subarray(at))
  at += text.length
  scratch[at] = scratch[at + 1] = scratch[at + 2] = 0
  scratch[at + 3] = seal.length
  scratch.set(seal, at + 4)
  return scratch.subarray(0, size)
}

/** The bytes whose SHA-256 is the seal of a body: the salt, then the body as stored. The same view as above. */
export function sealInput(salt: Uint8Array, body: string): Uint8Array {
  const most = salt.length + body.length * 3
  if (scratch.length < most) scratch = new Uint8Array(most * 2)
  scratch.set(salt, 0)
  const { written } = encoder.encodeInto(body, scratch.subarray(salt.length))
  return scratch.subarray(0, salt.length + written)
}

const FIELD_BYTES_MAX = 127

/** A length and a text in one string: both are ASCII here, so characters are bytes. */
function field(text: string): string {
  if (text.length > FIELD_BYTES_MAX || !isAscii(text)) {
    throw new Error(`This cannot stand in the log: ${text.slice(0, 40)}. Ids and kinds are short and ASCII.`)
  }
  return (LENGTHS[text.length] ?? "") + text
}

const LENGTHS = Array.from({ length: FIELD_BYTES_MAX + 1 }, (_, size) => String.fromCharCode(0, 0, 0, size))

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false
  return true
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** The check of a chain: its first 8 bytes in hex. */
export function checkOf(chain: Uint8Array): string {
  let text = ""
  for (let index = 0; index < 8; index++) text += HEX[chain[index] ?? 0]
  return text
}
