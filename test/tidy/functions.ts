import { pairsOf, type Token } from "./tokens.ts"

interface Span {
  readonly from: number
  readonly to: number
  /** Token indexes of the body's brackets. */
  readonly open: number
  readonly close: number
}

const CONTROL = new Set("if for while switch catch with return".split(" "))
const BODY = new Set(["{", "(", "["])

/** The lines of every function, method and arrow function that has a body in brackets. */
export function functionsOf(tokens: readonly Token[]): readonly Span[] {
  const pairs = pairsOf(tokens)
  const spans: Span[] = []
  const add = (head: number, open: number | undefined) => {
    const close = open === undefined ? undefined : pairs.get(open)
    const [first, last] = [tokens[head], tokens[close ?? -1]]
    if (open !== undefined && close !== undefined && first && last)
      spans.push({ from: first.line, to: last.line, open, close })
  }
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "mark") continue
    if (token.text === "=>" && BODY.has(tokens[index + 1]?.text ?? "")) add(index, index + 1)
    if (token.text === "(") {
      const close = pairs.get(index)
      if (close !== undefined && named(tokens, index)) add(index, bodyAfter(tokens, close + 1, pairs))
    }
  }
  return spans
}

/** Whether what stands before the parenthesis may be a function's name. */
function named(tokens: readonly Token[], open: number): boolean {
  const before = tokens[open - 1]
  if (before === undefined || CONTROL.has(before.text)) return false
  if (before.text === "await" && tokens[open - 2]?.text === "for") return false
  return before.kind !== "mark" || before.text === ">" || before.text === "]" || before.text === "*"
}

const JOINS = new Set([
  "|",
  "&",
  "=>",
  ":",
  "is",
  "extends",
  "keyof",
  "typeof",
  "readonly",
  "asserts",
  "infer",
  "?",
])

/** The body's brace behind a parameter list, past a return type; undefined where it was only a call. */
function bodyAfter(
  tokens: readonly Token[],
  start: number,
  pairs: ReadonlyMap<number, number>,
): number | undefined {
  if (tokens[start]?.text === "{") return start
  if (tokens[start]?.text !== ":") return undefined
  let wantsType = true
  for (let at = start + 1; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (token === undefined) return undefined
    if (token.text === "{" && !wantsType) return at
    if (JOINS.has(token.text)) wantsType = true
    else if (token.text === "<" || token.text === "," || token.text === ".") wantsType = true
    else if (pairs.has(at)) {
      at = pairs.get(at) ?? at
      wantsType = false
    } else if (token.kind !== "mark") {
      if (!wantsType) return undefined
      wantsType = false
    } else if (token.text === ">") wantsType = false
    else return undefined
  }
  return undefined
}
