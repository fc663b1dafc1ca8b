import { expect, test } from "bun:test"
import { createSweep } from "./sweep.ts"
import { ManualWorld } from "./testing/scripted.ts"

function watched() {
  return {
    times: 0,
    overdue() {
      this.times += 1
    },
  }
}

test("a deadline is noticed within a second, once, and a later one replaces it", () => {
  const world = new ManualWorld()
  const sweep = createSweep(world)
  const [ada, bob] = [watched(), watched()]
  sweep.watch(ada, 5_000)
  sweep.watch(bob, 2_000)
  sweep.watch(bob, 9_000)
  world.advance(4_999)
  expect([ada.times, bob.times]).toEqual([0, 0])
  world.advance(1_001)
  expect([ada.times, bob.times]).toEqual([1, 0])
  world.advance(60_000)
  expect([ada.times, bob.times]).toEqual([1, 1])
})

test("nothing runs while nothing is watched", () => {
  const world = new ManualWorld()
  const sweep = createSweep(world)
  const ada = watched()
  sweep.watch(ada, 5_000)
  expect(world.waiting).toBe(1)
  sweep.forget(ada)
  sweep.forget(ada)
  expect([world.waiting, sweep.size()]).toEqual([0, 0])
  world.advance(60_000)
  expect(ada.times).toBe(0)
})

test("what is overdue may be watched again at once", () => {
  const world = new ManualWorld()
  const sweep = createSweep(world)
  let times = 0
  const ada = {
    overdue() {
      times += 1
      if (times < 3) sweep.watch(ada, 1_000)
    },
  }
  sweep.watch(ada, 1_000)
  world.advance(10_000)
  expect([times, world.waiting]).toEqual([3, 0])
})
