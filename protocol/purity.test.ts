import { expect, test } from "bun:test"
import { readdirSync, readFileSync } from "node:fs"

const folder = new URL(".", import.meta.url).pathname
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
)

/** What would make the same question have another answer, or wait for one. */
const impure =
  /\b(?:Date|performance|Math\.random|crypto|setTimeout|setInterval|queueMicrotask|fetch|await|async|Promise|process|globalThis)\b/

test.each(sources)("%s asks neither clock, chance nor the world", (path) => {
  const code = readFileSync(`${folder}${path}`, "utf8").replace(
    /\/\*[\s\S]*?\*\/|\/\/.*$|"(?:[^"\\]|\\.)*"/gm,
    "",
  )
  expect(code.match(impure)?.[0]).toBeUndefined()
})
