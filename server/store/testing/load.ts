import { freshId, said } from "../contract.ts"
import { openStore } from "../open.ts"

// A process that appends to rooms as fast as it can and prints what was acknowledged, until somebody ends it. Its first
// line says that the store is open, or why it is not. Arguments: the folder, and the rooms.

const [folder = "", ...rooms] = process.argv.slice(2)

async function write(): Promise<void> {
  const store = await openStore({ kind: "sqlite", folder })
  process.stdout.write("open\n")
  await Promise.all(
    rooms.map(async (room) => {
      for (let after = (await store.log.head(room))?.seq ?? 0; ; after += 2) {
        const entries = [said("one", { id: freshId() }), said("two", { id: freshId() })]
        const [outcome] = await store.log.append([{ room, epoch: store.epoch, after, entries }])
        if (outcome?.is !== "appended") throw new Error(`An append was ${outcome?.is}.`)
        process.stdout.write(
          `${room} ${after + 1} ${entries[0]?.id}\n${room} ${after + 2} ${entries[1]?.id}\n`,
        )
      }
    }),
  )
}

write().catch((error: unknown) => {
  process.stdout.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
