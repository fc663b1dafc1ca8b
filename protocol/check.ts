import { Compile } from "typebox/compile"
import { commandSchema, isKind, type Kind, kinds } from "./events/index.ts"
import { Follow, Hello, Ping, Request, Signal, Submit, Unfollow, type Up } from "./frames.ts"
import { limits } from "./limits.ts"
import { type Refusal, refuse } from "./refusals.ts"
import { fitsBytes } from "./text.ts"

interface Problem {
  readonly instancePath: string
  readonly message: string
}

interface Check {
  Check(value: unknown): boolean
  Errors(value: unknown): readonly Problem[]
}

// Compiled checks: for the server only, since a strict CSP forbids eval in browsers. One check for each type of frame,
// so that a refusal can name the field that is wrong.
const frames = new Map<string, Check>([
  ["hello", Compile(Hello)],
  ["submit", Compile(Submit)],
  ["follow", Compile(Follow)],
  ["unfollow", Compile(Unfollow)],
  ["signal", Compile(Signal)],
  ["request", Compile(Request)],
  ["ping", Compile(Ping)],
])
const commands = new Map<Kind, Check>(kinds.map((kind) => [kind, Compile(commandSchema(kind))]))

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
  const type = Object.hasOwn(value, "type") ? (value as { type: unknown }).type : undefined
  const check = typeof type === "string" ? frames.get(type) : undefined
  if (!check) return refuse("bad-frame", `A frame has a "type": ${[...frames.keys()].join(", ")}.`)
  if (!check.Check(value)) return refuse("bad-frame", problem(check.Errors(value)))
  return value as Up
}

/** Undefined when the body fits its kind's command schema, else why not. */
export function refuseBody(kind: string, body: unknown): Refusal | undefined {
  const check = isKind(kind) ? commands.get(kind) : undefined
  if (!check) return refuse("bad-input", `There is no kind of event called ${kind.slice(0, 64)}.`)
  return check.Check(body) ? undefined : refuse("bad-input", problem(check.Errors(body), "body"))
}

/** The first thing wrong, in a sentence. */
export function problem(errors: readonly Problem[], root = ""): string {
  const first = errors[0]
  if (!first) return "A field is missing or has the wrong form."
  const field = `${root}${first.instancePath}`.replace(/^\//, "").replaceAll("/", ".").slice(0, 80)
  return `${field === "" ? "The frame" : field}: ${first.message.slice(0, 200)}.`
}
