import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { cp, mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

/** A line of the product that a promise hangs on, and the same line without it. */
interface Guard {
  readonly name: string
  readonly file: string
  readonly line: string
  readonly without: string
}

const guards: readonly Guard[] = [
  {
    name: "PROMISE-2: an append is compared with the head it was judged on",
    file: "server/store/memory.ts",
    line: "(log?.events.length ?? 0) !== append.after",
    without: "false",
  },
  {
    name: "PROMISE-3: an id enters a log once",
    file: "server/store/memory.ts",
    line: 'if (known !== undefined) return { is: "known", id: known }',
    without: "",
  },
  {
    name: "PROMISE-2: a failed commit discards the head that was judged ahead of it",
    file: "server/core/room.ts",
    line: "this.#refuseFlight(flight, refuse(outcome.code))",
    without: "this.head = flight.batch.head; this.#refuseFlight(flight, refuse(outcome.code))",
  },
  {
    name: "PROMISE-1: what nobody knows to be appended is not accepted",
    file: "server/core/room.ts",
    line: 'this.#refuseFlight(flight, refuse("store-failed"))',
    without:
      'for (const one of flight.waiting) one.answer(this.#accepted({ ...one.command, seq: flight.batch.get(one.command.id)?.seq ?? 0, at: 0, by: "", body: null, check: "" } as Stored))',
  },
  {
    name: "PROMISE-6: the room looks for the id before it refuses",
    file: "server/core/room.ts",
    line: 'if (twin) return isTwin(twin, actor, command) ? this.#accepted(twin) : refuse("id-taken")',
    without: "",
  },
  {
    name: "PROMISE-5: a command waits for the one before it",
    file: "server/core/room.ts",
    line: 'if (!prev) return refuse("not-yet")',
    without: "",
  },
  {
    name: "PROMISE-4: a letter is used only where it joins on",
    file: "server/core/room.ts",
    line: "letter?.after === this.head.seq && !this.#flight",
    without: "!this.#flight",
  },
  {
    name: "SEE-2: a stretch is narrowed to what its follower may see",
    file: "server/core/follower.ts",
    line: "this.#sink.push(narrow(upTo, this.#from))",
    without: "this.#sink.push(upTo)",
  },
  {
    name: "FOLLOW-10: the removed see nothing after their removal",
    file: "server/core/follower.ts",
    line: "const last = member ? Number.POSITIVE_INFINITY : (head.gone.get(this.account) ?? 0)",
    without: "const last = Number.POSITIVE_INFINITY",
  },
  {
    name: "FOLLOW-5: a reader takes only what continues its cursor",
    file: "sdk/replica.ts",
    line: "if (frame.after > cursor) return this.#gap()",
    without: "",
  },
  {
    name: "FOLLOW-5: a reader takes nothing twice",
    file: "sdk/replica.ts",
    line: "frame.after < cursor ? frame.events.filter(({ seq }) => seq > cursor) : frame.events",
    without: "frame.events",
  },
]

const SEEDS = "1-200"
const ROOMS = ["protocol", "sdk", "server", "test", "package.json", "tsconfig.json"]
const GUARD_MAX_MS = 180_000

describe("a world without one of these lines breaks a promise", () => {
  let copy = ""

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), "parley-guards-"))
    for (const room of ROOMS) await cp(resolve(room), join(copy, room), { recursive: true })
    await symlink(resolve("node_modules"), join(copy, "node_modules"))
  })

  afterAll(() => rm(copy, { recursive: true, force: true }))

  test(
    "with all of them the copy keeps its promises",
    async () => expect(await playIn(copy)).toEqual({ code: 0, last: "0 broken" }),
    GUARD_MAX_MS,
  )

  for (const guard of guards) {
    test(
      guard.name,
      async () => {
        const path = join(copy, guard.file)
        const source = await Bun.file(path).text()
        // A guard that is no longer where this test looks for it proves nothing.
        expect(source.split(guard.line)).toHaveLength(2)
        await Bun.write(path, source.replace(guard.line, guard.without))
        try {
          expect((await playIn(copy)).code).toBe(1)
        } finally {
          await Bun.write(path, source)
        }
      },
      GUARD_MAX_MS,
    )
  }
})

async function playIn(folder: string): Promise<{ code: number; last: string | undefined }> {
  const child = Bun.spawn([process.execPath, "test/simulation/main.ts", SEEDS, "first"], {
    cwd: folder,
    stdout: "pipe",
    stderr: "ignore",
  })
  const text = await new Response(child.stdout).text()
  return { code: await child.exited, last: text.trim().split("\n").at(-1) }
}
