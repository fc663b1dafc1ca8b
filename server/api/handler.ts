import type Type from "typebox"
import type { TProperties, TSchema } from "typebox"
import { Compile } from "typebox/compile"
import { problem } from "../../protocol/check.ts"
import { strict } from "../../protocol/events/matter.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { type Actor, type HouseRight, mayInHouse } from "../../protocol/policy.ts"
import { isRefusal, type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Answer, Origin, Who } from "../core/ports.ts"
import type { Api } from "./parts.ts"

export type Method = "GET" | "POST" | "PUT" | "DELETE"

/** One request on its way through the table. */
interface Asked {
  readonly api: Api
  readonly from: Origin
  readonly who: Who | undefined
  /** The client's name for what it wants done, or one made for it. What is appended takes it as its id. */
  readonly id: Uuid
}

/** By somebody who is signed in. */
export interface Signed extends Asked {
  readonly who: Who
  readonly actor: Actor
}

/**
 * Who may ask: anyone, whoever is signed in, or whoever has a right in the house. What a room asks of its people is
 * judged by the room.
 */
type Audience = "anyone" | "account" | HouseRight

/**
 * What a request changes.
 * `remembered`: its answer is kept, so that a repeat with the same id gives the same again.
 * `logged`: it appends one event under its own id, and the log knows what it answered.
 * `risen`: it can be repeated as often as one likes; a value only rises.
 */
type Changes = "nothing" | "remembered" | "logged" | "risen"

/** One request of the table; both ways of asking, frames and HTTP, are made of it. */
export interface Handler {
  readonly name: string
  readonly method: Method
  /** Under `/api/v1`; `{room}` is a field of the input. */
  readonly path: string
  /** One line for the documentation. */
  readonly about: string
  readonly who: Audience
  /** Every field there is, those of the path too. */
  readonly input: Type.TObject
  readonly output: TSchema
  /** What it answers with when all is well; the first is the usual one. */
  readonly status: readonly [number, ...number[]]
  readonly changes: Changes
  /** Undefined when the input fits, else what is wrong with it. */
  refuseInput(input: unknown): Refusal | undefined
  /** Answers an input that fits. */
  run(asked: Asked, input: unknown): Promise<Answer | Refusal>
}

/** An answer with another status than the usual one. */
interface Instead<Body> {
  readonly instead: number
  readonly body: Body
}

/** What is answered stays as it was answered, so ports may hand out what they hold. */
type Frozen<Value> = Value extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : Value extends object
    ? { readonly [Field in keyof Value]: Frozen<Value[Field]> }
    : Value

type Outcome<Body> = Body | Instead<Body> | Refusal

interface Definition<Input extends TProperties, Output extends TSchema, Ask extends Asked> {
  readonly name: string
  readonly at: `${Method} /${string}`
  readonly about: string
  readonly input: Input
  readonly output: Output
  /** 200 unless told. */
  readonly status?: readonly [number, ...number[]]
  /** What is asked by GET changes nothing; all else is remembered unless told. */
  readonly changes?: Changes
  run(asked: Ask, input: Type.Static<Type.TObject<Input>>): Promise<Outcome<Frozen<Type.Static<Output>>>>
}

/** A request that anyone may make, signed in or not. */
export function anyone<Input extends TProperties, Output extends TSchema>(
  definition: Definition<Input, Output, Asked>,
): Handler {
  return handler("anyone", definition, (asked) => asked)
}

/** A request of somebody who is signed in, and has a right in the house where one is named. */
export function signedIn<Input extends TProperties, Output extends TSchema>(
  definition: Definition<Input, Output, Signed> & { readonly right?: HouseRight },
): Handler {
  const { right } = definition
  return handler(right ?? "account", definition, (asked) => {
    const { who, api } = asked
    if (!who) return refuse("sign-in-first")
    const actor = api.accounts.actor(who.id)
    if (right !== undefined && !mayInHouse(actor.role, right)) return refuse("forbidden")
    return { ...asked, who, actor }
  })
}

function handler<Input extends TProperties, Output extends TSchema, Ask extends Asked>(
  who: Audience,
  definition: Definition<Input, Output, Ask>,
  admit: (asked: Asked) => Ask | Refusal,
): Handler {
  const { name, at, about, output } = definition
  const [method, path] = at.split(" ") as [Method, string]
  const input = strict(definition.input)
  const status = definition.status ?? [200]
  let check: ReturnType<typeof Compile> | undefined
  return {
    name,
    method,
    path,
    about,
    who,
    input,
    output,
    status,
    changes: definition.changes ?? (method === "GET" ? "nothing" : "remembered"),
    refuseInput(value) {
      // Most requests are never made in a process's first second.
      check ??= Compile(input)
      if (check.Check(value)) return undefined
      const problems = check.Errors(value)
      const isLong = problems.every(({ keyword }) => keyword === "maxLength" || keyword === "maxItems")
      return refuse(isLong ? "too-large" : "bad-input", problem(problems))
    },
    async run(asked, value) {
      const admitted = admit(asked)
      if (isRefusal(admitted)) return admitted
      // `refuseInput` has seen it.
      const outcome = await definition.run(admitted, value as Type.Static<Type.TObject<Input>>)
      if (!isObject(outcome)) return { status: status[0], body: outcome }
      if (isRefusal(outcome)) return outcome
      if (isInstead(outcome)) return { status: outcome.instead, body: outcome.body }
      return { status: status[0], body: outcome }
    },
  }
}

export function instead<Body>(status: number, body: Body): Instead<Body> {
  return { instead: status, body }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

function isInstead(value: object): value is Instead<unknown> {
  return "instead" in value
}
