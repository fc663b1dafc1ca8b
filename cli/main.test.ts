import { afterAll, describe, expect, test } from "bun:test"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parley, temporaryFolders } from "./testing.ts"

const folders = temporaryFolders()
afterAll(folders.remove)

describe("parley without arguments", () => {
  test("says what it can do, in 80 columns", async () => {
    const { code, out } = await parley([])
    expect(code).toBe(0)
    for (const words of ["serve", "user add", "import", "backup", "restore", "verify"])
      expect(out).toContain(`  ${words}`)
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80)
  })
})

describe("help", () => {
  test("of a command is the same asked for in either way, and fits into 80 columns", async () => {
    const [asked, option] = await Promise.all([parley(["help", "serve"]), parley(["serve", "--help"])])
    expect(asked).toEqual(option)
    expect(asked.code).toBe(0)
    for (const flag of ["--data", "--http", "--tcp-tls", "--registration", "PARLEY_OWNER_PASSWORD"])
      expect(asked.out).toContain(`  ${flag}`)
    for (const line of asked.out.split("\n")) expect(line.length).toBeLessThanOrEqual(80)
  })

  test("of `user` shows all its commands", async () => {
    const { out } = await parley(["help", "user"])
    for (const command of ["add", "password", "role", "list"]) expect(out).toContain(`parley user ${command}`)
  })
})

describe("a command that is called wrongly", () => {
  test.each([
    [["imprt"], "There is no command imprt; did you mean `parley import`?"],
    [["user", "ad", "ada"], "There is no command user ad; did you mean `parley user add`?"],
    [["user"], "`parley user list`; say which."],
    [["dance"], "There is no command dance; `parley help` lists all."],
    [["import"], "`parley import` needs FILE; see `parley help import`."],
    [["version", "now"], "`parley version` does not know what to do with now"],
    [["serve", "--htp", "1"], "There is no option --htp; did you mean --http?"],
    [["serve", "--udp", "9000"], "--udp is not built yet"],
    [["serve", "--config", "/nowhere/parley.toml"], "there is no such file"],
    [["user", "list", "--data", "/nowhere/data"], "There is no data folder /nowhere/data"],
    [["user", "role", "ada", "queen", "--data", "x"], "A role is guest, member, moderator, admin or owner"],
  ])("%p ends with 2 and one sentence", async (args, sentence) => {
    const { code, out, err } = await parley(args)
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(err).toContain(sentence)
    expect(err.trimEnd().split("\n")).toHaveLength(1)
  })

  test("is told of a slip in parley.toml with file and line", async () => {
    const data = folders.next()
    mkdirSync(data)
    writeFileSync(join(data, "parley.toml"), `name = "Ada's"\nhttp = nowhere\n`)
    const { code, err } = await parley(["serve", "--data", data])
    expect(code).toBe(2)
    expect(err).toContain("parley.toml, line 2: this is not TOML")
  })
})

describe("a file that cannot be used", () => {
  test.each([
    [["export", "--out", "/nowhere/out.ndjson"], "/nowhere/out.ndjson: there is no such file or folder"],
    [["import", "/nowhere/in.ndjson"], "There is no file /nowhere/in.ndjson"],
    [["backup", "--to", "/dev/null/backup"], "/dev/null/backup: a part of this path is a file"],
    [["serve", "--http", "192.0.2.1:80", "--tcp", "off"], "this machine has no such address"],
    [
      ["serve", "--https", "0", "--tls-cert", "/nowhere/a.pem", "--tls-key", "/nowhere/a.key"],
      "--tls-cert: /nowhere/a.pem cannot be read",
    ],
  ])("ends %p with 1 and a sentence that names it", async (args, sentence) => {
    const data = folders.next()
    await parley(["user", "add", "ada", "--data", data])
    const { code, out, err } = await parley([...args, "--data", data])
    expect({ code, out }).toEqual({ code: 1, out: "" })
    expect(err).toContain(sentence)
    expect(err.trimEnd().split("\n")).toHaveLength(1)
  })

  test("or that is no folder is named", async () => {
    const path = join(folders.next(), "..", "file")
    writeFileSync(path, "")
    const { code, err } = await parley(["user", "list", "--data", path])
    expect(code).toBe(2)
    expect(err).toContain("is a file; name the data folder with --data.")
  })
})

describe("output", () => {
  test("holds no escape codes where nobody watches", async () => {
    const { out } = await parley(["help", "serve"], { env: { FORCE_COLOR: "1" } })
    expect(out).not.toContain("\x1b")
  })
})
