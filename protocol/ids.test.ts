import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { HOUSE_ACCOUNT, HOUSE_ROOM, isUuid, uuid7, uuid8, uuidBytes, uuidText, uuidVersion } from "./ids.ts"

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const time = fc.nat(2 ** 47)

describe("[FORM-4] ids", () => {
  test("made from a time and chance are UUIDs of version 7", () => {
    fc.assert(
      fc.property(time, bytes(10), (atMs, random) => {
        const id = uuid7(atMs, random)
        expect(isUuid(id)).toBe(true)
        expect(uuidVersion(id)).toBe(7)
        expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(atMs)
      }),
    )
  })

  test("of a later millisecond sort behind, as texts and as bytes", () => {
    fc.assert(
      fc.property(
        time,
        fc.integer({ min: 1, max: 2 ** 40 }),
        bytes(10),
        bytes(10),
        (atMs, laterMs, one, other) => {
          const [before, after] = [uuid7(atMs, one), uuid7(atMs + laterMs, other)]
          expect(before < after).toBe(true)
          expect(Buffer.compare(uuidBytes(before), uuidBytes(after))).toBe(-1)
        },
      ),
    )
  })

  test("keep all the chance they are given but six bits", () => {
    const all = uuid7(0, new Uint8Array(10).fill(255))
    expect(all).toBe("00000000-0000-7fff-bfff-ffffffffffff")
    expect(uuid7(0, new Uint8Array(10))).toBe("00000000-0000-7000-8000-000000000000")
  })

  test("derived from a digest are UUIDs of version 8, the same from the same", () => {
    fc.assert(
      fc.property(bytes(32), (digest) => {
        const before = digest.slice()
        const id = uuid8(digest)
        expect(isUuid(id)).toBe(true)
        expect(uuidVersion(id)).toBe(8)
        expect(uuid8(digest)).toBe(id)
        expect(digest).toEqual(before)
      }),
    )
  })

  test("[LOG-9] derive from a cause: a self log from its account, a direct room from its accounts", async () => {
    const of = async (cause: string) =>
      uuid8(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(cause))))
    const [ada, bob] = ["019b0000-0000-7000-8000-00000000a001", "019b0000-0000-7000-8000-00000000a002"]
    expect(await of(`self:${ada}`)).toBe("c8f6bd7a-1957-895a-bd9e-f7b9c5c8450e")
    expect(await of(`direct:${[bob, ada].sort().join(",")}`)).toBe("af1828c4-f1a1-8ab4-a7c6-66afe16e66b3")
    expect([HOUSE_ACCOUNT, HOUSE_ROOM].map(uuidVersion)).toEqual([8, 8])
  })

  test("survive the way to bytes and back", () => {
    fc.assert(
      fc.property(bytes(16), (all) => {
        expect(uuidBytes(uuidText(all))).toEqual(all)
      }),
    )
    expect(uuidText(uuidBytes(HOUSE_ROOM))).toBe(HOUSE_ROOM)
  })

  test.each([
    "019B0000-0000-7000-8000-000000000001",
    "019b0000-0000-7000-8000-00000000000",
    "019b0000-0000-7000-8000-0000000000011",
    "019b0000-0000-7000-c000-000000000001",
    "019b0000-0000-0000-8000-000000000001",
    "019b00000000700080000000000000000001",
    "{019b0000-0000-7000-8000-000000000001}",
    "019b0000-0000-7000-8000-000000000001\n",
    "00000000-0000-0000-0000-000000000000",
    "",
  ])("in another spelling are none: %j", (text) => expect(isUuid(text)).toBe(false))
})
