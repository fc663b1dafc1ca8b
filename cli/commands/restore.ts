import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { anyText, option, required, yes } from "../../server/config.ts"
import { upkeep } from "../../server/main.ts"
import { command } from "../command.ts"
import { Complaint, exitCodes, misused } from "../complaint.ts"
import { loadConfig } from "../load-config.ts"
import { answered } from "../operator.ts"
import { checkOwner } from "../ownership.ts"
import { unpack } from "../packed.ts"
import { startProgress } from "../progress.ts"
import { counted, say } from "../terminal.ts"

export const restore = command({
  words: "restore",
  sentence: "Makes a backup the data of a server.",
  more: [
    "The server must not run. The backup is verified first. Clients that remember more than it holds notice, and follow anew.",
  ],
  server: "where",
  options: {
    from: required(anyText("DIR|FILE", "the folder or the file that `parley backup` made"), "The backup."),
    replace: option("", yes, "off", "Give up the record that is in the data folder now."),
  },
  run: async ({ values: { from, replace }, given }) => {
    const { data } = await loadConfig(given)
    checkOwner(data)
    const source = resolve(from)
    if (!existsSync(source)) throw misused(`There is no backup at ${source}; check --from.`)
    const unpacked = statSync(source).isFile() ? mkdtempSync(join(tmpdir(), "parley-restore-")) : undefined
    const progress = startProgress({ what: "Restoring", total: undefined })
    try {
      if (!replace && existsSync(data) && readdirSync(data).length > 0)
        throw new Complaint(
          `${data} is not empty; take another folder, or give up the record in it with --replace, which leaves other files as they are.`,
        )
      if (unpacked !== undefined) await unpack(source, unpacked)
      const tell = ({ events }: { readonly events: number }) => progress.at(events)
      const made = await answered(upkeep.restore(unpacked ?? source, data, { replace }, tell))
      progress.end()
      say(`${resolve(data)} holds ${counted(made.events, "event")} of ${counted(made.rooms, "log")} now.`)
      say("`parley serve` serves it, in a new epoch.")
      return exitCodes.done
    } finally {
      if (unpacked !== undefined) rmSync(unpacked, { recursive: true, force: true })
    }
  },
})
