import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { Passwords } from "../core/ports.ts"
import type { PeopleLimits } from "./limits.ts"

/** How long someone who found the line full should stay away. */
const BUSY_WAIT_MS = 2_000

/** `Passwords` behind a line: a few at once, a bounded number waiting in turn, `busy` for the rest. */
export interface Hasher {
  hash(password: string): Promise<string | Refusal>
  /** Without a hash to compare it is wrong, and takes as long to say so. */
  verify(password: string, hash: string | null): Promise<boolean | Refusal>
  outdated(hash: string): boolean
}

/** `nobodys`: a password that nobody has or will have. */
export function makeHasher(passwords: Passwords, limits: PeopleLimits, nobodys: string): Hasher {
  // Made by the first who signs in, whoever that is: a server that is only started needs no memory for it.
  let dummy: string | undefined
  let running = 0
  const waiting: (() => void)[] = []

  async function inLine<Value>(work: () => Promise<Value>): Promise<Value | Refusal> {
    if (running < limits.passwordsAtOnce) running++
    else {
      if (waiting.length >= limits.passwordsWaitingMax) return refuse("busy", undefined, BUSY_WAIT_MS)
      // Whoever finishes hands on the place, so `running` stays as it is.
      await new Promise<void>((turn) => waiting.push(turn))
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  return {
    hash: (password) => inLine(() => passwords.hash(password.normalize("NFC"))),
    verify: (password, hash) =>
      inLine(async () => {
        dummy ??= await passwords.hash(nobodys)
        return (await passwords.verify(password.normalize("NFC"), hash ?? dummy)) && hash !== null
      }),
    outdated: (hash) => passwords.outdated(hash),
  }
}
