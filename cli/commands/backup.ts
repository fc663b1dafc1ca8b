import { existsSync, rmSync } from "node:fs"
import { resolve } from "node:path"
import { anyText, required } from "../../server/config.ts"
import { upkeep } from "../../server/main.ts"
import { command } from "../command.ts"
import { Complaint, exitCodes } from "../complaint.ts"
import { loadConfig } from "../load-config.ts"
import { answered } from "../operator.ts"
import { checkOwner } from "../ownership.ts"
import { isPackedName, pack } from "../packed.ts"
import { startProgress } from "../progress.ts"
import { counted, say, size } from "../terminal.ts"

export const backup = command({
  words: "backup",
  sentence: "Copies everything, checked, also while a server runs.",
  more: [
    "The copy is one moment of the whole record. It is verified event by event before it gets its name, so there is never half a backup. Options and certificates are not in it.",
  ],
  server: "where",
  options: {
    to: required(
      anyText("DIR|FILE", "the path of a folder, or of a file that ends in .gz"),
      "A folder that is empty or not there, or a file.",
    ),
  },
  run: async ({ values, given }) => {
    const { data } = await loadConfig(given)
    checkOwner(data)
    const to = resolve(values.to)
    const packs = isPackedName(to)
    if (packs && existsSync(to)) throw new Complaint(`${to} is there already; take another name.`)
    const into = packs ? `${to}.folder` : to
    const progress = startProgress({ what: "Copying", total: undefined })
    try {
      const made = await answered(upkeep.backup(data, into, ({ events }) => progress.at(events)))
      progress.end()
      if (packs) await pack(into, to)
      say(
        `${to} holds ${counted(made.events, "event")} of ${counted(made.rooms, "log")}, ${size(made.bytes)}.`,
      )
      return exitCodes.done
    } finally {
      if (packs) rmSync(into, { recursive: true, force: true })
    }
  },
})
