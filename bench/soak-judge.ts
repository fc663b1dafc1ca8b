import type { Uuid } from "../protocol/ids.ts"
import type { Stored } from "../server/core/ports.ts"
import { openStore } from "../server/store/open.ts"
import { truthOf } from "../test/simulation/truth.ts"
import type { Person, Told } from "./soak-person.ts"

const READ_MAX = 500
/** Faults that are told one by one. */
export const FAULTS_SHOWN_MAX = 20

/** Reads the logs of a house that is closed and answers every promise that was broken, as sentences. */
export async function judge(
  folder: string,
  rooms: readonly Uuid[],
  people: readonly Person[],
  told: Told,
): Promise<readonly string[]> {
  const faults = [...told.faults]
  const store = await openStore({ kind: "sqlite", folder })
  for (const room of rooms) {
    const events: Stored[] = []
    for (;;) {
      const page = await store.log.read(room, events.length, READ_MAX)
      events.push(...page)
      if (page.length < READ_MAX) break
    }
    faults.push(
      ...logFaults(room, events, told),
      ...people.flatMap((person) => replicaFaults(person, room, events)),
    )
  }
  await store.close()
  return faults
}

function logFaults(room: Uuid, events: readonly Stored[], { accepted, delivered }: Told): string[] {
  const faults: string[] = []
  const seqs = new Map<Uuid, number>()
  for (const [index, { seq, id }] of events.entries()) {
    if (seq !== index + 1) faults.push(`${room} has a hole at ${index + 1}`)
    if (seqs.has(id)) faults.push(`${room} holds ${id} twice, at ${seqs.get(id)} and ${seq}`)
    seqs.set(id, seq)
  }
  for (const [id, one] of accepted)
    if (one.room === room && seqs.get(id) !== one.seq)
      faults.push(`${id} was accepted at ${one.seq} of ${room}, and the log has it at ${seqs.get(id)}`)
  for (const [seq, id] of (delivered.get(room) ?? []).entries())
    if (id !== undefined && events[seq - 1]?.id !== id)
      faults.push(`${id} was delivered at ${seq} of ${room}, where the log holds ${events[seq - 1]?.id}`)
  return faults
}

/** Everyone's copy says what the log says, as far as the copy reaches back. */
function replicaFaults({ account, client }: Person, room: Uuid, events: readonly Stored[]): string[] {
  const truth = truthOf(events)
  if (!truth.head.members.has(account)) return []
  const { replica } = client.room(room)
  const last = events.at(-1)
  const { cursor, check } = replica?.place ?? {}
  if (cursor !== last?.seq || check !== last?.check)
    return [
      `${account} stands at ${cursor} (${check}) of ${room}, whose log ends at ${last?.seq} (${last?.check})`,
    ]
  return events.flatMap(({ seq }) => {
    const [seen, expected] = [replica?.scroll.get(seq), truth.shown.get(seq)]
    return seen === undefined || Bun.deepEquals(seen, expected)
      ? []
      : [`${account} shows ${JSON.stringify(seen)} for ${JSON.stringify(expected)}`]
  })
}
