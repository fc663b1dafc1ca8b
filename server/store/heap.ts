const TRAFFIC_CHARS_MIN = 1_000_000
const QUIET_MS = 1_000

/**
 * Gives back what a worker's heap took for a burst of traffic, once it is quiet: an engine collects when it needs room,
 * and an idle worker never does. `also` gives back something of its own. Returns what to tell of each message; there is no
 * timer while there is little traffic.
 */
export function tidyWhenQuiet(also: () => void): (chars: number) => void {
  let traffic = 0
  let before = 0
  let waiting = false

  function look(): void {
    if (traffic > before) {
      before = traffic
      setTimeout(look, QUIET_MS).unref()
      return
    }
    also()
    Bun.gc(true)
    traffic = 0
    before = 0
    waiting = false
  }

  return (chars) => {
    traffic += chars
    if (waiting || traffic < TRAFFIC_CHARS_MIN) return
    waiting = true
    setTimeout(look, QUIET_MS).unref()
  }
}
