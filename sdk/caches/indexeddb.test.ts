import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Browser, chromium, type Page } from "playwright-core"
import { requires } from "../../test/programs.ts"
import { cacheContract } from "./contract.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

describe.skipIf(!requires("chromium"))("the cache in a browser's IndexedDB", () => {
  let browser: Browser
  let page: Page
  let server: ReturnType<typeof Bun.serve>

  beforeAll(async () => {
    const built = await Bun.build({
      entrypoints: [join(root, "sdk/testing/cache-page.ts")],
      target: "browser",
    })
    const code = (await built.outputs[0]?.text()) ?? ""
    const pages: Record<string, Response> = {
      "/": new Response("<!doctype html><script type=module src=page.js></script>", {
        headers: { "content-type": "text/html", "content-security-policy": "default-src 'self'" },
      }),
      "/page.js": new Response(code, { headers: { "content-type": "text/javascript" } }),
    }
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => pages[new URL(url).pathname]?.clone() ?? new Response("no", { status: 404 }),
    })
    const executablePath = Bun.which("chromium") ?? ""
    browser = await chromium.launch({
      executablePath,
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    })
    page = await (await browser.newContext()).newPage()
    await page.goto(server.url.href)
    await page.waitForFunction("globalThis.fault !== undefined")
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop(true)
  })

  for (const { title } of cacheContract)
    test(title, async () => {
      expect(await page.evaluate(`fault(${JSON.stringify(title)})`)).toBeNull()
    })

  test("another page of the same site reads what this one wrote", async () => {
    await page.evaluate(`cacheOf("shared").then((cache) => cache.write([["a", "1"]]))`)
    const other = await page.context().newPage()
    await other.goto(server.url.href)
    await other.waitForFunction("globalThis.fault !== undefined")
    expect(await other.evaluate<unknown>(`cacheOf("shared").then((cache) => cache.get("a"))`)).toBe("1")
  })
})
