import { functionsOf } from "./functions.ts"
import { type Module, modulesOf } from "./modules.ts"
import { isSource, isTest, type Tree } from "./tree.ts"

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70

/** Words that name a place for anything; a name should say what a thing is. */
const EMPTY_WORDS = new Set(["manager", "helper", "util", "base", "impl"])

export function nameFaults(tree: Tree): string[] {
  const faults: string[] = []
  for (const path of tree.keys())
    if (isSource(path) && path.split("/").some(isEmpty)) faults.push(`${path} has an empty word in its name`)
  for (const module of modulesOf(tree))
    for (const { name, line } of declared(module))
      if (isEmpty(name)) faults.push(`${module.path}:${line}: ${name} has an empty word in its name`)
  return faults
}

/** `RoomManager`, `string-utils.ts`; but not `Database` or `base64`, where the letters are part of another word. */
function isEmpty(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").split(/[^A-Za-z0-9]+/)
  return words.some((word) => EMPTY_WORDS.has(word.toLowerCase().replace(/s$/, "")))
}

function declared(module: Module): { name: string; line: number }[] {
  const { tokens } = module
  return tokens.flatMap((token, index) => {
    const [name, after] = [tokens[index + 1], tokens[index + 2]?.text ?? ""]
    if (token.kind !== "word" || name?.kind !== "word") return []
    const declares =
      /^(class|interface|enum)$/.test(token.text) || (token.text === "type" && /^[=<]$/.test(after))
    return declares ? [{ name: name.text, line: name.line }] : []
  })
}

/** What is long says why in its first line: `// Long because …`. */
export function lengthFaults(tree: Tree): string[] {
  const faults: string[] = []
  for (const module of modulesOf(tree)) {
    if (/^(#!.*\n)?(\/\/|\/\*) Long because \S/.test(module.text)) continue
    const lines = module.text.trimEnd().split("\n").length
    if (lines > FILE_LINES_MAX) faults.push(`${module.path}: ${lines} lines and no reason in its first line`)
    for (const span of functionsOf(module.tokens)) {
      const length = span.to - span.from + 1
      if (length <= FUNCTION_LINES_MAX || (isTest(module.path) && holdsTests(module, span))) continue
      faults.push(
        `${module.path}:${span.from}: a function of ${length} lines and no reason in the first line`,
      )
    }
  }
  return faults
}

/** A function around tests is a list, as long as the list is. */
function holdsTests(module: Module, span: { open: number; close: number }): boolean {
  const { tokens } = module
  return tokens.some(
    (token, index) =>
      index > span.open && index < span.close && isTestWord(token.text) && tokens[index + 1]?.text === "(",
  )
}

export function isTestWord(word: string): boolean {
  return /^(test|it|describe|scenario)$/.test(word)
}

/** Casts that switch the compiler off, and tests that switch the other tests off. */
export function shortcutFaults(tree: Tree): string[] {
  const faults: string[] = []
  for (const module of modulesOf(tree)) {
    const { path, tokens, text } = module
    for (const [index, token] of tokens.entries()) {
      const words = (count: number) =>
        tokens
          .slice(index, index + count)
          .map((each) => (each.kind === "text" ? "" : each.text))
          .join(" ")
      if (words(2) === "as any" || words(3) === "< any >") faults.push(`${path}:${token.line}: a cast to any`)
      if (words(3) === "as unknown as") faults.push(`${path}:${token.line}: a cast by way of unknown`)
      if (isTestWord(token.text) && words(3).endsWith(" . only")) faults.push(`${path}:${token.line}: .only`)
    }
    for (const [found] of text.matchAll(/^\s*(?:\/\/|\/\*)\s*@ts-(?:ignore|nocheck)/gm))
      faults.push(`${path}: ${found.trim()}`)
  }
  return faults
}
