import { modulesOf } from "./modules.ts"
import { isTestWord } from "./style.ts"
import { isTest, pathFrom, type Tree } from "./tree.ts"

/** What is made of the sources when it is needed, and is in no checkout. */
const BUILT = "dist/"

/** Links and mentioned paths in our pages that lead nowhere. */
export function linkFaults(tree: Tree): string[] {
  const places = placesOf(tree)
  const faults: string[] = []
  for (const [page, text] of tree) {
    if (!page.endsWith(".md")) continue
    const prose = text.replace(/^```.*?^```/gms, (block) => block.replace(/[^\n]/g, ""))
    for (const [at, line] of prose.split("\n").entries()) {
      for (const [, target] of line.replace(/`[^`]*`/g, "").matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)/g))
        if (!linkLives(page, target ?? "", tree, places))
          faults.push(`${page}:${at + 1}: dead link ${target}`)
      // What a changelog tells of may be gone since.
      if (page === "CHANGELOG.md") continue
      for (const [, mention] of line.matchAll(/`([^`]+)`/g))
        if (!mentionLives(page, mention ?? "", places))
          faults.push(`${page}:${at + 1}: no such file ${mention}`)
    }
  }
  for (const [script] of (tree.get("package.json") ?? "").matchAll(/[\w-]+(?:\/[\w-]+)+\.(?:ts|js)\b/g))
    if (!script.startsWith(BUILT) && !tree.has(script)) faults.push(`package.json: no such file ${script}`)
  return faults
}

/** Every file and every folder. */
function placesOf(tree: Tree): ReadonlySet<string> {
  const places = new Set<string>([""])
  for (const path of tree.keys()) {
    const parts = path.split("/")
    for (const [index] of parts.entries()) places.add(parts.slice(0, index + 1).join("/"))
  }
  return places
}

function linkLives(page: string, target: string, tree: Tree, places: ReadonlySet<string>): boolean {
  if (/^[a-z]+:/i.test(target)) return true
  const [file = "", anchor] = target.split("#")
  const path = file === "" ? page : pathFrom(page, file)
  if (!places.has(path)) return false
  return anchor === undefined || !path.endsWith(".md") || headingsOf(tree.get(path) ?? "").has(anchor)
}

function headingsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ +(.*?) *$/gm)].map((found) => found[1] ?? "")
  return new Set(
    headings.map((each) =>
      each
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  )
}

/** `server/core/room.ts`, `docs/`, `limits.ts`; anything that is not plainly a path of ours is let be. */
function mentionLives(page: string, mention: string, places: ReadonlySet<string>): boolean {
  if (!/^(?:\.\.?\/)*[\w.-]+(?:\/[\w.-]+)*\/?$/.test(mention)) return true
  const path = mention.replace(/\/$/, "")
  const from = pathFrom(page, path)
  if (/^\.\.?\//.test(path)) return places.has(from)
  if (!path.includes("/")) {
    if (!/\.(ts|tsx|md)$/.test(path)) return true
    return [...places].some((each) => each === path || each.endsWith(`/${path}`))
  }
  if (!places.has(path.split("/")[0] ?? "")) return true
  return [path, `${path}.ts`, `${path}.tsx`, from].some((each) => places.has(each))
}

const SPEC = "protocol/SPEC.md"

/** Every rule of the specification has a test that names it, and no test names a rule that is not there. */
export function ruleFaults(tree: Tree): string[] {
  const found = (tree.get(SPEC) ?? "").matchAll(/^\s*(?:#+|[-*]|\d+\.)\s+[*_`]*\[?([A-Z]+-\d+)\b/gm)
  const counted = new Map<string, number>()
  for (const [, rule = ""] of found) counted.set(rule, (counted.get(rule) ?? 0) + 1)
  const families = new Set([...counted.keys()].map((rule) => rule.split("-")[0]))
  const faults = [...counted]
    .filter(([, times]) => times > 1)
    .map(([rule]) => `${SPEC}: ${rule} stands there twice`)
  const tested = new Set<string>()
  for (const { path, title, line } of titlesOf(tree))
    for (const [rule] of title.matchAll(/\b[A-Z]+-\d+\b/g)) {
      tested.add(rule)
      if (families.has(rule.split("-")[0]) && !counted.has(rule))
        faults.push(`${path}:${line}: ${SPEC} has no rule ${rule}`)
    }
  for (const rule of counted.keys()) if (!tested.has(rule)) faults.push(`${SPEC}: no test names ${rule}`)
  return faults
}

/** The first string given to `test(…)`, `test.skipIf(…)(…)`, `describe(…)` and the like. */
function titlesOf(tree: Tree): { path: string; title: string; line: number }[] {
  const titles: { path: string; title: string; line: number }[] = []
  for (const { path, tokens } of modulesOf(tree)) {
    if (!isTest(path) && !path.startsWith("test/")) continue
    for (const [index, token] of tokens.entries()) {
      if (token.kind !== "text" || tokens[index - 1]?.text !== "(") continue
      let head = index - 2
      while (head >= 0 && tokens[head]?.text === ")") head = openerOf(tokens, head) - 1
      while (tokens[head - 1]?.text === ".") head -= 2
      if (isTestWord(tokens[head]?.text ?? "")) titles.push({ path, title: token.text, line: token.line })
    }
  }
  return titles
}

function openerOf(tokens: readonly { text: string }[], close: number): number {
  let depth = 0
  for (let at = close; at >= 0; at -= 1) {
    if (tokens[at]?.text === ")") depth += 1
    if (tokens[at]?.text === "(") depth -= 1
    if (depth === 0) return at
  }
  return 0
}
