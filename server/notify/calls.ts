import type { Head } from "../../protocol/head.ts"
import { isVisible } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import { mentions } from "../../protocol/text.ts"
import type { Stored } from "../core/ports.ts"

/** Whom a message calls: by name, by answering them, or all at once. */
interface Calls {
  readonly mentioned: readonly Uuid[]
  readonly answered: readonly Uuid[]
  readonly room: boolean
}

/** A message's words and what it answers, as far as calling goes. */
export interface Words {
  readonly text: string
  /** The authors of the message it replies to and of the one its thread grew from. */
  readonly answers: readonly Uuid[]
}

/**
 * Only members who may see the message are called, never its author; and only a member's words call anyone, so that
 * old talk brought in by an import stays quiet. Pure.
 */
export function callsOf(
  event: Pick<Stored, "seq" | "cites" | "by">,
  words: Words,
  head: Head,
  named: (name: string) => Uuid | undefined,
): Calls {
  if (!head.members.has(event.by)) return { mentioned: [], answered: [], room: false }
  const may = (account: Uuid | undefined): account is Uuid => {
    const from = account === undefined || account === event.by ? undefined : head.members.get(account)?.from
    return from !== undefined && isVisible(event, from)
  }
  const called = mentions(words.text)
  const meant = (readings: readonly string[]) => readings.map(named).find((account) => account !== undefined)
  const mentioned = new Set(called.names.map(meant).filter(may))
  const answered = new Set(words.answers.filter(may).filter((account) => !mentioned.has(account)))
  return { mentioned: [...mentioned], answered: [...answered], room: called.room }
}
