import { openSearch } from "../search.ts"

/** Follows the log of a folder and says after each look how many events it is behind, until it is killed. */
const [folder = ""] = process.argv.slice(2)
const search = await openSearch({ kind: "sqlite", folder })
for (;;) {
  const { events } = await search.lag()
  process.stdout.write(`${events}\n`)
  await Bun.sleep(1)
}
