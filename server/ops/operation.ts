import type Type from "typebox"
import { Compile } from "typebox/compile"
import type { HouseRole } from "../../protocol/head.ts"
import { HOUSE_ACCOUNT, type Uuid } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Account, AccountServices, Accounts, Log, Records, Rooms } from "../core/ports.ts"

/** What the operator's operations work on; main brings it. */
export interface OperatorParts {
  readonly version: string
  readonly accounts: Accounts
  readonly services: AccountServices
  readonly rooms: Rooms
  readonly log: Log
  readonly records: Records
  /** SHA-256. */
  digest(bytes: Uint8Array): Uint8Array
}

/** The person at the keyboard of the server's machine: whoever can read the data folder may do everything in it. */
export const operator: Actor = { account: HOUSE_ACCOUNT, role: "owner", system: true }

export interface Operation<Input, Output> {
  /** Checks the input, which may come from another process, and does the work. */
  answer(parts: OperatorParts, input: unknown): Promise<Output | Refusal>
  /** Never there; it carries the type. */
  readonly input?: Input
}

export function operation<Schema extends Type.TSchema, Output>(
  schema: Schema,
  run: (parts: OperatorParts, input: Type.Static<Schema>) => Promise<Output | Refusal>,
): Operation<Type.Static<Schema>, Output> {
  let check: Validator | undefined
  const accepts = (input: unknown): input is Type.Static<Schema> => {
    check ??= Compile(schema)
    return check.Check(input)
  }
  return {
    answer: async (parts, input) =>
      accepts(input)
        ? run(parts, input)
        : refuse("bad-input", "The server and this command do not fit; use the same version of both."),
  }
}

interface Validator {
  Check(value: unknown): boolean
}

interface PersonLine {
  readonly id: Uuid
  readonly name: string
  readonly display: string
  readonly role: HouseRole
}

export function personLine({ id, name, display, role }: Account): PersonLine {
  return { id, name, display, role }
}

/** The account of a name a person typed. */
export function named(parts: OperatorParts, name: string): Account | Refusal {
  return (
    parts.accounts.named(name) ??
    refuse("no-such-account", `There is no account called ${name}; \`parley user list\` shows who there is.`)
  )
}

/** An id that the same cause always gives. */
export function causeBytes(...cause: readonly (string | number)[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(cause))
}
