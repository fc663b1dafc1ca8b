import { describe, expect, test } from "bun:test"
import { isRefusal } from "../../protocol/refusals.ts"
import { argon2id } from "../../server/store/passwords.ts"
import { cast } from "../cast.ts"
import { codeOf, entered, granted, home, Village } from "./village.ts"

const street = (number: number) => ({ address: `198.51.100.${number}`, transport: "memory" }) as const

describe("signing in", () => {
  test("Ada registers, is told a token of 256 bits, and comes back with it", async () => {
    const village = await Village.make()
    const { who, token } = await village.settle("ada")
    expect(who).toMatchObject({ name: "ada", display: "ada", role: "member" })
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(village.accounts.resume(token)).toEqual(who)
    expect(await village.accounts.enter({ token }, home("ada"))).toEqual({ who })
    expect(await village.accounts.enter({}, { ...home("ada"), token })).toEqual({ who })
  })

  test("the store holds neither the token nor the password", async () => {
    const village = await Village.make()
    const { token } = await village.settle("ada")
    const { db } = village.store.records
    const rows = JSON.stringify([
      await db.selectFrom("session").selectAll().execute(),
      await db.selectFrom("account").selectAll().execute(),
      await village.told(),
    ])
    expect(rows).not.toContain(token)
    expect(rows).not.toContain(cast.ada.password)
    expect(rows).toContain("$argon2id$")
  })

  test("Ada signs in by name and password, in any case and on a second device", async () => {
    const village = await Village.make()
    const first = await village.settle("ada")
    const second = entered(await village.signIn("ADA", cast.ada.password, home("ada")))
    expect(second.who.id).toBe(first.who.id)
    expect(second.token).not.toBe(first.token)
    expect(second.who.session).not.toBe(first.who.session)
  })

  test("a password is the same however its letters are composed", async () => {
    const village = await Village.make()
    entered(await village.register("zoe", "Zoë und die Straße"))
    expect(codeOf(await village.signIn("zoe", "Zoe\u0308 und die Straße", home("ada")))).toBe("done")
  })

  test("a wrong password, a name nobody has and an account nobody claimed are refused alike", async () => {
    const village = await Village.make()
    await village.settle("ada")
    await village.services.people.importAuthors("chat", ["dan"])
    const answers = [
      await village.signIn("ada", "not hers at all", home("eve")),
      await village.signIn("nobody", "not hers at all", home("eve")),
      await village.signIn("dan", "not hers at all", home("eve")),
      await village.signIn("dan", "", home("eve")),
      await village.signIn("__proto__", "not hers at all", home("eve")),
      await village.signIn("ada\0", "not hers at all", home("eve")),
    ]
    const refusal = { code: "wrong-password", message: "The name or the password is wrong." } as const
    expect(answers).toEqual(answers.map(() => refusal))
  })

  test("a password is verified for every name, also for those that are not there", async () => {
    const verified: string[] = []
    const counting = argon2id({ memoryKiB: 64, passes: 1 })
    const village = await Village.make({
      passwords: {
        ...counting,
        verify: (password, hash) => {
          verified.push(hash.slice(0, 30))
          return counting.verify(password, hash)
        },
      },
    })
    await village.settle("ada")
    await village.services.people.importAuthors("chat", ["dan"])
    for (const name of ["ada", "nobody", "dan"]) await village.signIn(name, "a guess at it", home("eve"))
    const parameters = "$argon2id$v=19$m=64,t=1,p=1$"
    expect(verified.map((hash) => hash.slice(0, parameters.length))).toEqual([
      parameters,
      parameters,
      parameters,
    ])
  })

  test("the real parameters of argon2id let Ada in and nobody else", async () => {
    const village = await Village.make({ passwords: argon2id() })
    await village.settle("ada")
    expect(codeOf(await village.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
    expect(codeOf(await village.signIn("ada", cast.bob.password, home("ada")))).toBe("wrong-password")
  })

  test("a hash of older parameters is renewed when its person signs in", async () => {
    const village = await Village.make()
    await village.settle("ada")
    const dearer = argon2id({ memoryKiB: 128, passes: 2 })
    const later = await village.another({ passwords: dearer })
    const hash = async () =>
      (await village.store.records.db.selectFrom("account").select("password").executeTakeFirst())?.password
    expect(await hash()).toContain("m=64,t=1")
    expect(codeOf(await later.signIn("ada", "a wrong password", home("ada")))).toBe("wrong-password")
    expect(await hash()).toContain("m=64,t=1")
    expect(codeOf(await later.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
    expect(await hash()).toContain("m=128,t=2")
    expect(codeOf(await later.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
  })

  test.each([
    ["nothing", ""],
    ["a letter", "x"],
    ["what only has the form of a token", "a".repeat(43)],
    ["the name of a property", "__proto__"],
    ["NUL", "\0"],
    ["a very long text", "a".repeat(10_000)],
  ])("%s is no token", async (_, token) => {
    const village = await Village.make()
    await village.settle("ada")
    expect(village.accounts.resume(token)).toBeUndefined()
    expect(codeOf(await village.accounts.enter({ token }, home("ada")))).toBe("session-ended")
  })

  test("a hello with nothing to judge is told to sign in", async () => {
    const village = await Village.make()
    expect(codeOf(await village.accounts.enter({}, home("ada")))).toBe("sign-in-first")
    expect(codeOf(await village.accounts.enter({ name: "ada" }, home("ada")))).toBe("sign-in-first")
    expect(codeOf(await village.accounts.enter({ register: true, name: "ada" }, home("ada")))).toBe(
      "sign-in-first",
    )
  })

  test("what happened is told in Ada's own log", async () => {
    const village = await Village.make()
    const { who } = await village.settle("ada")
    const events = await village.store.log.read(who.self, 0, 10)
    expect(events.map(({ kind, body }) => [kind, JSON.parse(body ?? "")])).toEqual([
      ["room.created", { type: "self", visibility: "private", history: "shared", members: [who.id] }],
      ["self.activity", { reason: "signed-in", session: who.session }],
    ])
  })
})

describe("a guesser", () => {
  test("waits longer and longer, whether or not there is such an account", async () => {
    const village = await Village.make()
    await village.settle("ada")
    for (const name of ["ada", "nobody"]) {
      const waits: number[] = []
      for (let guess = 0; guess < 16; guess++) {
        const answer = await village.signIn(name, `guess number ${guess}`, home("eve"))
        if (isRefusal(answer) && answer.waitMs !== undefined) {
          waits.push(answer.waitMs)
          village.world.pass(answer.waitMs)
        }
      }
      expect(waits.length).toBeGreaterThan(0)
      expect(waits).toEqual([...waits].sort((a, b) => a - b))
      village.world.pass(86_400_000)
    }
  })

  test("makes no more than a handful of guesses a minute at one account, from however many addresses", async () => {
    const village = await Village.make()
    await village.settle("ada")
    const tried = async (minutes: number) => {
      let count = 0
      for (let second = 0; second < minutes * 60; second++) {
        village.world.pass(1_000)
        const answer = await village.signIn("ada", `guess at ${second}`, street(second % 250))
        if (codeOf(answer) === "wrong-password") count++
      }
      return count
    }
    expect(await tried(10)).toBeLessThan(40)
    expect(await tried(10)).toBeLessThan(20)
  })

  test("who sends many guesses at once gets no further", async () => {
    const village = await Village.make()
    await village.settle("ada")
    const guesses = Array.from({ length: 200 }, (_, index) =>
      village.signIn("ada", `guess ${index}`, street(index)),
    )
    const codes = (await Promise.all(guesses)).map(codeOf)
    expect(codes.filter((code) => code === "wrong-password").length).toBeLessThanOrEqual(10)
    expect(codes.filter((code) => code === "too-fast").length).toBeGreaterThanOrEqual(190)
  })

  test("does not lock Ada out: from where she has been her password passes at once", async () => {
    const village = await Village.make()
    await village.settle("ada", home("ada"))
    for (let guess = 0; guess < 100; guess++) await village.signIn("ada", `guess ${guess}`, street(guess))
    expect(codeOf(await village.signIn("ada", cast.ada.password, street(101)))).toBe("too-fast")
    expect(codeOf(await village.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
  })

  test("does not lock Ada out after she signed out there, nor after a restart while a device is in", async () => {
    const village = await Village.make()
    const { who, token } = await village.settle("ada")
    await village.services.sessions.end(village.accounts.actor(who.id), who.id, { session: who.session })
    expect(village.accounts.resume(token)).toBeUndefined()
    // The first sign-in at home is by password, and what the guard remembers of it outlives the session.
    entered(await village.signIn("ada", cast.ada.password, home("ada")))
    await village.services.sessions.end(village.accounts.actor(who.id), who.id, "all")
    for (let guess = 0; guess < 100; guess++) await village.signIn("ada", `guess ${guess}`, street(guess))
    entered(await village.signIn("ada", cast.ada.password, home("ada")))
    const later = await village.another()
    for (let guess = 0; guess < 100; guess++) await later.signIn("ada", `guess ${guess}`, street(guess))
    expect(codeOf(await later.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
  })

  test("at Ada's own address is slowed too, but never for longer than a quarter of a minute", async () => {
    const village = await Village.make()
    await village.settle("ada")
    const waits: number[] = []
    for (let guess = 0; guess < 60; guess++) {
      const answer = await village.signIn("ada", `guess ${guess}`, home("ada"))
      if (isRefusal(answer) && answer.waitMs !== undefined) waits.push(answer.waitMs)
      village.world.pass(500)
    }
    expect(Math.max(...waits)).toBeGreaterThan(1_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000)
    village.world.pass(15_000)
    expect(codeOf(await village.signIn("ada", cast.ada.password, home("ada")))).toBe("done")
  })

  test("who tries one password on many names is slowed by address, and an IPv6 network is one address", async () => {
    const village = await Village.make()
    const codes: string[] = []
    for (let index = 0; index < 80; index++) {
      const from = { address: `2001:db8:1:2::${index.toString(16)}`, transport: "memory" } as const
      codes.push(codeOf(await village.signIn(`name${index}`, "one password for all", from)))
    }
    expect(codes.slice(0, 60)).toEqual(codes.slice(0, 60).map(() => "wrong-password"))
    expect(codes.slice(60)).toContain("too-fast")
    const next = { address: "2001:db8:1:3::1", transport: "memory" } as const
    expect(codeOf(await village.signIn("name", "one password for all", next))).toBe("wrong-password")
  })

  test("gains nothing by signing in as themselves in between", async () => {
    const village = await Village.make()
    await village.settle("ada")
    await village.settle("eve", home("eve"))
    let tried = 0
    for (let guess = 0; guess < 100; guess++) {
      entered(await village.signIn("eve", cast.eve.password, home("eve")))
      if (codeOf(await village.signIn("ada", `guess ${guess}`, home("eve"))) === "wrong-password") tried++
    }
    expect(tried).toBeLessThanOrEqual(10)
  })

  test("who guessed before is forgiven with time", async () => {
    const village = await Village.make()
    await village.settle("ada")
    for (let guess = 0; guess < 30; guess++) await village.signIn("ada", `guess ${guess}`, home("eve"))
    expect(codeOf(await village.signIn("ada", cast.ada.password, home("eve")))).toBe("too-fast")
    village.world.pass(3_600_000)
    expect(codeOf(await village.signIn("ada", cast.ada.password, home("eve")))).toBe("done")
  })
})

describe("the line for password hashes", () => {
  test("takes a bounded number; beyond that the answer is busy, and nobody is thought to have guessed", async () => {
    const village = await Village.make({ limits: { passwordsAtOnce: 1, passwordsWaitingMax: 3 } })
    await village.settle("ada")
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => village.signIn("ada", cast.ada.password, home("ada"))),
    )
    const codes = answers.map(codeOf)
    expect(codes.filter((code) => code === "done")).toHaveLength(4)
    expect(codes.filter((code) => code === "busy")).toHaveLength(4)
    expect(granted(await village.signIn("ada", cast.ada.password, home("ada"))).who.name).toBe("ada")
  })
})
