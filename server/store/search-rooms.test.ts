import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { cast, castId } from "../../test/cast.ts"
import type { SearchIndex, SearchQuery } from "../core/ports.ts"
import { openSearch } from "./search.ts"
import { caughtUp, page, terms } from "./search-contract.ts"
import { feedOf, type Spoken } from "./testing/feeds.ts"

const { ada, bob } = cast

/** 150 rooms of 400 messages, in rounds; the first 30 rooms are the loudest at the end. */
const ROOMS = 150
const roomOf = (index: number) => castId(0xc000 + index)
const messages: Spoken[] = []
const heads = new Map<number, number>()

function speak(room: number, text: string): void {
  const seq = (heads.get(room) ?? 0) + 1
  heads.set(room, seq)
  messages.push({ room: roomOf(room), seq, at: messages.length * 40, by: seq % 5 ? ada.id : bob.id, text })
}
for (let round = 0; round < 100; round++)
  for (let room = 0; room < ROOMS; room++) speak(room, room % 7 ? `grub ${round}` : `lilo ${round}`)
for (let round = 0; round < 900; round++)
  for (let room = 0; room < 30; room++) speak(room, `grub loud ${round}`)

describe("someone who is in a hundred rooms, in a house that is loud elsewhere", () => {
  let search: SearchIndex
  beforeAll(async () => {
    search = await openSearch({ kind: "memory", feed: feedOf(messages) })
    await caughtUp(search)
  })
  afterAll(() => search.close())

  const quiet = Array.from({ length: 110 }, (_, index) => ({ room: roomOf(35 + index), from: 1 }))
  const loudFromTheEnd = Array.from({ length: 30 }, (_, index) => ({ room: roomOf(index), from: 990 }))

  async function same(query: Partial<SearchQuery>, keep: (message: Spoken) => boolean): Promise<void> {
    const from = new Map((query.rooms ?? []).map((one) => [one.room, one.from]))
    const visible = ({ room, seq }: Spoken) => seq >= (from.get(room) ?? Number.POSITIVE_INFINITY)
    const expected = messages.filter((one) => visible(one) && keep(one)).toReversed()
    const got: string[] = []
    let next: string | undefined
    do {
      const answer = await page(search, { limit: 470, ...query, ...(next && { next }) })
      got.push(...answer.hits.map(({ room, seq }) => `${room} ${seq}`))
      next = answer.next
    } while (next !== undefined)
    expect(got).toEqual(expected.map(({ room, seq }) => `${room} ${seq}`))
  }
  const says = (word: string) => (message: Spoken) => message.text.split(" ").includes(word)

  test.each<[string, Partial<SearchQuery>, (message: Spoken) => boolean]>([
    ["a word that is common elsewhere", { terms: terms("grub") }, says("grub")],
    ["a word that is only said here", { terms: terms("lilo") }, says("lilo")],
    ["a word and a number", { terms: terms("lilo", "77") }, (one) => says("lilo")(one) && says("77")(one)],
    ["an author", { by: [bob.id] }, (one) => one.by === bob.id],
    ["nothing but the rooms", {}, () => true],
    ["only what must not occur", { terms: terms("-grub") }, (one) => !says("grub")(one)],
    ["only what must not occur, which is nothing", { terms: terms("-:)") }, () => true],
    ["a word nobody said", { terms: terms("syslinux") }, () => false],
  ])("%s", async (_, query, keep) => {
    await same({ ...query, rooms: quiet }, keep)
    await same({ ...query, rooms: quiet.map(({ room }, index) => ({ room, from: index })) }, keep)
    await same({ ...query, rooms: [...quiet, ...loudFromTheEnd] }, keep)
    await same({ ...query, rooms: loudFromTheEnd }, keep)
  })
})
