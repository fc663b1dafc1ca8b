import process from "node:process"
import { option, yes } from "../server/config.ts"
import { Complaint, exitCodes, misused } from "./complaint.ts"
import { askSecret } from "./prompt.ts"

/** How a command takes a password. */
export const passwordOptions = {
  passwordStdin: option("", yes, "off", "Read the password from standard input, its first line."),
  generate: option("", yes, "off", "Make a password up and print it, once."),
}

export interface ChosenPassword {
  readonly password: string
  /** Made up just now: the person has to be told. */
  readonly generated: boolean
}

/** From standard input, made up, or asked for twice; where nobody can be asked it is made up. */
export async function choosePassword(
  how: { readonly passwordStdin: boolean; readonly generate: boolean },
  name: string,
): Promise<ChosenPassword> {
  if (how.passwordStdin && how.generate)
    throw misused("--password-stdin and --generate exclude each other; leave one out.")
  if (how.passwordStdin) return { password: await firstLine(), generated: false }
  if (how.generate || process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    return { password: generatePassword(), generated: true }
  const password = await ask(`Password for ${name}: `)
  if ((await ask("The same again: ")) !== password)
    throw new Complaint("The two did not agree; run the command again.")
  return { password, generated: false }
}

async function ask(question: string): Promise<string> {
  const answer = await askSecret(question)
  if (answer === undefined) throw new Complaint("Given up; nothing was changed.", exitCodes.interrupted)
  return answer
}

async function firstLine(): Promise<string> {
  const [line = ""] = (await Bun.stdin.text()).split(/\r?\n/)
  if (line === "") throw misused("Standard input holds no password; put it into its first line.")
  return line
}

// 32 signs that are hard to mistake for each other: no 0 and O, no 1, l and I.
const SIGNS = "23456789abcdefghijkmnpqrstuvwxyz"

/** 100 bits, in four groups of five for reading aloud. */
export function generatePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20))
  const signs = [...bytes].map((byte) => SIGNS[byte % SIGNS.length]).join("")
  return (signs.match(/.{5}/g) ?? []).join("-")
}
