import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Uuid } from "../../protocol/ids.ts"
import type { Name } from "../cast.ts"
import { type Account, adaOwns, castOf, code, done, join, makeRoom, say, voicesOf } from "../people.ts"
import { type Server, startServer, stopAll, testFolders, until } from "../server.ts"
import { type Voice, wires } from "../voices.ts"

setDefaultTimeout(60_000)

const folders = testFolders()
let server: Server
let people: Readonly<Record<Name, Account>>

beforeAll(async () => {
  server = await startServer(folders.next(), { env: adaOwns })
  people = await castOf(server)
})
afterAll(async () => {
  await stopAll(server)
  folders.remove()
})

interface Found {
  readonly hits: readonly { readonly room: Uuid; readonly message: { readonly text: string } }[]
  readonly next?: string
}

const search = async (voice: Voice, q: string, more: object = {}) =>
  done(await voice.ask<Found>("search.messages", { q, ...more }))
const texts = async (voice: Voice, q: string, more: object = {}) =>
  (await search(voice, q, more)).hits.map(({ message }) => message.text)

describe.each(wires)("search, over %s", (wire) => {
  let voices: Readonly<Record<Name, Voice>>
  const word = `quince${wire}`
  beforeAll(async () => {
    voices = await voicesOf(server, people, wire)
  })
  afterAll(() => Promise.all(Object.values(voices).map((voice) => voice.hangUp())))

  test("finds what was just said, by words, phrase, author, room and day, in one's own rooms alone", async () => {
    const { ada, bob, eve } = voices
    const [garden, attic] = [
      await makeRoom(ada, `garden-${wire}`),
      await makeRoom(ada, `attic-${wire}`, { visibility: "private" }),
    ]
    await join(bob, garden)
    await say(ada, garden, `The ${word} tree blooms early`)
    const asked = await say(bob, garden, `Early blooms of the ${word}`)
    await say(ada, attic, `A ${word} in the attic`)
    // Live: within a second of the answer, here with room for a busy machine; the wait itself is what is bounded.
    await until(async () => (await texts(ada, word)).length === 3, "three hits", 10_000)
    expect(await texts(bob, word)).toEqual([`Early blooms of the ${word}`, `The ${word} tree blooms early`])
    expect(await texts(eve, word)).toEqual([])
    expect(await texts(ada, `"blooms early" ${word}`)).toEqual([`The ${word} tree blooms early`])
    expect(await texts(ada, `${word} -tree`)).not.toContain(`The ${word} tree blooms early`)
    expect(await texts(ada, `${word} from:bob`)).toEqual([`Early blooms of the ${word}`])
    expect(await texts(ada, `${word} in:#attic-${wire}`)).toEqual([`A ${word} in the attic`])
    expect(await texts(ada, word, { room: attic })).toEqual([`A ${word} in the attic`])
    const today = new Date(asked.at).toISOString().slice(0, 10)
    expect(await texts(ada, `${word} on:${today}`)).toHaveLength(3)
    expect(await texts(ada, `${word} before:${today}`)).toEqual([])
    expect(code(await eve.ask("search.messages", { q: word, room: attic }))).toBe("no-such-room")
    expect(code(await eve.ask("search.messages", { q: `${word} in:#attic-${wire}` }))).toBe("no-such-room")

    const first = await search(ada, word, { limit: 2 })
    expect(first.hits).toHaveLength(2)
    const rest = await search(ada, word, { limit: 2, next: first.next ?? "" })
    expect(rest.hits).toHaveLength(1)
    expect(rest.next).toBeUndefined()

    done(await bob.submit(garden, "message.edited", { text: `Late blooms of the medlar${wire}` }, asked.seq))
    await until(async () => (await texts(ada, `medlar${wire}`)).length === 1, "the edited words")
    expect(await texts(ada, `${word} from:bob`)).toEqual([])
  })
})
