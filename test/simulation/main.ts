// Plays seeds and says which broke a promise: `bun test/simulation/main.ts 1-100`, or one of them to see it again;
// with `first` behind the seeds it ends at the first that breaks one.
import { play } from "./run.ts"

const [first, last] = (process.argv[2] ?? "1-100").split("-").map(Number)
let broken = 0
for (let seed = first ?? 1; seed <= (last ?? first ?? 1); seed++) {
  try {
    await play(seed)
  } catch (error) {
    broken++
    console.log(`seed ${seed}: ${error instanceof Error ? error.message : error}`)
    if (process.argv[3] === "first") break
  }
}
console.log(`${broken} broken`)
process.exit(broken === 0 ? 0 : 1)
