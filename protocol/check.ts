import type { TSchema } from "typebox"
import { Compile } from "typebox/compile"
import { commandSchema, isKind, type Kind, kinds } from "./events/index.ts"
import { Follow, Hello, Ping, Present, Request, Submit, Typing, Unfollow, type Up, Watch } from "./frames.ts"
import { limits } from "./limits.ts"
import { type Refusal, refuse } from "./refusals.ts"
import { fitsBytes } from "./text.ts"

/** What the schema library says of one thing that is wrong. */
interface Problem {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

interface Check {
  Check(value: unknown): boolean
  Errors(value: unknown): readonly Problem[]
}

/**
 * A compiled check: for the server only, since a strict CSP forbids eval in browsers. It is compiled when it is first
 * asked, since all of them at once would cost a fresh server 15 MB and a tenth of a second for what it may never hear.
 */
function checkOf(schema: TSchema): Check {
  let made: Check | undefined
  const compiled = () => {
    made ??= Compile(schema)
    return made
  }
  return { Check: (value) => compiled().Check(value), Errors: (value) => compiled().Errors(value) }
}

// One check for each type of frame and each kind of signal, so that a refusal can name the field that is wrong.
const frames = new Map<string, Check>([
  ["hello", checkOf(Hello)],
  ["submit", checkOf(Submit)],
  ["follow", checkOf(Follow)],
  ["unfollow", checkOf(Unfollow)],
  ["request", checkOf(Request)],
  ["ping", checkOf(Ping)],
])
const signals = new Map<string, Check>([
  ["typing", checkOf(Typing)],
  ["presence", checkOf(Present)],
  ["watch", checkOf(Watch)],
])
const commands = new Map<Kind, Check>(kinds.map((kind) => [kind, checkOf(commandSchema(kind))]))

/** Reads one frame from the wire. Whatever the bytes were, the answer is a frame or a refusal, never an exception. */
export function readUp(text: string): Up | Refusal {
  if (!fitsBytes(text, limits.frameBytesMax)) {
    return refuse("too-large", `A frame holds at most ${limits.frameBytesMax} bytes.`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse("bad-frame", "This line is not JSON.")
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("bad-frame", "A frame is one JSON object.")
  }
  const type = own(value, "type")
  const check = type === "signal" ? signals.get(own(value, "kind")) : frames.get(type)
  if (type === "signal" && !check) return unknownWord("signal", "kind", signals)
  if (!check) return unknownWord("frame", "type", frames, "signal")
  if (!check.Check(value)) return refuse("bad-frame", problem(check.Errors(value)))
  return value as Up
}

/** A field of an object that came from outside; empty unless it is a text of its own. */
function own(value: object, field: string): string {
  const found: unknown = Object.hasOwn(value, field) ? Reflect.get(value, field) : undefined
  return typeof found === "string" ? found : ""
}

function unknownWord(
  what: string,
  field: string,
  known: ReadonlyMap<string, Check>,
  ...more: string[]
): Refusal {
  return refuse("bad-frame", `A ${what} has a "${field}": ${either([...known.keys(), ...more])}.`)
}

/** Undefined when the body fits its kind's command schema, else why not. */
export function refuseBody(kind: string, body: unknown): Refusal | undefined {
  const check = isKind(kind) ? commands.get(kind) : undefined
  if (!check) return refuse("bad-input", `There is no kind of event called ${kind.slice(0, 64)}.`)
  if (check.Check(body)) return undefined
  const problems = check.Errors(body)
  const long = problems.every(({ keyword }) => keyword === "maxLength")
  return refuse(long ? "too-large" : "bad-input", problem(problems, "body"))
}

/** What is wrong, in a sentence that names the field. `root` is how the whole is called. */
export function problem(problems: readonly Problem[], root = ""): string {
  const [first, ...others] = nearest(problems)
  if (!first) return "A field is missing or has the wrong form."
  const here = `${root}${first.instancePath.replaceAll("/", ".")}`.replace(/^\./, "").slice(0, 80)
  const within = (field: string) => (here === "" ? field : `${here}.${field}`)
  const [missing] = Reflect.get(first.params, "requiredProperties") ?? []
  if (first.keyword === "required") return `${within(String(missing))} is missing.`
  if (first.keyword === "boolean") return `${here} is not a field here.`
  const said = [first, ...others]
    .filter(({ instancePath }) => instancePath === first.instancePath)
    .map(demand)
  return `${here === "" ? "This" : here} must ${either([...new Set(said)])}.`
}

/** Of a union, what the branch says that fits best; those that fit equally well all count. */
function nearest(problems: readonly Problem[]): readonly Problem[] {
  const branches = Map.groupBy(
    problems.filter(({ keyword }) => keyword !== "anyOf"),
    ({ schemaPath }) => /^.*?\/anyOf\/\d+/.exec(schemaPath)?.[0] ?? "",
  )
  const fewest = Math.min(...[...branches.values()].map((branch) => branch.length))
  return [...branches.values()].filter((branch) => branch.length === fewest).flat()
}

function demand({ keyword, message, params }: Problem): string {
  if (keyword === "const") return `be ${Reflect.get(params, "allowedValue")}`
  if (keyword === "enum") return `be ${either(Reflect.get(params, "allowedValues"))}`
  if (keyword === "pattern") return "be lower-case hex, as ids and checks are written"
  return message.replace(/^must /, "").slice(0, 200)
}

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`
}
