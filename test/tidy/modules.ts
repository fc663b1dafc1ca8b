import { type Token, tokensOf } from "./tokens.ts"
import { isSource, pathFrom, type Tree } from "./tree.ts"

/** One file naming another, by an import, a re-export, or the URL of a worker. */
export interface Import {
  readonly from: string
  /** What is taken from it; `*` stands for everything. */
  readonly names: readonly string[]
  readonly line: number
  readonly reexport: boolean
}

export interface Module {
  readonly path: string
  readonly text: string
  readonly tokens: readonly Token[]
  readonly imports: readonly Import[]
  /** Exported names and their lines. */
  readonly exports: ReadonlyMap<string, number>
}

const parsed = new WeakMap<Tree, readonly Module[]>()

/** The modules of a tree; each tree is parsed once, however many checks ask. */
export function modulesOf(tree: Tree): readonly Module[] {
  const modules =
    parsed.get(tree) ?? [...tree].flatMap(([path, text]) => (isSource(path) ? parse(path, text) : []))
  parsed.set(tree, modules)
  return modules
}

/** The file of the house that a specifier names, if it names one. */
export function resolve(from: string, specifier: string, tree: Tree): string | undefined {
  if (!/^\.\.?\//.test(specifier)) return undefined
  const path = pathFrom(from, specifier.replace(/\?.*$/, ""))
  return [path, `${path}.ts`, `${path}.tsx`, `${path}.js`, `${path}/index.ts`].find((each) => tree.has(each))
}

function parse(path: string, text: string): Module {
  if (path.endsWith(".css"))
    return { path, text, tokens: [], imports: styleImports(text), exports: new Map() }
  const tokens = tokensOf(text)
  const imports: Import[] = []
  const exports = new Map<string, number>()
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || tokens[index - 1]?.text === ".") continue
    if (token.text === "import") imports.push(...importAt(tokens, index))
    if (token.text === "export") readExport(tokens, index, imports, exports)
    if (token.text === "URL" || token.text === "Worker") imports.push(...urlAt(tokens, index))
  }
  return { path, text, tokens, imports, exports }
}

function styleImports(text: string): Import[] {
  const found = text.matchAll(/@import\s+(?:url\()?["']([^"']+)["']/g)
  return [...found].map((each) => ({ from: each[1] ?? "", names: ["*"], line: 1, reexport: false }))
}

/** `new URL("./worker.ts", import.meta.url)`: how a worker or an asset is named. */
function urlAt(tokens: readonly Token[], index: number): Import[] {
  const target = tokens[index + 2]
  if (tokens[index + 1]?.text !== "(" || target?.kind !== "text" || !target.text.startsWith(".")) return []
  return [{ from: target.text, names: ["*"], line: target.line, reexport: false }]
}

function importAt(tokens: readonly Token[], index: number): Import[] {
  const line = tokens[index]?.line ?? 0
  const next = tokens[index + 1]
  if (next?.kind === "text") return [{ from: next.text, names: [], line, reexport: false }]
  if (next?.text === "(") {
    const target = tokens[index + 2]
    return target?.kind === "text" ? [{ from: target.text, names: ["*"], line, reexport: false }] : []
  }
  const names: string[] = []
  for (let at = index + 1; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (token === undefined) break
    if (token.text === "from" && tokens[at + 1]?.kind === "text")
      return [{ from: tokens[at + 1]?.text ?? "", names, line, reexport: false }]
    if (token.text === "*") {
      names.push(...namesTakenOf(tokens, at + 2))
      at += 2
    } else if (token.text === "{") {
      const list = listAt(tokens, at)
      names.push(...list.items.map((item) => item.name))
      at = list.end
    } else if (token.kind === "word") {
      if (token.text !== "type" || tokens[at + 1]?.text === "from") names.push("default")
    } else if (token.text !== ",") break
  }
  return []
}

/** Which names of a namespace are used: `ns.name`; any other use may be all of them. */
function namesTakenOf(tokens: readonly Token[], declared: number): string[] {
  const namespace = tokens[declared]?.text
  const names: string[] = []
  for (const [index, token] of tokens.entries()) {
    if (index === declared || token.text !== namespace || token.kind !== "word") continue
    if (tokens[index - 1]?.text === ".") continue
    if (tokens[index + 1]?.text !== ".") return ["*"]
    names.push(tokens[index + 2]?.text ?? "*")
  }
  return names
}

interface Item {
  readonly name: string
  readonly alias: string
  readonly line: number
}

/** `{ a, type B, c as d }` from its brace on. */
function listAt(tokens: readonly Token[], open: number): { items: Item[]; end: number } {
  const items: Item[] = []
  let words: Token[] = []
  for (let at = open + 1; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (token === undefined) break
    if (token.text !== "," && token.text !== "}") words.push(token)
    else {
      if (words[0]?.text === "type" && words.length > 1 && words[1]?.text !== "as") words.shift()
      const [first, last] = [words[0], words.at(-1)]
      if (first && last) items.push({ name: first.text, alias: last.text, line: first.line })
      words = []
      if (token.text === "}") return { items, end: at }
    }
  }
  return { items, end: tokens.length }
}

const DECLARERS = new Set("function class interface type enum namespace const let var".split(" "))
const MODIFIERS = new Set("declare abstract async".split(" "))

function readExport(
  tokens: readonly Token[],
  index: number,
  imports: Import[],
  exports: Map<string, number>,
) {
  let at = index + 1
  const word = () => tokens[at]?.text ?? ""
  const line = tokens[index]?.line ?? 0
  if (word() === "type" && ["{", "*"].includes(tokens[at + 1]?.text ?? "")) at += 1
  if (word() === "default") exports.set("default", line)
  else if (word() === "*") {
    if (tokens[at + 1]?.text === "as") {
      exports.set(tokens[at + 2]?.text ?? "", line)
      at += 2
    }
    const from = tokens[at + 2]?.text ?? ""
    imports.push({ from, names: ["*"], line, reexport: true })
  } else if (word() === "{") {
    const list = listAt(tokens, at)
    for (const item of list.items) exports.set(item.alias, item.line)
    const from = tokens[list.end + 2]
    if (tokens[list.end + 1]?.text === "from" && from?.kind === "text")
      imports.push({ from: from.text, names: list.items.map((item) => item.name), line, reexport: true })
  } else {
    while (MODIFIERS.has(word())) at += 1
    if (!DECLARERS.has(word())) return
    at += tokens[at + 1]?.text === "*" ? 2 : 1
    if (word() === "{" || word() === "[")
      for (const each of listAt(tokens, at).items) exports.set(each.alias, each.line)
    else exports.set(word(), line)
  }
}
