import type { Log, Logger, Outcome } from "../core/ports.ts"

/** The same log, which tells the operator when it stops taking writes and when it takes them again. */
export function watchLog(log: Log, logger: Logger): Log {
  let failing: string | undefined
  const note = (outcomes: readonly Outcome[]) => {
    const found = outcomes.map(troubleOf).find((trouble) => trouble !== undefined)
    if (found === failing) return
    failing = found
    if (found === undefined) logger.info("The store takes writes again.")
    else logger.error("The store does not take writes.", { code: found })
  }
  return {
    append: async (appends) => {
      const outcomes = await log.append(appends)
      note(outcomes)
      return outcomes
    },
    read: (room, after, limit) => log.read(room, after, limit),
    find: (room, id) => log.find(room, id),
    head: (room) => log.head(room),
    changes: (room, from, to, after, limit) => log.changes(room, from, to, after, limit),
  }
}

function troubleOf(outcome: Outcome): string | undefined {
  switch (outcome.is) {
    case "failed":
      return outcome.code
    case "unknown":
      return "unknown"
    default:
      return undefined
  }
}
