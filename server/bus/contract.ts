import { describe, expect, test } from "bun:test"
import type { Bus } from "../core/ports.ts"

/**
 * What every bus must do. `settle` resolves when a ring has reached everyone it will reach. A bus may lose, delay and
 * repeat, so a test never asks that a ring is heard exactly once, only that hearing works at all.
 */
export function busContract(
  name: string,
  open: () => Promise<{ readonly bus: Bus; settle(): Promise<void> }>,
): void {
  describe(`the bus contract: ${name}`, () => {
    test("a ring is heard by those who listen to its topic, and by nobody else", async () => {
      const { bus, settle } = await open()
      const heard: string[] = []
      bus.on("room:lobby", () => heard.push("lobby"))
      bus.on("room:attic", () => heard.push("attic"))
      bus.ring("room:lobby")
      await settle()
      expect(new Set(heard)).toEqual(new Set(["lobby"]))
    })

    test("a letter arrives as it was sent", async () => {
      const { bus, settle } = await open()
      const letters: unknown[] = []
      bus.on("room:lobby", (letter) => letters.push(letter))
      const letter = { after: 3, events: [{ seq: 4, body: '{"text":"naïve 🌱"}' }] }
      bus.ring("room:lobby", letter)
      await settle()
      expect(letters[0]).toEqual(letter)
    })

    test("several who listen to one topic all hear it", async () => {
      const { bus, settle } = await open()
      const heard = new Set<string>()
      bus.on("room:lobby", () => heard.add("first"))
      bus.on("room:lobby", () => heard.add("second"))
      bus.ring("room:lobby")
      await settle()
      expect(heard).toEqual(new Set(["first", "second"]))
    })

    test("who has stopped hears nothing, and stopping twice does nothing to those who came after", async () => {
      const { bus, settle } = await open()
      const heard: string[] = []
      const stop = bus.on("room:lobby", () => heard.push("gone"))
      stop()
      bus.on("room:lobby", () => heard.push("here"))
      stop()
      bus.ring("room:lobby")
      await settle()
      expect(new Set(heard)).toEqual(new Set(["here"]))
    })

    test("ringing where nobody listens is no error", async () => {
      const { bus, settle } = await open()
      bus.ring("room:nowhere", { any: "letter" })
      await settle()
    })
  })
}
