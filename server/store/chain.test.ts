import { describe, expect, test } from "bun:test"
import { createHash } from "node:crypto"
import { uuidBytes } from "../../protocol/ids.ts"
import { cast, places } from "../../test/cast.ts"
import { chainInput, checkOf, type Link, noChain, sealInput } from "./chain.ts"
import { chainOf, freshSalt, idBytes, sealOf, sha256 } from "./digest.ts"

const link: Link = {
  room: places.lobby.id,
  epoch: "019a0000-0000-7000-8000-00000000e001",
  seq: 1_234_567,
  id: "019a0000-0000-7000-8000-00000000d001",
  at: 1_763_830_000_123,
  by: cast.ada.id,
  kind: "message.edited",
  target: 89,
}
const salt = new Uint8Array(16).fill(7)
const body = '{"text":"Grüße 👋"}'

/** The rule, written down a second time and in another way. */
function byTheRule(before: Uint8Array, of: Link, seal: Uint8Array): Uint8Array {
  const { room, epoch, seq, id, at, by, kind, target } = of
  const texts = [room, epoch, `${seq}`, id, `${at}`, by, kind, target === undefined ? "" : `${target}`]
  const fields = [before, ...texts.map((text) => Buffer.from(text, "utf8")), seal]
  const hash = createHash("sha256")
  for (const field of fields) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(field.length)
    hash.update(length).update(field)
  }
  return new Uint8Array(hash.digest())
}

describe("the chain", () => {
  test("is SHA-256 over its fields, each behind its length", () => {
    const seal = createHash("sha256").update(salt).update(body, "utf8").digest()
    expect(sealOf(salt, body)).toEqual(new Uint8Array(seal))
    expect(chainOf(noChain, link, seal)).toEqual(byTheRule(noChain, link, seal))
    const { target: _, ...untargeted } = link
    const before = sha256(salt)
    expect(chainOf(before, untargeted, seal)).toEqual(byTheRule(before, untargeted, seal))
  })

  test("never changes: a log written today is verified by every later version", () => {
    const chain = chainOf(noChain, link, sealOf(salt, body))
    expect(Buffer.from(chain).toString("hex")).toBe(
      "34d35b1b03bad4d663499846e65860e64b180d33b3bc12ff5ee996f8887ffc68",
    )
    expect(checkOf(chain)).toBe("34d35b1b03bad4d6")
  })

  test("takes bodies of any length", () => {
    const long = "ü".repeat(50_000)
    const expected = createHash("sha256").update(salt).update(long, "utf8").digest()
    expect(sha256(sealInput(salt, long))).toEqual(new Uint8Array(expected))
    expect(chainOf(noChain, link, sealOf(salt, body))).toEqual(byTheRule(noChain, link, sealOf(salt, body)))
  })

  test("refuses what could be read in two ways", () => {
    expect(() => chainInput(noChain, { ...link, kind: "größer" }, salt)).toThrow("ASCII")
    expect(() => chainInput(noChain, { ...link, kind: "x".repeat(200) }, salt)).toThrow("short")
  })
})

test("salts are never the same, and ids keep their bytes", () => {
  const salts = Array.from({ length: 10_000 }, () => Buffer.from(freshSalt()).toString("hex"))
  expect(new Set(salts).size).toBe(10_000)
  for (const { id } of Object.values(cast)) expect(idBytes(id)).toEqual(uuidBytes(id))
})
