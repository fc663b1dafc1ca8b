import { expect, test } from "bun:test"
import fc from "fast-check"
import { networkOf } from "./networks.ts"

test.each([
  ["192.0.2.7", "192.0.2.7", "an IPv4 address stands alone"],
  ["::ffff:192.0.2.7", "192.0.2.7", "and is the same when it comes through an IPv6 socket"],
  ["::FFFF:c000:0207", "192.0.2.7", "in whatever spelling"],
  ["0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7", "in this one, too"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64", "of IPv6 the first half counts"],
  ["2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64", "whoever has one has them all"],
  ["2001:db8:1:3::1", "2001:db8:1:3::/64", "the next network is another one"],
  ["2001:db8::1", "2001:db8:0:0::/64", "zeros may be left out"],
  ["::1", "0:0:0:0::/64", "loopback"],
  ["fe80::1%eth0", "fe80:0:0:0::/64", "the zone does not count"],
  ["", "", "no address"],
  ["memory", "memory", "no address either"],
  ["1:2:3", "1:2:3", "too short to be one"],
  ["::1::2", "::1::2", "not one"],
  ["g::1", "g::1", "not one"],
  ["1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9", "too long to be one"],
])("%p belongs to %p: %s", (address, network) => expect(networkOf(address)).toBe(network))

test("every spelling of an IPv6 address belongs to the same network", () => {
  const group = fc.integer({ min: 0, max: 0xffff })
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const long = groups.map((each) => each.toString(16).padStart(4, "0")).join(":")
      const short = new URL(`http://[${long}]/`).hostname.slice(1, -1)
      expect(networkOf(short)).toBe(networkOf(long.toUpperCase()))
    }),
  )
})

test("whatever is said to be an address, the answer is short", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (address) => {
      expect(networkOf(address).length).toBeLessThanOrEqual(64)
    }),
  )
})
