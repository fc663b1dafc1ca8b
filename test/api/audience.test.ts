import { describe, expect, test } from "bun:test"
import { sql } from "kysely"
import { table } from "../../server/api/table.ts"
import { matrix, type Row } from "./matrix.ts"
import { makeScene, type Persona, personas, type Scene, SECRET } from "./scene.ts"

/** Those who must never see what is said in the rooms. */
const OUTSIDE: readonly Persona[] = ["nobody", "eve", "gus", "mia", "cleo", "dan", "ivy"]

async function ask(scene: Scene, name: string, row: Row, persona: Persona): Promise<string> {
  const me = scene.person(persona)
  const input = await row.input(scene, me, row.room === "garden" ? scene.garden : scene.attic)
  const { status, body } = await scene.house.ask(me, name, input)
  const text = JSON.stringify(body)
  if (OUTSIDE.includes(persona)) expect(text).not.toContain(SECRET)
  // Somebody to whom a private room is not there learns nothing of it, not even its id.
  if (row.told[persona] === "no-such-room")
    expect(body).toEqual({
      code: "no-such-room",
      message: "There is no such room, or it is not open to you.",
    })
  return status < 300 ? "ok" : (body as { code: string }).code
}

/** All that is stored, but for what every request may write: nothing. */
async function everything({ house: { store } }: Scene): Promise<string> {
  const log = await store.feed.next("0", 100_000)
  const tables = [
    "account",
    "session",
    "invitation",
    "reset",
    "register",
    "answer",
    "membership",
    "room_card",
    "claim",
  ]
  const rows = await Promise.all(
    tables.map((name) => sql`select * from ${sql.table(name)}`.execute(store.records.db)),
  )
  return JSON.stringify([log, rows.map((result) => result.rows)])
}

const where = ({ room }: Row) => (room === undefined ? "" : ` in the ${room}`)

test("every request has its rows, and every row its request", () => {
  expect(Object.keys(matrix).sort()).toEqual(table.map(({ name }) => name).sort())
})

test("[SEE-1] what is refused is refused to everyone alike, and leaves everything as it was", async () => {
  const scene = await makeScene()
  const wrong: string[] = []
  let refused = 0
  for (const [name, rows] of Object.entries(matrix)) {
    for (const row of rows) {
      // What the rows need is made before anything is measured.
      await row.input(scene, scene.person("ada"), scene.attic)
    }
    for (const row of rows) {
      for (const persona of personas.filter((one) => row.told[one] !== "ok")) {
        const me = scene.person(persona)
        const input = await row.input(scene, me, row.room === "garden" ? scene.garden : scene.attic)
        const before = await everything(scene)
        const told = await ask(scene, name, { ...row, input: () => input }, persona)
        const after = await everything(scene)
        refused++
        if (told !== row.told[persona])
          wrong.push(`${name}${where(row)}: ${persona} is told ${told}, not ${row.told[persona]}`)
        if (after !== before) wrong.push(`${name}${where(row)}: refused to ${persona}, it changed something`)
      }
    }
  }
  expect(wrong).toEqual([])
  expect(refused).toBeGreaterThan(300)
  expect(scene.house.broken).toEqual([])
}, 60_000)

describe("what is granted", () => {
  test("reads are answered to whom the rows say", async () => {
    const scene = await makeScene()
    const wrong: string[] = []
    for (const { name, changes } of table.filter((handler) => handler.changes === "nothing")) {
      for (const row of matrix[name] ?? []) {
        for (const persona of personas.filter((one) => row.told[one] === "ok")) {
          const told = await ask(scene, name, row, persona)
          if (told !== "ok")
            wrong.push(`${name}${where(row)}: ${persona} is told ${told}, and ${changes} changes`)
        }
      }
    }
    expect(wrong).toEqual([])
    expect(scene.house.broken).toEqual([])
  })

  for (const { name } of table.filter((handler) => handler.changes !== "nothing")) {
    test(`${name} does its work for whom the rows say`, async () => {
      const wrong: string[] = []
      for (const row of matrix[name] ?? []) {
        for (const persona of personas.filter((one) => row.told[one] === "ok")) {
          const scene = await makeScene()
          const told = await ask(scene, name, row, persona)
          if (told !== "ok") wrong.push(`${name}${where(row)}: ${persona} is told ${told}`)
          expect(scene.house.broken).toEqual([])
          await scene.house.close()
        }
      }
      expect(wrong).toEqual([])
    }, 30_000)
  }
})

describe("what they see who are in", () => {
  test("a search finds the secret for members, once in each room", async () => {
    const scene = await makeScene()
    for (const persona of ["ada", "bob", "gil"] as const) {
      const { hits } = await scene.house.get<{ hits: { room: string }[] }>(
        scene.person(persona),
        "search.messages",
        {
          q: SECRET,
        },
      )
      expect(hits.map(({ room }) => room).sort()).toEqual([scene.attic, scene.garden].sort())
    }
  })
})
