import { expect, test } from "bun:test"
import { confusables } from "../protocol/confusables.ts"
import { skeleton } from "../protocol/skeleton.ts"
import { openIcu, tableFrom } from "./confusables.ts"

const icu = openIcu()
if (!icu) console.warn("Two tests are skipped: they need ICU 72 (libicu72), which is not on this machine.")

test.skipIf(!icu)("the table of lookalikes is the one ICU makes of Unicode's confusables", () => {
  if (icu) expect(tableFrom(icu)).toContain(confusables)
})

test.skipIf(!icu)("names that ICU takes for lookalikes share their skeleton", () => {
  const names = ["Ada", "\u0410da", "\u0430da", "paypal", "p\u0430yp\u0430l", "modern", "modem", "Bob", "B0b"]
  for (const one of names)
    for (const other of names)
      if (icu?.(one) === icu?.(other)) expect([one, skeleton(one)]).toEqual([one, skeleton(other)])
})
