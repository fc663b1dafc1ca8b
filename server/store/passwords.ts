import type { Passwords } from "../core/ports.ts"

interface PasswordCost {
  readonly memoryKiB: number
  readonly passes: number
}

/** What a hash costs today, on a thread beside the loop: some 30 ms of a processor. Raise it as machines grow. */
export const passwordCost: PasswordCost = { memoryKiB: 19_456, passes: 2 }

// $argon2id$v=19$m=19456,t=2,p=1$salt$hash
const MADE_WITH = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/

/** argon2id (RFC 9106) in its PHC text form. Passwords are hashed as given; who calls it normalises them. */
export function argon2id(cost: PasswordCost = passwordCost): Passwords {
  return {
    hash: (password) =>
      Bun.password.hash(password, {
        algorithm: "argon2id",
        memoryCost: cost.memoryKiB,
        timeCost: cost.passes,
      }),
    verify: async (password, hash) => {
      if (!MADE_WITH.test(hash)) return false
      try {
        return await Bun.password.verify(password, hash)
      } catch {
        return false
      }
    },
    outdated: (hash) => {
      const [, memoryKiB, passes] = MADE_WITH.exec(hash) ?? []
      return Number(memoryKiB ?? 0) < cost.memoryKiB || Number(passes ?? 0) < cost.passes
    },
  }
}
