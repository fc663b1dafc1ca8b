import type { Cache } from "../ports.ts"

/** A cache under test: `open` gives a client's view of it, again after `close`; `fresh` makes a new, empty one. */
interface CacheKit {
  fresh(): Promise<() => Promise<Cache>>
}

/** One thing that every cache does. It runs wherever the cache does, in a browser too, so it needs no test runner. */
interface CacheCase {
  readonly title: string
  run(kit: CacheKit): Promise<void>
}

const cases: CacheCase[] = []
const cacheTest = (title: string, run: (kit: CacheKit) => Promise<void>) => cases.push({ title, run })

/** Every case throws when the cache breaks its port. */
export const cacheContract: readonly CacheCase[] = cases

cacheTest("what was put is there, what was not is undefined", async (kit) => {
  const cache = await (await kit.fresh())()
  await cache.write([["outbox/1", "hello"]])
  same(await cache.get("outbox/1"), "hello")
  same(await cache.get("outbox/2"), undefined)
  await cache.close()
})

cacheTest("the changes of a batch happen in their order", async (kit) => {
  const cache = await (await kit.fresh())()
  await cache.write([
    ["a", "1"],
    ["a", "2"],
    ["b", "1"],
    ["b", undefined],
    ["c", undefined],
    ["c", "3"],
  ])
  same(await cache.list(""), [
    ["a", "2"],
    ["c", "3"],
  ])
  await cache.close()
})

cacheTest("a list is by prefix and ascending, whatever the order of writing", async (kit) => {
  const cache = await (await kit.fresh())()
  for (const key of ["room/b", "outbox/2", "room/a", "outbox/10", "rooms", "room"])
    await cache.write([[key, key]])
  same(
    (await cache.list("room/")).map(([key]) => key),
    ["room/a", "room/b"],
  )
  same(
    (await cache.list("")).map(([key]) => key),
    ["outbox/10", "outbox/2", "room", "room/a", "room/b", "rooms"],
  )
  same(await cache.list("none"), [])
  await cache.close()
})

cacheTest("any text is kept as it is", async (kit) => {
  const texts = ["", "\u0000", "line\nline\r\n", '"quoted" \\ back', "🦜 é 漢字 \u202e", "x".repeat(100_000)]
  const open = await kit.fresh()
  const cache = await open()
  await cache.write(texts.map((text, index) => [`text/${index}`, text] as const))
  await cache.close()
  const again = await open()
  same(
    (await again.list("text/")).map(([, value]) => value),
    texts,
  )
  await again.close()
})

cacheTest("everything is there after closing and opening again, deletions too", async (kit) => {
  const open = await kit.fresh()
  const first = await open()
  await first.write([
    ["kept", "1"],
    ["changed", "1"],
    ["gone", "1"],
  ])
  await first.write([
    ["changed", "2"],
    ["gone", undefined],
  ])
  await first.close()
  const second = await open()
  same(await second.list(""), [
    ["changed", "2"],
    ["kept", "1"],
  ])
  await second.close()
})

cacheTest("writes that do not wait for each other keep their order", async (kit) => {
  const open = await kit.fresh()
  const cache = await open()
  await Promise.all(Array.from({ length: 50 }, (_, index) => cache.write([["last", String(index)]])))
  same(await cache.get("last"), "49")
  await cache.close()
  const again = await open()
  same(await again.get("last"), "49")
  await again.close()
})

cacheTest("much rewriting loses nothing", async (kit) => {
  const open = await kit.fresh()
  const cache = await open()
  const text = "word ".repeat(400)
  for (let round = 0; round < 200; round++) await cache.write([[`room/${round % 3}`, `${round} ${text}`]])
  await cache.close()
  const again = await open()
  same(
    (await again.list("room/")).map(([, value]) => value.split(" ")[0]),
    ["198", "199", "197"],
  )
  await again.close()
})

cacheTest("scrubbing changes nothing of what is there", async (kit) => {
  const open = await kit.fresh()
  const cache = await open()
  await cache.write([
    ["erased", "secret"],
    ["kept", "1"],
  ])
  await cache.write([["erased", undefined]])
  await cache.scrub()
  await cache.write([["later", "2"]])
  await cache.close()
  const again = await open()
  same(await again.list(""), [
    ["kept", "1"],
    ["later", "2"],
  ])
  await again.close()
})

cacheTest("an empty batch is no trouble", async (kit) => {
  const cache = await (await kit.fresh())()
  await cache.write([])
  same(await cache.list(""), [])
  await cache.close()
})

function same(actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual) ?? "undefined", JSON.stringify(expected) ?? "undefined"]
  if (found !== wanted) throw new Error(`expected ${wanted.slice(0, 500)}, found ${found.slice(0, 500)}`)
}
