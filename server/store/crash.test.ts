import { describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { isRefusal } from "../../protocol/refusals.ts"
import { castId, places } from "../../test/cast.ts"
import { put, said } from "./contract.ts"
import { openStore } from "./open.ts"
import { failure } from "./testing/failure.ts"
import { folders } from "./testing/folders.ts"

const newFolder = folders()

const rooms = [places.lobby.id, ...Array.from({ length: 19 }, (_, index) => castId(0xc000 + index))]

/** A process that writes to a store; what it prints is kept, line by line. */
function startLoad(folder: string) {
  const child = Bun.spawn(
    [process.execPath, new URL("./testing/load.ts", import.meta.url).pathname, folder, ...rooms],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  )
  const lines: string[] = []
  const waiting: (() => void)[] = []
  const ended = (async () => {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      rest = parts.pop() ?? ""
      lines.push(...parts)
      for (const tell of waiting.splice(0)) tell()
    }
    for (const tell of waiting.splice(0)) tell()
  })()
  return {
    pid: child.pid,
    lines,
    /** There are so many lines, or there will be no more. */
    async printed(count: number): Promise<void> {
      let over = false
      void ended.then(() => {
        over = true
      })
      while (lines.length < count && !over) await new Promise<void>((tell) => waiting.push(tell))
    },
    /** Everything it printed is read, too. */
    async kill(): Promise<void> {
      child.kill("SIGKILL")
      await Promise.all([child.exited, ended])
    },
    async exitCode(): Promise<number> {
      await ended
      return child.exited
    },
  }
}

describe("a store whose process is killed", () => {
  test("has every event it acknowledged, whole, and goes on", async () => {
    const folder = newFolder("killed")
    for (let round = 0; round < 4; round++) {
      const child = startLoad(folder)
      await child.printed(1_000 + round * 300)
      await child.kill()
      const [first, ...lines] = child.lines
      expect(first).toBe("open")
      expect(lines.length).toBeGreaterThan(900)
      const store = await openStore({ kind: "sqlite", folder })
      for (const line of lines) {
        const [room = "", seq = "", id = ""] = line.split(" ")
        expect((await store.log.find(room, id))?.seq).toBe(Number(seq))
      }
      const found = await store.verify()
      expect(isRefusal(found) ? found : found.damages).toEqual([])
      const head = await store.log.head(places.lobby.id)
      // What was appended in one piece is there in one piece.
      expect((head?.seq ?? 1) % 2).toBe(0)
      expect(head?.epoch).toBe(store.epoch)
      await store.close()
    }
  }, 30_000)
})

describe("a data folder", () => {
  test("is one process's: the second is told which folder and which process", async () => {
    const folder = newFolder("locked")
    const first = startLoad(folder)
    await first.printed(1)
    expect(first.lines[0]).toBe("open")
    const second = startLoad(folder)
    expect(await second.exitCode()).toBe(1)
    expect(second.lines).toHaveLength(1)
    expect(second.lines[0]).toContain(folder)
    expect(second.lines[0]).toContain(`process ${first.pid}`)
    expect((await failure(openStore({ kind: "sqlite", folder }))).message).toContain("in use")
    await first.kill()
    const store = await openStore({ kind: "sqlite", folder })
    await put(store, places.garden.id, 0, said("free again"))
    expect((await failure(openStore({ kind: "sqlite", folder }))).message).toContain(`process ${process.pid}`)
    await store.close()
    await (await openStore({ kind: "sqlite", folder })).close()
  }, 20_000)

  test("is one process's also when several start at the same moment", async () => {
    const folder = newFolder("raced")
    mkdirSync(folder)
    const children = Array.from({ length: 4 }, () => startLoad(folder))
    await Promise.all(children.map((child) => child.printed(1)))
    const firsts = children.map((child) => child.lines[0])
    expect(firsts.filter((line) => line === "open")).toHaveLength(1)
    expect(firsts.filter((line) => line?.includes("in use"))).toHaveLength(3)
    await Promise.all(children.map((child) => child.kill()))
  }, 20_000)

  test("is open to nobody else, and what cannot be one is told in a sentence", async () => {
    const folder = newFolder("private")
    const store = await openStore({ kind: "sqlite", folder })
    await put(store, places.lobby.id, 0, said("hello"))
    const modeOf = (path: string) => statSync(path).mode & 0o077
    expect(
      [folder, ...["parley.db", "parley.db-wal", "ballast"].map((name) => join(folder, name))].map(modeOf),
    ).toEqual([0, 0, 0, 0])
    const file = join(folder, "parley.db")
    expect((await failure(openStore({ kind: "sqlite", folder: file }))).message).toContain(
      `${file} cannot be used`,
    )
    await store.close()
  })

  test("holds nothing of SQLite's beside the database once it is closed", async () => {
    const folder = newFolder("closed")
    const store = await openStore({ kind: "sqlite", folder })
    await put(store, places.lobby.id, 0, said("hello"))
    await store.close()
    expect(
      ["parley.db-wal", "parley.db-shm", "parley.pid", "lock-journal"].filter((name) =>
        existsSync(join(folder, name)),
      ),
    ).toEqual([])
  })
})
