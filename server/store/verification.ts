import type { Uuid } from "../../protocol/ids.ts"

export type Damage = {
  /** A sentence for people. */
  readonly message: string
  readonly room?: Uuid
  /** The name of the room, where it has one. */
  readonly name?: string
  readonly seq?: number
  /** The last seq of a stretch that begins at `seq`. */
  readonly to?: number
} & {
  readonly is: /** Not what was written. */
    | "altered"
    | "missing"
    /** Whole, but at another place than where it was written. */
    | "reordered"
    /** A second one for one seq or one id. */
    | "doubled"
    /** The database cannot read it. */
    | "unreadable"
    /** Whole in itself, but not what someone remembers of the room: history was rewritten. */
    | "rewritten"
    /** The head row of a room does not say what its log does. */
    | "head"
    /** The index cards of an event, a snapshot or a count do not say what the log does. */
    | "index"
    /** Tables or indexes are not those of the schema. */
    | "schema"
}

/** What someone remembers of a room: a client, a backup, a printed line. */
export interface KnownHead {
  readonly room: Uuid
  readonly seq: number
  readonly check: string
}

export interface Verification {
  readonly events: number
  readonly rooms: number
  /** At most `DAMAGES_TOLD_MAX`; empty: all is as it was written. */
  readonly damages: readonly Damage[]
  readonly damagesTotal: number
  /** To be remembered elsewhere, and told to `verify` the next time. */
  readonly heads: readonly (KnownHead & { readonly name?: string })[]
}

export interface VerifyProgress {
  readonly events: number
  readonly of: number
}

const DAMAGES_TOLD_MAX = 1_000

/** Collects damages; the list ends at a thousand, the count does not. */
export function damageList(): {
  add(damage: Damage): void
  readonly told: readonly Damage[]
  readonly total: () => number
} {
  const told: Damage[] = []
  let total = 0
  return {
    add(damage) {
      total++
      if (told.length < DAMAGES_TOLD_MAX) told.push(damage)
    },
    told,
    total: () => total,
  }
}

export type DamageList = ReturnType<typeof damageList>
