import { describe, expect, test } from "bun:test"
import { addressBytes, clientAddress, clientKey, isLoopback, isWithin, readNetworks } from "./address.ts"

describe("addresses", () => {
  test.each([
    ["1.2.3.4", [1, 2, 3, 4]],
    ["::ffff:1.2.3.4", [1, 2, 3, 4]],
    ["::ffff:102:304", [1, 2, 3, 4]],
    ["::1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ["::", Array(16).fill(0)],
    ["[2001:DB8::a%eth0]", [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10]],
    ["1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ["64:ff9b::1.2.3.4", [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]],
  ])("%s is read", (text, bytes) => expect([...(addressBytes(text) ?? [])]).toEqual(bytes))

  test.each([
    "",
    "ada",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    "1:2:3",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "::1.2.3.999",
    "g::1",
  ])("%p is none", (text) => expect(addressBytes(text)).toBeUndefined())

  test("loopback is 127.0.0.0/8 and ::1, also inside IPv6, and nothing else", () => {
    for (const text of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
      expect(isLoopback(text)).toBe(true)
    for (const text of ["128.0.0.1", "10.0.0.1", "::2", "", "localhost"]) expect(isLoopback(text)).toBe(false)
  })

  test("one IPv4 address is one client, and so is a whole /64", () => {
    expect(clientKey("::ffff:1.2.3.4")).toBe(clientKey("1.2.3.4"))
    expect(clientKey("2001:db8:1:2::1")).toBe(clientKey("2001:db8:1:2:ffff:ffff:ffff:ffff"))
    expect(clientKey("2001:db8:1:2::1")).not.toBe(clientKey("2001:db8:1:3::1"))
    expect(clientKey("1.2.3.4")).not.toBe(clientKey("1.2.3.5"))
  })

  test("a network holds what shares its first bits", () => {
    const within = (address: string, network: string) => isWithin(address, readNetworks(network) ?? [])
    expect(within("10.1.2.3", "10.0.0.0/8")).toBe(true)
    expect(within("11.1.2.3", "10.0.0.0/8")).toBe(false)
    expect(within("192.168.129.1", "192.168.128.0/17")).toBe(true)
    expect(within("192.168.127.1", "192.168.128.0/17")).toBe(false)
    expect(within("fd00::1", "fd00::/8")).toBe(true)
    expect(within("fd00::1", "10.0.0.0/8")).toBe(false)
    expect(within("10.0.0.1", "10.0.0.1")).toBe(true)
    expect(within("::1", "loopback")).toBe(true)
    for (const wrong of ["", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "ada/8", "10.0.0.0/x"])
      expect(readNetworks(wrong)).toBeUndefined()
  })
})

describe("the client behind a proxy", () => {
  const trusted = readNetworks("10.0.0.0/8") ?? []
  test.each([
    ["nobody's word counts but the proxy's", "1.1.1.1", "2.2.2.2", "1.1.1.1"],
    ["the proxy's word counts", "10.0.0.1", "2.2.2.2", "2.2.2.2"],
    ["what the client wrote itself does not", "10.0.0.1", "6.6.6.6, 2.2.2.2", "2.2.2.2"],
    ["a chain of proxies is followed", "10.0.0.1", "6.6.6.6, 2.2.2.2, 10.0.0.2", "2.2.2.2"],
    ["without a header it is the proxy", "10.0.0.1", null, "10.0.0.1"],
    ["IPv4 inside IPv6 is IPv4", "::ffff:10.0.0.1", "::FFFF:2.2.2.2", "2.2.2.2"],
    ["nonsense is not followed", "10.0.0.1", "2.2.2.2, ada", "10.0.0.1"],
  ])("%s", (_, direct, header, client) => expect(clientAddress(direct, header, trusted)).toBe(client))
})
