import Type from "typebox"
import { isRefusal, type Refusal, refusals, refuse } from "../../protocol/refusals.ts"
import type { Logger } from "../core/ports.ts"
import { exportOperations } from "./exports.ts"
import { importOperations } from "./imports.ts"
import { type Operation, type OperatorParts, operation } from "./operation.ts"
import { peopleOperations } from "./people.ts"

/** What the operator's commands ask of a server: the table behind the control socket and the command line alike. */
const operations = {
  status: operation(Type.Object({}), async ({ version }) => ({ version })),
  ...peopleOperations,
  ...importOperations,
  ...exportOperations,
}

type Operations = typeof operations
type Input<Name extends keyof Operations> = Operations[Name] extends Operation<infer In, unknown> ? In : never
type Output<Name extends keyof Operations> =
  Operations[Name] extends Operation<unknown, infer Out> ? Out : never
const table: { readonly [Name in keyof Operations]: Operation<Input<Name>, Output<Name>> } = operations

/** The operator's authority over one server, in this process or behind its control socket. */
export interface Operator {
  call<Name extends keyof Operations>(name: Name, input: Input<Name>): Promise<Output<Name> | Refusal>
}

/** The operator of a server that runs in this process. */
export function makeOperator(parts: OperatorParts): Operator {
  return { call: (name, input) => table[name].answer(parts, input) }
}

/**
 * Answers the control socket: `POST /user.add` with a JSON object. Whoever can open the socket lies in a folder that
 * only the operator may enter, so nothing more is asked.
 */
export function makeControl(parts: OperatorParts, log: Logger): (request: Request) => Promise<Response> {
  return async (request) => {
    const name = new URL(request.url).pathname.slice(1)
    if (request.method !== "POST" || !isOperation(name)) return refused(refuse("no-such-request"))
    try {
      const answer: object = await table[name].answer(parts, await request.json())
      if (changing.has(name)) log.info("The operator asked on the control socket.", { what: name })
      return isRefusal(answer) ? refused(answer) : Response.json(answer)
    } catch (error) {
      log.error("A request on the control socket broke.", { what: name, error })
      return refused(refuse("broken"))
    }
  }
}

/** What is worth a line in the log; an import is one at its end. */
const changing = new Set<keyof Operations>([
  "user.add",
  "user.password",
  "user.link",
  "user.role",
  "invite",
  "import.finish",
])

function isOperation(name: string): name is keyof Operations {
  return Object.hasOwn(operations, name)
}

function refused(refusal: Refusal): Response {
  return Response.json(refusal, { status: refusals[refusal.code].status })
}
