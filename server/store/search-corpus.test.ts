import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type Uuid, uuid8 } from "../../protocol/ids.ts"
import type { SearchIndex, SearchQuery } from "../core/ports.ts"
import { sha256 } from "./digest.ts"
import { openSearch } from "./search.ts"
import { caughtUp, page, terms } from "./search-contract.ts"
import { feedOf, type Spoken } from "./testing/feeds.ts"

const CORPUS =
  process.env.PARLEY_CORPUS ??
  fileURLToPath(new URL("../../../shared/corpus/chat.ndjson.gz", import.meta.url))
const there = existsSync(CORPUS)
if (!there) console.warn("The search of a real conversation is skipped: PARLEY_CORPUS names no file.")

interface Message extends Spoken {
  /** Its words between spaces, read in the plainest way there is. */
  readonly words: string
}

const idOf = (text: string): Uuid => uuid8(sha256(new TextEncoder().encode(text)))

async function readCorpus(): Promise<readonly Message[]> {
  const bytes = Bun.gunzipSync(await Bun.file(CORPUS).bytes())
  const lines = new TextDecoder().decode(bytes).trimEnd().split("\n")
  const said: { room: string; at: string; author: string; text: string }[] = lines.map((line) =>
    JSON.parse(line),
  )
  const heads = new Map<string, number>()
  return said
    .map(({ room, at, author, text }) => ({ room, at: Date.parse(at), author, text }))
    .sort((one, other) => one.at - other.at)
    .map(({ room, at, author, text }) => {
      const seq = (heads.get(room) ?? 0) + 1
      heads.set(room, seq)
      return { room: idOf(room), seq, at, by: idOf(author), text, words: plainWords(text) }
    })
}

function plainWords(text: string): string {
  const folded = text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase()
  const apart = folded.replace(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/gu, " $& ")
  return ` ${apart.replace(/[^\p{L}\p{N}\p{M}]+/gu, " ").trim()} `
}

describe.skipIf(!there)("a real conversation of 232,815 messages", () => {
  let messages: readonly Message[]
  let search: SearchIndex
  beforeAll(async () => {
    messages = await readCorpus()
    search = await openSearch({ kind: "memory", feed: feedOf(messages) })
    await caughtUp(search)
  }, 60_000)
  afterAll(() => search.close())

  const everywhere = ["ubuntu", "stripe", "rust", "mediawiki"].map((room) => ({ room: idOf(room), from: 1 }))

  /** All pages of a search, as `room seq`. */
  async function found(query: Partial<SearchQuery>): Promise<string[]> {
    const hits: string[] = []
    let next: string | undefined
    do {
      const answer = await page(search, { rooms: everywhere, limit: 500, ...query, ...(next && { next }) })
      hits.push(...answer.hits.map(({ room, seq }) => `${room} ${seq}`))
      next = answer.next
    } while (next !== undefined)
    return hits
  }

  /** What a look at every message finds. */
  function scanned(keep: (message: Message) => boolean): string[] {
    return messages.filter(keep).map(({ room, seq }) => `${room} ${seq}`)
  }

  /** The same messages; the same order within each room. */
  function same(hits: readonly string[], expected: readonly string[]): void {
    expect(hits.length).toBe(expected.length)
    for (const { room } of everywhere) {
      const inRoom = (list: readonly string[]) => list.filter((one) => one.startsWith(room))
      expect(inRoom(hits)).toEqual(inRoom(expected).toReversed())
    }
  }

  const has = (words: string) => (message: Message) => message.words.includes(` ${words} `)
  const begins = (words: string) => (message: Message) => message.words.includes(` ${words}`)

  test.each(["the", "ubuntu", "i", "grub", "wayland", "systemd", "08", "zzzz", "lol", "köln"])(
    "the word %s",
    async (word) => same(await found({ terms: terms(word) }), scanned(has(plainWords(word).trim()))),
  )

  test.each([
    ["apt-get", "apt get"],
    ["/etc/fstab", "etc fstab"],
    ["how do i", "how do i"],
    ["of the", "of the"],
    ["http://paste.ubuntu.com", "http paste ubuntu com"],
    ["don't", "don t"],
    ["大家", "大 家"],
  ])("the phrase %s", async (typed, words) => same(await found({ terms: terms(typed) }), scanned(has(words))))

  test.each([
    ["ins*", "ins"],
    ["the*", "the"],
    ["apt-ge*", "apt"],
    ["sudo apt-get inst*", "sudo apt get inst"],
  ])("the beginning %s", async (typed, words) => {
    const keep = typed === "apt-ge*" ? has(words) : begins(words)
    same(await found({ terms: terms(typed) }), scanned(keep))
  })

  test.each<[string, (text: string) => boolean]>([
    ["c++", (text) => /(?<![\p{L}\p{N}])c\+\+/iu.test(text)],
    ["#ubuntu", (text) => /#ubuntu(?![\p{L}\p{N}])/iu.test(text)],
    ["$HOME", (text) => /\$home(?![\p{L}\p{N}])/iu.test(text)],
  ])("the mark %s", async (typed, keep) => {
    const expected = scanned((message) => keep(message.text))
    expect(expected.length).toBeGreaterThan(5)
    same(await found({ terms: terms(typed) }), expected)
  })

  test("several words, some of them not", async () => {
    const query = { terms: terms("grub", "boot*", "-windows", "-how do") }
    const [grub, boot, windows, howDo] = [has("grub"), begins("boot"), has("windows"), has("how do")]
    same(
      await found(query),
      scanned((message) => grub(message) && boot(message) && !windows(message) && !howDo(message)),
    )
  })

  test("an author, a room, a time and a word", async () => {
    const by = [idOf("Dr_Willis"), idOf("ActionParsnip")]
    const [fromMs, toMs] = [Date.UTC(2009, 0, 1), Date.UTC(2013, 6, 1, 12, 30)]
    const wanted = ({ by: author, at }: Message) => by.includes(author) && at >= fromMs && at < toMs
    same(await found({ by, fromMs, toMs }), scanned(wanted))
    const rooms = everywhere.slice(0, 1)
    same(
      await found({ by, fromMs, toMs, rooms, terms: terms("you") }),
      scanned((message) => wanted(message) && message.room === rooms[0]?.room && has("you")(message)),
    )
  })

  test("words and phrases taken from the messages themselves", async () => {
    for (let index = 500; index < messages.length; index += Math.floor(messages.length / 40)) {
      const words = (messages[index]?.words ?? "").trim().split(" ")
      const [first = "", second = "", third = ""] = words.slice(index % 3)
      if (first === "") continue
      const phrase = [first, second, third]
        .slice(0, 1 + (index % 3))
        .join(" ")
        .trim()
      const query = { terms: terms(phrase, ...(words.at(-1) ?? "").split("-")) }
      const last = has(words.at(-1) ?? "")
      same(
        await found(query),
        scanned((message) => has(phrase)(message) && last(message)),
      )
    }
  })

  test("from the first visible seq up, in each room", async () => {
    const rooms = everywhere.map(({ room }, index) => ({ room, from: index === 0 ? 221_000 : 2 }))
    const from = new Map(rooms.map((one) => [one.room, one.from]))
    const visible = (message: Message) => message.seq >= (from.get(message.room) ?? 0)
    same(
      await found({ terms: terms("the"), rooms }),
      scanned((message) => visible(message) && has("the")(message)),
    )
  })
})
