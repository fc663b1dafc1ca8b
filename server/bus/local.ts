import type { Bus } from "../core/ports.ts"

/** The doorbell of a house that is one process: whoever listens hears at once, letters and all. */
export function localBus(): Bus {
  const hearers = new Map<string, Set<(letter?: unknown) => void>>()
  return {
    ring(topic, letter) {
      for (const hear of hearers.get(topic) ?? []) hear(letter)
    },
    on(topic, hear) {
      const known = hearers.get(topic) ?? new Set()
      hearers.set(topic, known.add(hear))
      return () => {
        known.delete(hear)
        if (known.size === 0 && hearers.get(topic) === known) hearers.delete(topic)
      }
    },
  }
}
