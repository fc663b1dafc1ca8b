/**
 * The network an address belongs to, as far as limits go: one IPv4 address, or the /64 of an IPv6 address, since
 * whoever has one address of it has them all (RFC 6177). What is no address stands for itself.
 */
export function networkOf(address: string): string {
  const text = address.toLowerCase().replace(/%.*$/, "")
  const four = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text)?.[1]
  if (four !== undefined) return four
  const groups = groupsOf(text)
  if (!groups) return text.slice(0, 64)
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (mapped) {
    const [high = 0, low = 0] = groups.slice(6)
    return [high >> 8, high & 255, low >> 8, low & 255].join(".")
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`
}

/** The eight groups of an IPv6 address (RFC 4291, section 2.2); undefined for anything else. */
function groupsOf(text: string): readonly number[] | undefined {
  const halves = text.split("::")
  if (halves.length > 2 || !text.includes(":")) return undefined
  const [head, tail] = halves.map(listed)
  if (!head || (halves.length === 2 && !tail)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  return tail ? [...head, ...new Array<number>(missing).fill(0), ...tail] : head
}

function listed(half: string): readonly number[] | undefined {
  if (half === "") return []
  const parts = half.split(":")
  const last = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(parts.at(-1) ?? "")
  if (last) {
    const [a = 0, b = 0, c = 0, d = 0] = last.slice(1).map(Number)
    parts.splice(-1, 1, (a * 256 + b).toString(16), (c * 256 + d).toString(16))
  }
  return parts.every((part) => /^[0-9a-f]{1,4}$/.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : undefined
}
