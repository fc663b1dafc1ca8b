/** `text` tokens are strings and the fixed parts of templates, without their quotes; numbers count as words. */
export interface Token {
  readonly kind: "word" | "text" | "mark"
  readonly text: string
  readonly line: number
}

const SPACE = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*/uy
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const MARK = /=>|\.\.\.|[\s\S]/y

const BEFORE_REGEX = new Set(["return", "typeof", "case", "in", "of", "do", "else", "void", "await", "yield"])
const NOT_BEFORE_REGEX = new Set([")", "]", "}", "<", ">"])

/**
 * Reads TypeScript and JSX into tokens: enough to find imports, exports and functions without a compiler.
 * What looks like an unfinished string is a lone mark: text between JSX tags may hold an apostrophe.
 */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = []
  const templates: number[] = []
  let at = 0
  let line = 1
  let depth = 0

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(source)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const put = (kind: Token["kind"], text: string, taken: string) => {
    tokens.push({ kind, text, line })
    line += breaks(taken)
  }
  const template = () => {
    const chunk = take(TEMPLATE) ?? ""
    put("text", chunk, chunk)
    if (source[at] === "`") at += 1
    else if (at < source.length) {
      at += 2
      templates.push(depth)
      depth += 1
      put("mark", "{", "")
    }
  }

  while (at < source.length) {
    const space = take(SPACE)
    if (space !== undefined) line += breaks(space)
    if (at >= source.length) break
    const taken = take(STRING)
    if (taken !== undefined) {
      put("text", taken.slice(1, -1), taken)
      continue
    }
    const word = take(WORD)
    if (word !== undefined) {
      put("word", word, "")
      continue
    }
    if (source[at] === "/" && mayBeRegex(tokens.at(-1))) {
      const regex = take(REGEX)
      if (regex !== undefined) {
        put("text", regex, "")
        continue
      }
    }
    const mark = take(MARK) ?? ""
    if (mark === "`") {
      template()
      continue
    }
    if (mark === "{") depth += 1
    if (mark === "}") depth -= 1
    put("mark", mark, mark)
    if (mark === "}" && templates.at(-1) === depth) {
      templates.pop()
      template()
    }
  }
  return tokens
}

function breaks(text: string): number {
  return text.split("\n").length - 1
}

function mayBeRegex(before: Token | undefined): boolean {
  if (before === undefined) return true
  if (before.kind === "mark") return !NOT_BEFORE_REGEX.has(before.text)
  return before.kind === "word" && BEFORE_REGEX.has(before.text)
}

const CLOSER = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
])
const CLOSERS = new Set(CLOSER.values())

/** For the index of each opening bracket the index of its closing one. */
export function pairsOf(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>()
  const open: number[] = []
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "mark") continue
    if (CLOSER.has(token.text)) open.push(index)
    else if (CLOSERS.has(token.text)) {
      // A lone bracket in JSX text must not shift all that follows, so we look for one of its own kind.
      const partner = open.findLastIndex((start) => CLOSER.get(tokens[start]?.text ?? "") === token.text)
      const start = open[partner]
      if (start === undefined) continue
      pairs.set(start, index)
      open.length = partner
    }
  }
  return pairs
}
