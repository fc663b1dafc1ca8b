import type { Stop, World } from "./ports.ts"

/** The world as it is. */
export const realWorld: World = {
  now: () => Date.now(),
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  networkBack(hear): Stop {
    if (typeof globalThis.addEventListener !== "function") return () => {}
    globalThis.addEventListener("online", hear)
    return () => globalThis.removeEventListener("online", hear)
  },
}
