import { expect, test } from "bun:test"
import { isRefusal } from "../../protocol/refusals.ts"
import { makeHasher } from "./hasher.ts"
import { peopleLimits } from "./limits.ts"

/** Hashes that finish when they are told to. */
function slowly() {
  const running: { readonly password: string; readonly finish: () => void; readonly fail: () => void }[] = []
  return {
    running,
    passwords: {
      hash: (password: string) =>
        new Promise<string>((done, failed) => {
          running.push({
            password,
            finish: () => done(`hash of ${password}`),
            fail: () => failed(new Error("no memory")),
          })
        }),
      verify: async () => true,
      outdated: () => false,
    },
  }
}

const turn = () => new Promise<void>((done) => setImmediate(done))

test("so many run at once, the others wait in turn, and who finds the line full is told to come back", async () => {
  const { running, passwords } = slowly()
  const hasher = makeHasher(
    passwords,
    { ...peopleLimits, passwordsAtOnce: 2, passwordsWaitingMax: 3 },
    "nobody's",
  )
  const answers = ["a", "b", "c", "d", "e", "f", "g"].map((password) => hasher.hash(password))
  await turn()
  expect(running.map(({ password }) => password)).toEqual(["a", "b"])
  expect(await answers[5]).toMatchObject({ code: "busy", waitMs: expect.any(Number) })
  expect(await answers[6]).toMatchObject({ code: "busy" })
  running[0]?.finish()
  await turn()
  expect(running.map(({ password }) => password)).toEqual(["a", "b", "c"])
  expect(await answers[0]).toBe("hash of a")
  for (let next = 1; next < 5; next++) {
    running[next]?.finish()
    await turn()
  }
  expect(await Promise.all(answers.slice(1, 5))).toEqual(["hash of b", "hash of c", "hash of d", "hash of e"])
  const later = hasher.hash("h")
  await turn()
  running.at(-1)?.finish()
  expect(await later).toBe("hash of h")
})

test("one that breaks gives up its place", async () => {
  const { running, passwords } = slowly()
  const hasher = makeHasher(
    passwords,
    { ...peopleLimits, passwordsAtOnce: 1, passwordsWaitingMax: 1 },
    "nobody's",
  )
  const broken = hasher.hash("a").catch(String)
  const next = hasher.hash("b")
  await turn()
  running[0]?.fail()
  expect(await broken).toContain("no memory")
  await turn()
  running[1]?.finish()
  const answer = await next
  expect(typeof answer === "string" || isRefusal(answer) ? answer : "").toBe("hash of b")
})

test("a password is hashed in its composed form", async () => {
  const { running, passwords } = slowly()
  void makeHasher(passwords, peopleLimits, "nobody's").hash("Zoe\u0308")
  await turn()
  expect(running[0]?.password).toBe("Zoë")
})
