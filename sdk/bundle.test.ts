import { describe, expect, test } from "bun:test"
import { join } from "node:path"

/** What a page loads before it shows anything; when this was written it was 17 KB. */
const GZIP_BYTES_MAX = 20_000

describe("the sdk in a browser", () => {
  const build = () =>
    Bun.build({
      entrypoints: ["client.ts", "links/websocket.ts", "caches/indexeddb.ts", "http.ts"].map((file) =>
        join(import.meta.dir, file),
      ),
      target: "browser",
      minify: true,
      splitting: true,
      sourcemap: "external",
    })

  test("the bundle holds no package, no schema and nothing of Node", async () => {
    const { outputs } = await build()
    const maps = await Promise.all(
      outputs.filter(({ kind }) => kind === "sourcemap").map((one) => one.json()),
    )
    const sources = maps.flatMap((map: { sources: string[] }) => map.sources)
    expect(sources.length).toBeGreaterThan(10)
    expect(
      sources.filter((source) => /node_modules|node:|protocol\/(events|frames|check)/.test(source)),
    ).toEqual([])
  })

  test("a strict content security policy has nothing to forbid in it", async () => {
    const { outputs } = await build()
    for (const output of outputs.filter(({ kind }) => kind !== "sourcemap"))
      expect(await output.text()).not.toMatch(/\beval\b|\bFunction\s*\(|\.innerHTML|document\.write/)
  })

  test("it stays small", async () => {
    const { outputs } = await build()
    let [plain, packed] = [0, 0]
    for (const output of outputs.filter(({ kind }) => kind !== "sourcemap")) {
      const bytes = new Uint8Array(await output.arrayBuffer())
      plain += bytes.length
      packed += Bun.gzipSync(bytes).length
    }
    console.log(`The sdk in a browser: ${plain} bytes, ${packed} with gzip.`)
    expect(packed).toBeLessThan(GZIP_BYTES_MAX)
  })
})
