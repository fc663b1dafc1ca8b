import process from "node:process"
import { version } from "../../package.json"
import { command } from "../command.ts"
import { exitCodes } from "../complaint.ts"
import { say } from "../terminal.ts"

export const versionCommand = command({
  words: "version",
  sentence: "Says which Parley this is, and what it runs on.",
  server: "none",
  run: async () => {
    say(`Parley ${version} (Bun ${Bun.version}, ${process.platform} ${process.arch})`)
    return exitCodes.done
  },
})
