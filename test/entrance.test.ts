import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type Browser, chromium, type Page } from "playwright-core"
import { parley, type Served, serve, temporaryFolders } from "../cli/testing.ts"
import { requires } from "./programs.ts"

const password = "a long walk in the garden"

describe.skipIf(!requires("chromium"))("the links that the server and its commands print", () => {
  const folders = temporaryFolders()
  const data = folders.next()
  let server: Served
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    server = await serve(data, ["--registration", "invite"])
    const executablePath = Bun.which("chromium") ?? ""
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] })
    page = await browser.newPage()
  })
  afterAll(async () => {
    await browser?.close()
    server?.kill("SIGTERM")
    await server?.ended()
    folders.remove()
  })

  /** Opens a link, fills in its form, and gives what the page says then. */
  async function filledIn(link: string, fields: Record<string, string>): Promise<string> {
    // A link that differs only behind its # is the same page for a browser, which would not load it again.
    await page.goto("about:blank")
    await page.goto(link)
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label).fill(text)
    await page.getByRole("button").click()
    const status = page.getByRole("status").filter({ hasText: /./ })
    await status.waitFor()
    return (await status.textContent()) ?? ""
  }

  /** The printed link, with the address of this server: the command does not know which port it took. */
  const linkIn = (out: string) => `${server.url}${/\/(?:setup|join|reset)#\S+/.exec(out)?.[0]}`

  const signIn = async (name: string, secret: string) => {
    const response = await fetch(`${server.url}/api/v1/sessions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name, password: secret }),
    })
    return { status: response.status, account: (await response.json()).account }
  }

  test("make the owner, once", async () => {
    const link = linkIn(server.lines.join("\n"))
    expect(await filledIn(link, { Name: "ada", Password: "12345678" })).toContain("password")
    expect(await filledIn(link, { Name: "ada", Password: password })).toBe("You are the owner now.")
    expect(page.url()).not.toContain("#")
    expect(await signIn("ada", password)).toMatchObject({ status: 201, account: { role: "owner" } })
    expect(await filledIn(link, { Name: "eve", Password: password })).toContain("does not work any more")
  })

  test("let someone in by invitation", async () => {
    const { out } = await parley(["invite", "--data", data])
    expect(await filledIn(linkIn(out), { Name: "bob", Password: password })).toBe("You have an account now.")
    expect(await signIn("bob", password)).toMatchObject({ status: 201, account: { role: "member" } })
  })

  test("set a password of one's own", async () => {
    const { out } = await parley(["user", "password", "bob", "--link", "--data", data])
    const other = "another walk in the garden"
    expect(await filledIn(linkIn(out), { Password: other })).toBe("Your password is set.")
    expect((await signIn("bob", password)).status).toBe(401)
    expect((await signIn("bob", other)).status).toBe(201)
  })
})
