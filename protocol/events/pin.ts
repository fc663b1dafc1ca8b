import type { Static } from "typebox"
import type { Citations } from "../event.ts"
import { type Head, setWithout } from "../head.ts"
import { limits } from "../limits.ts"
import { type Actor, forbids } from "../policy.ts"
import { type Checked, type Matter, refused, strict, type Verdict } from "./matter.ts"
import { aimedAt, changing } from "./message.ts"

const Pin = strict({})
type Pin = Static<typeof Pin>

function decide(
  kind: "pin.added" | "pin.removed",
  head: Head,
  actor: Actor,
  _command: Checked<Pin>,
  cited: Citations,
): Verdict {
  const no = forbids(head, actor, kind)
  if (no) return refused(no)
  if (head.archived && kind === "pin.added") return refused("archived")
  const target = aimedAt(head, actor, cited.target)
  if (!target) return refused("no-such-message")
  if (head.pins.has(target.seq) === (kind === "pin.added")) return refused("already")
  if (kind === "pin.added" && head.pins.size >= limits.pinsPerRoomMax) {
    return refused("too-many", `A room keeps at most ${limits.pinsPerRoomMax} pins; remove one first.`)
  }
  return changing(kind, {}, target)
}

export const pin = {
  "pin.added": {
    body: Pin,
    aims: true,
    decide: (...args) => decide("pin.added", ...args),
    evolve: (head, event) => ({ ...head, pins: new Set([...head.pins, event.target ?? 0]) }),
  } satisfies Matter<Pin>,
  "pin.removed": {
    body: Pin,
    aims: true,
    decide: (...args) => decide("pin.removed", ...args),
    evolve: (head, event) => ({ ...head, pins: setWithout(head.pins, event.target ?? 0) }),
  } satisfies Matter<Pin>,
}
