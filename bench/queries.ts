import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { createGunzip } from "node:zlib"
import { isAccountName } from "../protocol/names.ts"

interface Line {
  readonly room: string
  readonly at: string
  readonly author: string
  readonly text: string
}

/** Lines that queries are made from, evenly over the whole conversation. */
const SAMPLED = 400
const COMMON_WORDS = 40
const SEED = 20_041_115

/** What people might look for in a room of the corpus: the same list every time. */
export async function sampleQueries(path: string, room: string, count: number): Promise<readonly string[]> {
  const { sample, frequent } = await read(path, room)
  const random = randomFrom(SEED)
  const pick = <One>(all: readonly One[]): One => {
    const one = all[Math.floor(random() * all.length)]
    if (one === undefined) throw new Error("The corpus has too little to look for.")
    return one
  }
  const wordsOf = ({ text }: Line) => text.match(/[a-z]{3,20}/gi) ?? ["the"]
  const kinds: readonly ((line: Line) => string)[] = [
    () => pick(frequent),
    (line) => pick(wordsOf(line)),
    () => `${pick(frequent)} ${pick(frequent)}`,
    (line) => `${pick(frequent)} ${pick(wordsOf(line))}`,
    (line) => `"${phrase(line.text, random)}"`,
    (line) => (isAccountName(line.author) ? `from:${line.author}` : pick(wordsOf(line))),
    (line) => (isAccountName(line.author) ? `from:${line.author} ${pick(frequent)}` : pick(frequent)),
    (line) => `on:${line.at.slice(0, 7)} ${pick(frequent)}`,
    (line) => `${pick(frequent)} before:${line.at.slice(0, 4)}`,
    (line) => `in:${room} ${pick(wordsOf(line))}`,
    () => `${pick(frequent)} -${pick(frequent)}`,
    (line) => pick(wordsOf(line)).slice(0, 4),
  ]
  return Array.from({ length: count }, (_, index) => kinds[index % kinds.length]?.(pick(sample)) ?? "")
}

/** Two or three words that stand in a row. */
function phrase(text: string, random: () => number): string {
  const rows = text.match(/[a-z]+(?: [a-z]+){1,2}/gi) ?? ["how do"]
  return rows[Math.floor(random() * rows.length)] ?? "how do"
}

async function read(path: string, room: string) {
  const sample: Line[] = []
  const counts = new Map<string, number>()
  const random = randomFrom(SEED)
  let seen = 0
  for await (const text of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    const line: Line = JSON.parse(text)
    if (line.room !== room) continue
    seen++
    // Every line has the same chance to stay.
    const place = Math.floor(random() * seen)
    if (sample.length < SAMPLED) sample.push(line)
    else if (place < SAMPLED) sample[place] = line
    if (seen % 20 === 0)
      for (const word of line.text.toLowerCase().match(/[a-z]{3,20}/g) ?? [])
        counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const frequent = [...counts].sort(([, a], [, b]) => b - a).slice(0, COMMON_WORDS)
  return { sample, frequent: frequent.map(([word]) => word) }
}

/** Numbers from 0 to 1 that are the same after the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
