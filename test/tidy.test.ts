import { describe, expect, test } from "bun:test"
import { fileURLToPath } from "node:url"
import { linkFaults, ruleFaults } from "./tidy/docs.ts"
import { functionsOf } from "./tidy/functions.ts"
import { circleFaults, unusedExportFaults, unusedFileFaults } from "./tidy/graph.ts"
import { barrelFaults, importFaults, runtimeFaults } from "./tidy/law.ts"
import { lengthFaults, nameFaults, shortcutFaults } from "./tidy/style.ts"
import { tokensOf } from "./tidy/tokens.ts"
import { readTree, type Tree } from "./tidy/tree.ts"

const house = readTree(fileURLToPath(new URL("..", import.meta.url)))

const tree = (files: Record<string, string>): Tree => new Map(Object.entries(files))

/** Each law on the house itself, and on made-up trees that break it and keep it: a test that cannot fail is none. */
function law(title: string, faults: (tree: Tree) => string[], tries: () => void) {
  describe(title, () => {
    test("holds in the house", () => expect(faults(house)).toEqual([]))
    tries()
  })
}

law("imports follow the plan of the house", importFaults, () => {
  const from = (path: string, target: string) =>
    importFaults(tree({ [path]: `import type { A } from "${target}"`, ...targets })).length === 0
  const targets = Object.fromEntries(
    [
      "protocol/x.ts sdk/x.ts web/x.ts term/x.ts cli/x.ts bench/x.ts test/x.ts test/cast.ts server/main.ts",
      "server/config.ts server/core/ports.ts server/core/x.ts server/store/x.ts server/api/x.ts server/bus/x.ts",
    ]
      .join(" ")
      .split(" ")
      .map((path) => [path, ""]),
  )

  test.each([
    ["protocol/a.ts", "./x.ts"],
    ["protocol/a.ts", "typebox/compile"],
    ["sdk/links/a.ts", "../../protocol/x.ts"],
    ["web/a.tsx", "../sdk/x.ts"],
    ["term/a.tsx", "../protocol/x.ts"],
    ["server/core/a.ts", "./x.ts"],
    ["server/store/a.ts", "../core/ports.ts"],
    ["server/transports/irc/a.ts", "../../core/ports.ts"],
    ["server/main.ts", "./store/x.ts"],
    ["cli/a.ts", "../server/main.ts"],
    ["cli/a.ts", "../term/x.ts"],
    ["bench/a.ts", "../server/store/x.ts"],
    ["test/a.ts", "../web/x.ts"],
    ["server/store/a.test.ts", "../../test/cast.ts"],
    ["server/bus/contract.ts", "../../test/cast.ts"],
  ])("%s may import %s", (path, target) => expect(from(path, target)).toBe(true))

  test.each([
    ["protocol/a.ts", "../sdk/x.ts"],
    ["protocol/a.ts", "kysely"],
    ["sdk/a.ts", "../server/core/ports.ts"],
    ["web/a.tsx", "../term/x.ts"],
    ["server/core/a.ts", "../store/x.ts"],
    ["server/core/a.ts", "../../sdk/x.ts"],
    ["server/store/a.ts", "../core/x.ts"],
    ["server/store/a.ts", "../bus/x.ts"],
    ["server/store/a.test.ts", "../core/x.ts"],
    ["server/store/a.ts", "../../test/cast.ts"],
    ["server/api/a.ts", "../main.ts"],
    ["cli/a.ts", "../server/store/x.ts"],
    ["cli/a.ts", "../web/x.ts"],
    ["attic/a.ts", "./b.ts"],
    ["server/attic/a.ts", "./b.ts"],
  ])("%s may not import %s", (path, target) => expect(from(path, target)).toBe(false))

  test("a worker's URL and a dynamic import are imports too", () => {
    const worker = 'new Worker(new URL("../core/x.ts", import.meta.url))'
    expect(importFaults(tree({ ...targets, "server/store/a.ts": worker }))).toHaveLength(1)
    expect(importFaults(tree({ ...targets, "sdk/a.ts": 'await import("../web/x.ts")' }))).toHaveLength(1)
  })

  test("what only looks like an import is none", () => {
    const comment = `// import "../web/x.ts"\nconst text = 'import "../web/x.ts"'\nconst re = /import "..\\/web"/`
    expect(importFaults(tree({ ...targets, "sdk/a.ts": comment }))).toEqual([])
  })
})

law("no barrels but the one of the events", barrelFaults, () => {
  test.each([
    ["sdk/index.ts", "export const a = 1"],
    ["sdk/all.ts", 'export * from "./a.ts"'],
    ["sdk/all.ts", 'export type { A } from "./a.ts"'],
    ["sdk/all.ts", 'import { a } from "./a.ts"\nexport { a }'],
  ])("%s: %s", (path, text) => expect(barrelFaults(tree({ [path]: text }))).not.toEqual([]))

  test("the events may be gathered", () => {
    expect(barrelFaults(tree({ "protocol/events/index.ts": 'export * from "./pin.ts"' }))).toEqual([])
  })
})

law("only the rooms at the edge name a runtime", runtimeFaults, () => {
  test.each([
    ["protocol/a.ts", "const file = Bun.file"],
    ["sdk/a.ts", 'import { readFile } from "node:fs"'],
    ["server/core/a.ts", 'import { Database } from "bun:sqlite"'],
    ["server/api/a.ts", "const { serve } = Bun"],
    ["server/ops/a.ts", "globalThis.Bun.gc()"],
    ["web/a.tsx", 'import { test } from "bun:test"'],
  ])("%s may not: %s", (path, text) => expect(runtimeFaults(tree({ [path]: text }))).toHaveLength(1))

  test.each([
    ["server/store/a.ts", 'import { Database } from "bun:sqlite"'],
    ["server/main.ts", "Bun.serve({})"],
    ["server/accounts/a.ts", 'import { scrypt } from "node:crypto"'],
    ["sdk/links/a.ts", 'import { connect } from "node:net"'],
    ["protocol/a.test.ts", 'import { test } from "bun:test"'],
    ["web/a.tsx", "const title = <p>Made with Bun, of course</p>"],
  ])("%s may: %s", (path, text) => expect(runtimeFaults(tree({ [path]: text }))).toEqual([]))
})

law("no import circles", circleFaults, () => {
  test("a circle of three is named, type imports counted", () => {
    const faults = circleFaults(
      tree({
        "sdk/a.ts": 'import "./b.ts"',
        "sdk/b.ts": 'import type { C } from "./c.ts"',
        "sdk/c.ts": 'import { a } from "./a.ts"',
      }),
    )
    expect(faults).toEqual(["sdk/a.ts -> sdk/b.ts -> sdk/c.ts -> sdk/a.ts"])
  })

  test("two ways to one file are no circle", () => {
    const files = {
      "sdk/a.ts": 'import "./b.ts"\nimport "./c.ts"',
      "sdk/b.ts": 'import "./c.ts"',
      "sdk/c.ts": "",
    }
    expect(circleFaults(tree(files))).toEqual([])
  })
})

law("every file is used", unusedFileFaults, () => {
  const files = {
    "package.json": '{ "scripts": { "start": "bun cli/begin.ts serve" } }',
    "cli/begin.ts": 'import "./a.ts"\nnew URL("./worker.ts", import.meta.url)',
    "cli/a.ts": "",
    "cli/worker.ts": "",
    "web/index.html": '<script type="module" src="./page.tsx"></script>',
    "web/page.tsx": 'import "./page.css"',
    "web/page.css": '@import "./colours.css";',
    "web/colours.css": "",
    "sdk/a.test.ts": 'Bun.spawn(["bun", "test/peer.ts"])',
    "test/peer.ts": "",
  }
  test("commands, pages, tests and what they start are where use begins", () => {
    expect(unusedFileFaults(tree(files))).toEqual([])
  })
  test("a file nobody leads to is named", () => {
    expect(unusedFileFaults(tree({ ...files, "sdk/lost.ts": "" }))).toEqual([
      "sdk/lost.ts is used by nothing",
    ])
  })
})

law("every export is used", unusedExportFaults, () => {
  const unused = (user: string, ...declared: string[]) =>
    unusedExportFaults(tree({ "sdk/a.test.ts": user, "sdk/a.ts": declared.join("\n") }))

  test("what nothing imports is named, types too", () => {
    const faults = unused(
      'import { a } from "./a.ts"',
      "export const a = 1",
      "export type B = 1",
      "export class C {}",
    )
    expect(faults).toEqual(["sdk/a.ts:2: nothing imports B", "sdk/a.ts:3: nothing imports C"])
  })

  test.each([
    ['import { a } from "./a.ts"', "export async function* a() {}"],
    ['import { type A as B } from "./a.ts"', "interface A {}\nexport type { A }"],
    ['import type A from "./a.ts"', "export default class A {}"],
    ['import * as all from "./a.ts"\nall.b()', "export const b = () => 1"],
    ['import * as all from "./a.ts"\nsend(all)', "export const b = 1"],
    ['const { b } = await import("./a.ts")', "export let b = 1"],
  ])("%s takes %s", (user, declared) => expect(unused(user, declared)).toEqual([]))

  test("a namespace import uses only the names it touches", () => {
    expect(
      unused('import * as all from "./a.ts"\nall.b()', "export const b = 1, c = 2", "export const d = 3"),
    ).toEqual(["sdk/a.ts:2: nothing imports d"])
  })

  test("use goes through the barrel to the file behind it", () => {
    const files = {
      "protocol/a.test.ts": 'import { pin } from "./events/index.ts"',
      "protocol/events/index.ts": 'export * from "./pin.ts"',
      "protocol/events/pin.ts": "export const pin = 1\nexport const lost = 2",
    }
    expect(unusedExportFaults(tree(files))).toEqual(["protocol/events/pin.ts:2: nothing imports lost"])
  })
})

law("links and paths in the pages lead somewhere", linkFaults, () => {
  const page = (text: string) =>
    linkFaults(tree({ "docs/page.md": `# The Page\n${text}`, "sdk/client.ts": "", LICENSE: "" }))

  test.each([
    "[a](../sdk/client.ts)",
    "[a](#the-page)",
    "[a](https://example.org/x)",
    "`sdk/client.ts`",
    "`sdk/`",
  ])("%s lives", (text) => expect(page(text)).toEqual([]))
  test.each(["`client.ts`", "`node_modules/x`", "`/api/v1`", "```\n[a](gone.md)\n```", "[a](../LICENSE)"])(
    "%s lives as well",
    (text) => expect(page(text)).toEqual([]),
  )
  test.each([
    "[a](gone.md)",
    "![a](./x.png)",
    "[a](#the-room)",
    "`sdk/gone.ts`",
    "`gone.ts`",
    "`../sdk/gone.ts`",
  ])("%s is dead", (text) => expect(page(text)).toHaveLength(1))
  test("a script of package.json names files that are there", () => {
    expect(linkFaults(tree({ "package.json": '{ "bench": "bun bench/gone.ts" }' }))).toHaveLength(1)
  })
})

law("names say what a thing is", nameFaults, () => {
  test.each(["sdk/utils.ts", "sdk/room-manager.ts", "sdk/helpers/a.ts"])("%s does not", (path) =>
    expect(nameFaults(tree({ [path]: "" }))).toHaveLength(1),
  )
  test.each(["class RoomManager {}", "interface BaseRoom {}", "type LogImpl<T> = T", "class Utils {}"])(
    "%s does not",
    (text) => expect(nameFaults(tree({ "sdk/a.ts": text }))).toHaveLength(1),
  )
  test.each(["class Database {}", "type Base64 = string", "const base = 1"])("%s does", (text) =>
    expect(nameFaults(tree({ "server/store/database.ts": text }))).toEqual([]),
  )
})

law("what is long says why in its first line", lengthFaults, () => {
  const long = (count: number, before: string, after: string) =>
    `${before}${"\n  step()".repeat(count)}\n${after}`
  const faults = (text: string, path = "sdk/a.ts") => lengthFaults(tree({ [path]: text }))

  test("a file of 401 lines", () => {
    expect(faults("step()\n".repeat(400))).toEqual([])
    expect(faults("step()\n".repeat(401))).toHaveLength(1)
    expect(faults(`// Long because it is a table.\n${"step()\n".repeat(401)}`)).toEqual([])
  })
  test.each([
    ["function a() {", "}"],
    ["class A { async *walk<T>(of: T): AsyncGenerator<{ at: number }> {", "}}"],
    ["class A { constructor(readonly it: string) {", "}}"],
    ["export const a = async (x: number): Promise<void> => {", "}"],
    ["const View = () => (", ")"],
  ])("%s … %s", (before, after) => {
    expect(faults(long(68, before, after))).toEqual([])
    expect(faults(long(69, before, after))).toHaveLength(1)
  })
  test.each([
    ["for (const a of b) {", "}"],
    ["const table = choose(a) ? call(b) : {", "}"],
    ["class A {", "}"],
  ])("%s … %s is no function", (before, after) => expect(faults(long(90, before, after))).toEqual([]))
  test("a list of tests may be as long as it likes", () => {
    const list = long(90, 'describe("a", () => {', 'test("b", () => {}) })')
    expect(faults(list, "sdk/a.test.ts")).toEqual([])
    expect(faults(long(90, "function cast() {", "}"), "sdk/a.test.ts")).toHaveLength(1)
  })
})

law("every rule of the specification has its test", ruleFaults, () => {
  const spec = "# Log\n- [LOG-1] dense.\n- **LOG-12** total, see LOG-1, UTF-8.\n"
  const faults = (text: string) =>
    ruleFaults(tree({ "protocol/SPEC.md": spec, "server/core/a.test.ts": text }))

  test("a title names it", () => {
    expect(faults(`test("LOG-1 it is dense", f)\ndescribe.each([1])(\`[LOG-12] \${a}\`, f)`)).toEqual([])
    expect(faults('test.skipIf(!ok("nc"))("LOG-1, LOG-12: both; encoded as UTF-8", f)')).toEqual([])
  })
  test("a rule without a test is named", () => {
    expect(faults('test("LOG-12", f)')).toEqual(["protocol/SPEC.md: no test names LOG-1"])
    expect(faults('test("LOG-12", f)\n// LOG-1\nconst a = "LOG-1"')).toHaveLength(1)
  })
  test("a test of a rule that is not there is named", () => {
    expect(faults('test("LOG-1 and LOG-12", f)\ntest("LOG-2", f)')).toHaveLength(1)
  })
})

law("no shortcuts past the compiler or the other tests", shortcutFaults, () => {
  test.each([
    "const a = b as any",
    "const a = <any>b",
    "const a = b as unknown as string",
    "// @ts-ignore",
    "test.only('a', () => {})",
    "describe.only('a', () => {})",
  ])("%s", (text) => expect(shortcutFaults(tree({ "sdk/a.test.ts": text }))).toHaveLength(1))

  test.each(["const a = b as unknown", "const only = list.only", "const text = 'as any'", "// as any"])(
    "%s is fine",
    (text) => expect(shortcutFaults(tree({ "sdk/a.test.ts": text }))).toEqual([]),
  )
})

describe("the reader of sources", () => {
  const words = (text: string) => tokensOf(text).map((token) => token.text)

  test("templates, regular expressions and divisions keep their bounds", () => {
    expect(words(`a\`b\${\`c\${d}\`}e\` / f / g`)).toEqual([
      "a",
      "b",
      "{",

      "c",
      "{",
      "d",
      "}",
      "",
      "}",
      "e",
      "/",
      "f",
      "/",
      "g",
    ])
    expect(words("x = /[\"'`/]/g; y")).toEqual(["x", "=", "/[\"'`/]/g", ";", "y"])
  })

  test("an apostrophe between tags does not swallow what follows", () => {
    expect(words("<p>Don't</p>\nimport")).toContain("import")
  })

  test("lines are counted through comments, strings and templates", () => {
    expect(tokensOf(`/* a\n b */ \`c\n\${d}\n\` e`).at(-1)?.line).toBe(4)
  })

  test("nested functions are each measured", () => {
    expect(functionsOf(tokensOf("function a() {\n const b = () => {\n }\n}")).map((span) => span.to)).toEqual(
      [4, 3],
    )
  })
})
