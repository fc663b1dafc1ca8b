import { limits } from "../../protocol/limits.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { fitsBytes, isBlank, isCleanLine, isCleanText } from "../../protocol/text.ts"
import type { HouseSettings, SettingServices } from "../core/ports.ts"
import { type Ground, stored } from "./ground.ts"
import { askedBy, refuseRight } from "./ranks.ts"

export function settingServices({ house }: Ground): SettingServices {
  return {
    current: () => house.settings,
    set: (by, key, value) =>
      stored(async () => {
        const refused = refuseRight(by, "house.setting") ?? refuseValue(key, value)
        if (refused) return refused
        if (house.settings[key] === value) return refuse("already")
        return house.record({ kind: "house.setting", body: { key, value, ...askedBy(by) } })
      }),
  }
}

function refuseValue(key: keyof HouseSettings, value: string): Refusal | undefined {
  switch (key) {
    case "registration":
      return ["open", "invite", "closed"].includes(value)
        ? undefined
        : refuse("bad-input", "Registration is open, invite or closed.")
    case "name":
      return fits(value, limits.settingBytesMax) && isCleanLine(value) && !isBlank(value)
        ? undefined
        : refuse("bad-text")
    case "welcome":
      return fits(value, limits.settingBytesMax) ? undefined : refuse("bad-text")
    default:
      return key satisfies never
  }
}

function fits(text: string, bytesMax: number): boolean {
  return isCleanText(text) && fitsBytes(text, bytesMax)
}
