import { afterAll, describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { cleaned } from "../../protocol/text.ts"
import { readSource } from "../import/source.ts"
import { parley, temporaryFolders } from "../testing.ts"

const corpus = process.env.PARLEY_CORPUS ?? ""
const isThere = corpus !== "" && existsSync(corpus)
if (!isThere) console.warn("Some tests are skipped: PARLEY_CORPUS names no file of real chat.")
const MINUTES_MS = 180_000

const folders = temporaryFolders()
afterAll(folders.remove)

interface Message {
  readonly i: number
  readonly room: string
  readonly at: string
  readonly author: string
  readonly text: string
  readonly kind: string
  readonly replyTo?: number
}

async function messagesOf(path: string): Promise<Message[]> {
  const all: Message[] = []
  for await (const { lines } of readSource(path))
    for (const line of lines) if (line !== "") all.push(JSON.parse(line))
  return all
}

/** What must be the same before and after: who and where is told by names, which an import may have to change. */
const tellable = ({ room, at, text, kind }: Message) => `${room} ${Date.parse(at)} ${kind} ${cleaned(text)}`

describe.skipIf(!isThere)("a real conversation of 232,815 messages", () => {
  test(
    "comes in whole, with its times and answers, and a second time changes nothing",
    async () => {
      const data = folders.next()
      const first = await parley(["import", corpus, "--data", data])
      expect(first.err).not.toContain("parley:")
      expect(first.out).toStartWith("Imported 232,815 messages of 18,569 people into 4 rooms in ")
      for (const room of ["222,106  #ubuntu", "3,545  #mediawiki", "3,564  #rust", "3,600  #stripe"])
        expect(first.out).toContain(room)
      expect(first.out).not.toContain("came in as plain messages")

      const out = join(data, "out.ndjson.gz")
      await parley(["export", "--messages", "--out", out, "--data", data])
      const [before, after] = [await messagesOf(corpus), await messagesOf(out)]
      expect(new Set(after.map(({ author }) => author)).size).toBe(18_569)
      const answers = (all: readonly Message[]) => {
        const byPlace = new Map(all.map((each) => [`${each.room} ${each.i}`, each]))
        return all
          .flatMap(({ room, replyTo, ...each }) => {
            const answered = replyTo === undefined ? undefined : byPlace.get(`${room} ${replyTo}`)
            return answered ? [`${tellable({ room, ...each })} -> ${tellable(answered)}`] : []
          })
          .sort()
      }
      expect(after.map(tellable).sort()).toEqual(before.map(tellable).sort())
      expect(answers(after)).toEqual(answers(before))

      const second = await parley(["import", corpus, "--data", data])
      expect(second.out).toBe("232,815 messages were there already.\nNothing was changed.\n")
      const verified = await parley(["verify", "--data", data])
      expect(verified.code).toBe(0)
    },
    MINUTES_MS,
  )
})
