// Long because it is one promise after the other that every search index keeps.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Uuid } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { cast } from "../../test/cast.ts"
import type { Entry, SearchIndex, SearchPage, SearchQuery, SearchTerm } from "../core/ports.ts"
import { freshId, put, said } from "./contract.ts"
import type { Store } from "./store.ts"

const { ada, bob, cleo } = cast

interface Searched {
  readonly store: Store
  readonly search: SearchIndex
}

/** A time on a day of 2005, in milliseconds. */
function on(day: string, clock = "12:00:00.000"): number {
  return Date.parse(`2005-${day}T${clock}Z`)
}

/** `boot`, `"how do i"`, `inst*`, `-windows`. */
export function terms(...written: string[]): SearchTerm[] {
  return written.map((text) => {
    const excluded = text.startsWith("-")
    const prefix = text.endsWith("*")
    const bare = text.replace(/^-|\*$|"/g, "").replace(/"$/, "")
    return { text: bare, ...(prefix && { prefix }), ...(excluded && { excluded }) }
  })
}

/** The page, when it is no refusal. */
export async function page(search: SearchIndex, query: Partial<SearchQuery>): Promise<SearchPage> {
  const answer = await search.search({ terms: [], rooms: [], limit: 50, ...query })
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

/** The seqs found in one room, as they come. */
export async function seqs(search: SearchIndex, room: Uuid, query: Partial<SearchQuery>): Promise<number[]> {
  const { hits } = await page(search, { rooms: [{ room, from: 1 }], ...query })
  return hits.map((hit) => hit.seq)
}

/** When everything in the log is in the index. */
export async function caughtUp(search: SearchIndex): Promise<void> {
  while ((await search.lag()).events > 0) await Bun.sleep(1)
}

/** What every search index promises. */
export function searchContract(name: string, open: () => Promise<Searched>): void {
  describe(name, () => {
    let opened: Searched
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(async () => {
      await opened.search.close()
      await opened.store.close()
    })

    /** A room in which these were said, a second apart, and all of it is found. */
    async function roomOf(...entries: (string | Entry)[]): Promise<Uuid> {
      const room = freshId()
      const full = entries.map((one, index) => {
        return typeof one === "string" ? said(one, { at: on("03-01") + index * 1_000 }) : one
      })
      await put(opened.store, room, 0, ...full)
      await caughtUp(opened.search)
      return room
    }
    const found = (room: Uuid, query: Partial<SearchQuery>) => seqs(opened.search, room, query)
    const current = () => opened

    describe("words", () => wordsContract(roomOf, found))
    describe("technical words", () => technicalContract(roomOf, found))
    describe("languages", () => languagesContract(roomOf, found))
    describe("filters", () => filtersContract(current, roomOf, found))
    describe("pages", () => pagesContract(current, roomOf))
    describe("changes", () => changesContract(current, roomOf, found))
    describe("who may see", () => permissionContract(current, roomOf))
    describe("hostile searches", () => hostileContract(current, roomOf))
  })
}

type RoomOf = (...entries: (string | Entry)[]) => Promise<Uuid>
type FoundIn = (room: Uuid, query: Partial<SearchQuery>) => Promise<number[]>

/** Each line: what was said, then what finds it and what does not. */
type Line = readonly [said: string, finds: readonly string[], misses: readonly string[]]

function lines(title: string, table: readonly Line[], roomOf: RoomOf, found: FoundIn): void {
  test.each(table)(`${title}: %p`, async (text, finds, misses) => {
    const room = await roomOf(text)
    for (const one of finds) expect([one, await found(room, { terms: terms(one) })]).toEqual([one, [1]])
    for (const one of misses) expect([one, await found(room, { terms: terms(one) })]).toEqual([one, []])
  })
}

function wordsContract(roomOf: RoomOf, found: FoundIn): void {
  test("all words must occur, in any order, newest first", async () => {
    const room = await roomOf("grub fails at boot", "boot is fine", "the boot menu of GRUB", "grub")
    expect(await found(room, { terms: terms("grub", "boot") })).toEqual([3, 1])
    expect(await found(room, { terms: terms("boot") })).toEqual([3, 2, 1])
  })

  test("a phrase is its words in a row", async () => {
    const room = await roomOf(
      "how do i install it",
      "do i know how",
      "how, do: I!",
      "how do they do i wonder",
    )
    expect(await found(room, { terms: terms('"how do i"') })).toEqual([3, 1])
    expect(await found(room, { terms: terms('"how do i"', "install") })).toEqual([1])
  })

  test("a word that may go on finds longer words, from three letters on", async () => {
    const room = await roomOf("installing", "an install", "inst", "in st")
    expect(await found(room, { terms: terms("inst*") })).toEqual([3, 2, 1])
    expect(await found(room, { terms: terms("install*") })).toEqual([2, 1])
    expect(await found(room, { terms: terms("in*") })).toEqual([4])
    expect(await found(room, { terms: terms("an inst*") })).toEqual([2])
  })

  test("what must not occur is left out, words and phrases and beginnings", async () => {
    const room = await roomOf("linux or windows", "linux", "linux and more windowing", "windows")
    expect(await found(room, { terms: terms("linux", "-windows") })).toEqual([3, 2])
    expect(await found(room, { terms: terms("linux", "-windo*") })).toEqual([2])
    expect(await found(room, { terms: terms("linux", "-and more", "-or") })).toEqual([2])
    expect(await found(room, { terms: terms("-linux") })).toEqual([4])
  })

  test("what has no word in it finds nothing, and leaves nothing out", async () => {
    const room = await roomOf("boot", ":)")
    expect(await found(room, { terms: terms(":)") })).toEqual([])
    expect(await found(room, { terms: terms("boot", ":)") })).toEqual([])
    expect(await found(room, { terms: terms("boot", "-:)") })).toEqual([1])
  })
}

function technicalContract(roomOf: RoomOf, found: FoundIn): void {
  const table: readonly Line[] = [
    [
      "edit /etc/fstab.",
      ["/etc/fstab", "fstab", "etc", "/etc/fst*", "etc/fstab"],
      ["/etc/passwd", "fstab etc"],
    ],
    [
      "sudo apt-get -f install",
      ["apt-get", "apt", "apt get", "apt-ge*", '"-f install"'],
      ["get-apt", "aptget"],
    ],
    ["I write C++ code", ["c++", "C++", "c", "c++ code"], ["c#", "g++"]],
    ["I write c code", ["c"], ["c++", "c#", "#c", "$c"]],
    ["c# and F#!", ["c#", "C#", "f#"], ["c++", "#c"]],
    ["g++-4.3 and libstdc++6", ["g++", "g++-4.3", "libstdc++", "libstdc++6"], ["c++"]],
    [
      "/join #ubuntu-offtopic",
      ["#ubuntu", "#ubuntu-offtopic", "ubuntu", "#ubun*", "offtopic"],
      ["#offtopic", "ubuntu#"],
    ],
    ["ubuntu is fine", ["ubuntu"], ["#ubuntu", "$ubuntu"]],
    ["cd $HOME/.config", ["$HOME", "home", ".config", "$home/.config"], ["#home", "$config"]],
    ["snd_hda_intel: 8.04.1 on 192.168.0.1", ["snd_hda_intel", "hda", "8.04", "192.168.0.1"], ["804", "8.1"]],
    [
      "see https://example.org/a/b?c=d#e now",
      ["https://example.org/a/b?c=d#e", "example.org", "b?c=d"],
      ["example.com"],
    ],
    ["don't @ada: e-mail ada@example.org", ["don't", "@ada", "ada", "ada@example.org", "e-mail"], ["dont"]],
  ]
  lines("is found as people expect", table, roomOf, found)
}

function languagesContract(roomOf: RoomOf, found: FoundIn): void {
  const table: readonly Line[] = [
    ["Grüße aus Łódź, Ørsted", ["grusse", "GRÜSSE", "gruße", "lodz", "Łódź", "orsted"], ["grus", "gruesse"]],
    ["café — cafe\u0301 naïve", ["cafe", "CAFÉ", "cafe\u0301", "naive"], ["caf"]],
    ["ΟΔΟΣ και οδός", ["οδος", "ΟΔΌΣ", "οδο*"], ["οδο"]],
    ["οδοσήμανση", ["ΟΔΟΣ*", "οδοσημανση"], ["οδος"]],
    ["İstanbul ısı", ["istanbul", "İSTANBUL", "isi"], ["stanbul"]],
    ["Ёлка ёж", ["елка", "ЁЖ", "ёлк*"], ["елк"]],
    ["ｆｕｌｌ ｗｉｄｔｈ ﬁne ①", ["full", "width", "fine", "1"], ["ull"]],
    [
      "大家好，新加入Ubuntu社区",
      ["大家", "家好", "好", "Ubuntu", "ubuntu社区", "新加入", "大家好"],
      ["好家", "大好"],
    ],
    ["日本語のテキストがコーヒー", ["日本", "語の", "テキスト", "が", "コーヒー", "ー"], ["本日", "か"]],
    ["서울에서 만나요", ["서울", "서울에서", "만나"], ["울서", "ᄉ"]],
    ["ภาษาไทยง่าย", ["ไทย", "ภาษา", "ง่าย"], ["ทไ"]],
    ["हिन्दी में", ["हिन्दी", "में"], ["हन्दी", "हिन्द"]],
    ["שָׁלוֹם عَرَبِيّ", ["שלום", "عربي"], ["של"]],
    ["party 🎉🎉 👍🏽 👨‍👩‍👧 🇵🇹", ["🎉", "🎉🎉", "👍", "👍🏻", "👩", "🇵🇹", "party 🎉"], ["🎂", "🎉 party"]],
    ["so\u00adft hy\u200bphen un\u202edo", ["soft", "hyphen", "undo"], ["so"]],
    ["Ubuntu™ ½", ["ubuntu"], ["ubuntutm"]],
  ]
  lines("is found", table, roomOf, found)
}

function filtersContract(current: () => Searched, roomOf: RoomOf, found: FoundIn): void {
  const at = (day: string, text: string, by: Uuid = ada.id) => said(text, { at: on(day), by })

  test("by author, by any of several, and by none who ever wrote", async () => {
    const room = await roomOf(
      at("01-01", "boot"),
      at("01-02", "boot", bob.id),
      at("01-03", "boot", cleo.id),
      at("01-04", "grub", bob.id),
    )
    expect(await found(room, { terms: terms("boot"), by: [bob.id] })).toEqual([2])
    expect(await found(room, { by: [bob.id] })).toEqual([4, 2])
    expect(await found(room, { terms: terms("boot"), by: [bob.id, cleo.id] })).toEqual([3, 2])
    expect(await found(room, { by: [bob.id], terms: terms("-boot") })).toEqual([4])
    expect(await found(room, { by: [freshId()] })).toEqual([])
    expect(await found(room, { by: [] })).toEqual([])
  })

  test("by date, to the millisecond", async () => {
    const clocks = ["11:59:59.999", "12:00:00.000", "12:00:00.500", "12:00:00.501", "12:00:01.000"]
    const room = await roomOf(...clocks.map((clock) => said("boot", { at: on("01-01", clock) })))
    const [second, half] = [on("01-01", "12:00:00.000"), on("01-01", "12:00:00.500")]
    expect(await found(room, { terms: terms("boot"), fromMs: second })).toEqual([5, 4, 3, 2])
    expect(await found(room, { terms: terms("boot"), toMs: second })).toEqual([1])
    expect(await found(room, { fromMs: half, toMs: half + 1 })).toEqual([3])
    expect(await found(room, { fromMs: half + 1, toMs: second + 1_000 })).toEqual([4])
    expect(await found(room, { fromMs: second, toMs: second })).toEqual([])
  })

  test("times far away from ours", async () => {
    const room = await roomOf(
      said("boot", { at: 0 }),
      said("boot", { at: 8e15 }),
      said("boot", { at: 8.5e15 }),
    )
    expect(await found(room, { terms: terms("boot") })).toEqual([3, 2, 1])
    expect(await found(room, { fromMs: 1, toMs: 8.2e15 })).toEqual([2])
    expect(await found(room, { fromMs: Number.MIN_SAFE_INTEGER, toMs: Number.MAX_SAFE_INTEGER })).toEqual([
      3, 2, 1,
    ])
  })

  test("by room, and by rooms of which nothing was ever heard", async () => {
    const { search } = current()
    const rooms = [await roomOf("boot one"), await roomOf("boot two"), await roomOf("boot three")]
    const [lobby = "", garden = ""] = rooms
    const within = async (...inside: Uuid[]) =>
      (await page(search, { terms: terms("boot"), rooms: inside.map((room) => ({ room, from: 1 })) })).hits
    expect(await within(garden)).toEqual([{ room: garden, seq: 1 }])
    expect(new Set((await within(lobby, garden, freshId())).map((hit) => hit.room))).toEqual(
      new Set([lobby, garden]),
    )
    expect(await within(freshId())).toEqual([])
    expect(await within()).toEqual([])
  })

  test("without words, the newest that the filters let through", async () => {
    const room = await roomOf("one", "two", "three")
    expect(await found(room, {})).toEqual([3, 2, 1])
    expect(await found(room, { toMs: on("03-01") + 1_500 })).toEqual([2, 1])
  })

  test("across rooms the newer is first, also when the older was imported later", async () => {
    const { search } = current()
    const lobby = await roomOf(at("05-01", "boot"), at("07-01", "boot"))
    const garden = await roomOf(at("04-01", "boot"), at("06-01", "boot"))
    const rooms = [lobby, garden].map((room) => ({ room, from: 1 }))
    const { hits } = await page(search, { terms: terms("boot"), rooms })
    expect(hits.map(({ room, seq }) => [room === lobby ? "lobby" : "garden", seq])).toEqual([
      ["lobby", 2],
      ["garden", 2],
      ["lobby", 1],
      ["garden", 1],
    ])
  })
}

function pagesContract(current: () => Searched, roomOf: RoomOf): void {
  test("page by page everything comes once, newest first, also within one second", async () => {
    const { search } = current()
    const room = await roomOf(
      ...Array.from({ length: 45 }, (_, index) => said("boot", { at: on("03-01") + index * 90 })),
    )
    const got: number[] = []
    let next: string | undefined
    do {
      const answer = await page(search, {
        terms: terms("boot"),
        rooms: [{ room, from: 1 }],
        limit: 7,
        ...(next && { next }),
      })
      expect(answer.hits.length).toBe(next === undefined || got.length + 7 <= 45 ? 7 : 45 - got.length)
      got.push(...answer.hits.map((hit) => hit.seq))
      next = answer.next
    } while (next !== undefined)
    expect(got).toEqual(Array.from({ length: 45 }, (_, index) => 45 - index))
  })

  test("a page that ends exactly at the end has no next", async () => {
    const room = await roomOf("boot", "boot")
    const answer = await page(current().search, {
      terms: terms("boot"),
      rooms: [{ room, from: 1 }],
      limit: 2,
    })
    expect(answer.hits).toHaveLength(2)
    expect(answer.next).toBeUndefined()
  })

  test("what comes in meanwhile neither moves nor repeats the pages after", async () => {
    const { search, store } = current()
    const room = await roomOf("boot 1", "boot 2", "boot 3", "boot 4")
    const query = { terms: terms("boot"), rooms: [{ room, from: 1 }], limit: 2 }
    const { next } = await page(search, query)
    await put(store, room, 4, said("boot 5", { at: on("03-02") }))
    await caughtUp(search)
    const second = await page(search, { ...query, ...(next && { next }) })
    expect(second.hits.map((hit) => hit.seq)).toEqual([2, 1])
  })

  test.each(["", "x", "1-", "-1", "zzzzzzz-0", "1-zzzzzz", "1-1-1", "__proto__", "１-1"])(
    "%p is no next page and is refused",
    async (next) => {
      const answer = await current().search.search({ terms: terms("boot"), rooms: [], limit: 5, next })
      expect(isRefusal(answer) && answer.code).toBe("bad-input")
    },
  )
}

function changesContract(current: () => Searched, roomOf: RoomOf, found: FoundIn): void {
  const edit = (target: number, text: string) =>
    said(text, { kind: "message.edited", target, at: on("04-01") })
  const erase = (target: number) =>
    said("", { kind: "message.deleted", target, erases: target, body: "{}", at: on("04-01") })

  async function then(room: Uuid, after: number, ...entries: Entry[]): Promise<void> {
    await put(current().store, room, after, ...entries)
    await caughtUp(current().search)
  }

  test("an edited message is found by its newest words, where it was", async () => {
    const room = await roomOf("grub one", "grub two")
    await then(room, 2, edit(1, "lilo one"), edit(1, "syslinux one"))
    expect(await found(room, { terms: terms("syslinux") })).toEqual([1])
    expect(await found(room, { terms: terms("lilo") })).toEqual([])
    expect(await found(room, { terms: terms("grub") })).toEqual([2])
    expect(await found(room, { by: [ada.id], toMs: on("03-02") })).toEqual([2, 1])
    await then(room, 4, edit(1, "grub again"))
    expect(await found(room, { terms: terms("grub") })).toEqual([2, 1])
  })

  test("a deleted message is found no more, by nothing", async () => {
    const room = await roomOf("grub one", "grub two", "grub three")
    await then(room, 3, edit(2, "lilo two"), erase(2), erase(1))
    for (const word of ["grub", "lilo", "one", "two"])
      expect(await found(room, { terms: terms(word) })).toEqual(word === "grub" ? [3] : [])
    expect(await found(room, {})).toEqual([3])
  })

  test("posted, edited and deleted before the index ever looked", async () => {
    const room = freshId()
    const entries = [
      said("grub"),
      said("grub"),
      edit(1, "lilo"),
      edit(2, "lilo"),
      erase(2),
      said("grub", { at: on("05-01") }),
    ]
    await then(room, 0, ...entries)
    expect(await found(room, { terms: terms("grub") })).toEqual([6])
    expect(await found(room, { terms: terms("lilo") })).toEqual([1])
    expect(await found(room, {})).toEqual([6, 1])
  })

  test("many at once: edits and deletions of hundreds of messages", async () => {
    const count = 300
    const room = await roomOf(...Array.from({ length: count }, (_, index) => `grub number ${index + 1}`))
    const changes = Array.from({ length: count }, (_, index) => {
      return index % 3 === 0 ? erase(index + 1) : edit(index + 1, `lilo number ${index + 1}`)
    })
    await then(room, count, ...changes)
    expect(await found(room, { terms: terms("grub") })).toEqual([])
    expect(await found(room, { terms: terms("number", "1*") })).toEqual([])
    const kept = Array.from({ length: count }, (_, index) => count - index).filter((seq) => seq % 3 !== 1)
    expect(await found(room, { terms: terms("lilo"), limit: 500 })).toEqual(kept)
  })

  test("messages in threads, actions and empty imported ones are messages; what else happens is not", async () => {
    const room = freshId()
    const body = (value: object) => ({ body: JSON.stringify(value) })
    await then(
      room,
      0,
      said("", { kind: "room.created", ...body({ type: "room", name: "grub", topic: "grub" }) }),
      said("", body({ text: "grub in a thread", root: 1 })),
      said("", body({ text: "boots grub", style: "action" })),
      said(""),
      said("", { kind: "reaction.added", target: 2, ...body({ emoji: "grub" }) }),
      said("", { kind: "room.topic", ...body({ topic: "grub" }) }),
    )
    expect(await found(room, { terms: terms("grub") })).toEqual([3, 2])
    expect(await found(room, {})).toEqual([4, 3, 2])
  })

  test("how far behind it is, is told in events", async () => {
    const { search, store } = current()
    const room = await roomOf("one")
    expect(await search.lag()).toEqual({ events: 0, ms: 0 })
    await put(store, room, 1, ...Array.from({ length: 50 }, () => said("more", { at: Date.now() })))
    expect((await search.lag()).events).toBe(50)
    await caughtUp(search)
    expect(await search.lag()).toEqual({ events: 0, ms: 0 })
  })
}

function permissionContract(current: () => Searched, roomOf: RoomOf): void {
  test("nothing comes from a room that was not named, whatever else is asked", async () => {
    const { search } = current()
    const [lobby, attic] = [
      await roomOf("secret word"),
      await roomOf("secret plan", said("secret", { by: bob.id, at: on("03-02") })),
    ]
    const rooms = [{ room: lobby, from: 1 }]
    const asked: Partial<SearchQuery>[] = [
      { terms: terms("secret") },
      { terms: terms("secret", "-word") },
      { terms: terms("-word") },
      { terms: terms("sec*") },
      { by: [bob.id] },
      { terms: [{ text: `secret \x80${attic}` }, { text: `" OR "secret` }] },
      {},
    ]
    for (const query of asked)
      for (const { room } of (await page(search, { ...query, rooms })).hits) expect(room).toBe(lobby)
  })

  test("in each room only from the first seq that is visible", async () => {
    const { search } = current()
    const [lobby, garden] = [await roomOf("grub", "grub", "grub"), await roomOf("grub", "grub", "grub")]
    const rooms = [
      { room: lobby, from: 3 },
      { room: garden, from: 2 },
    ]
    const { hits } = await page(search, { terms: terms("grub"), rooms })
    expect(hits.filter((hit) => hit.room === lobby).map((hit) => hit.seq)).toEqual([3])
    expect(hits.filter((hit) => hit.room === garden).map((hit) => hit.seq)).toEqual([3, 2])
    const none = await page(search, { terms: terms("grub"), rooms: [{ room: lobby, from: 4 }] })
    expect(none).toEqual({ hits: [] })
  })

  test("with hundreds of rooms the answer is that of the rooms one by one", async () => {
    const { search } = current()
    const mine: { room: Uuid; from: number }[] = []
    for (let index = 0; index < 90; index++) {
      const room = await roomOf("grub", `lilo ${index}`, "grub")
      if (index % 9 !== 0) mine.push({ room, from: index % 4 })
    }
    for (const query of [{ terms: terms("grub") }, { terms: terms("lilo", "-33") }, {}, { by: [bob.id] }]) {
      const key = (hit: { room: Uuid; seq: number }) => `${hit.room}:${hit.seq}`
      const together = (await page(search, { ...query, rooms: mine, limit: 500 })).hits.map(key)
      const apart: string[] = []
      for (const one of mine) apart.push(...(await page(search, { ...query, rooms: [one] })).hits.map(key))
      expect(together.toSorted()).toEqual(apart.toSorted())
    }
  })
}

function hostileContract(current: () => Searched, roomOf: RoomOf): void {
  test("whatever is looked for, the answer is a page, and of the named room alone", async () => {
    const room = await roomOf("one two three", "日本 🎉 c++ #x", '" OR text : * NEAR(')
    const bit = fc.constantFrom(
      '"',
      "*",
      "(",
      ")",
      ":",
      "^",
      "-",
      "+",
      "NEAR",
      " OR ",
      " NOT ",
      "text:",
      "\0",
      "\x80",
      "\x81a",
      "\ud800",
      "{",
      ",",
      "one",
      "日",
      "🎉",
      "\u0301",
    )
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.array(bit, { maxLength: 8 }).map((bits) => bits.join("")),
    )
    const term = fc.record(
      { text, prefix: fc.constant(true as const), excluded: fc.constant(true as const) },
      { requiredKeys: ["text"] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(term, { maxLength: 6 }), async (asked) => {
        const { hits } = await page(current().search, { terms: asked, rooms: [{ room, from: 2 }] })
        for (const hit of hits) expect(hit.room === room && hit.seq >= 2).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  test("every message is found by each of its own words", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), async (text) => {
        const room = await roomOf(text)
        // Signs of trade are no letters to people, and some letters are nothing but a mark on no letter.
        const told = text.replace(/[℠™]/gu, " ")
        const plain = told.normalize("NFKC").replace(/\p{Default_Ignorable_Code_Point}/gu, "")
        const words = plain.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word))
        for (const word of [text, ...words]) {
          if (!/[\p{L}\p{N}]/u.test(word.replace(/[℠™]/gu, " ").normalize("NFKD"))) continue
          const { hits } = await page(current().search, {
            terms: [{ text: word }],
            rooms: [{ room, from: 1 }],
          })
          expect([word, hits.length]).toEqual([word, 1])
        }
      }),
      { numRuns: 150 },
    )
  })

  test("the longest search there can be", async () => {
    const room = await roomOf("a".repeat(16_000), "a b ".repeat(4_000))
    const asked = [
      [{ text: "a-".repeat(256) }],
      Array.from({ length: 32 }, () => ({ text: "b", prefix: true as const })),
    ]
    for (const one of asked) expect(await seqs(current().search, room, { terms: one })).toBeArray()
    expect(await seqs(current().search, room, { terms: terms("aaaaaaaaaa*") })).toEqual([1])
  })
}
