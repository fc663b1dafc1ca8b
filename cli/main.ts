import process from "node:process"
import { listed, nearest } from "../server/config.ts"
import type { Command } from "./command.ts"
import { backup } from "./commands/backup.ts"
import { exportCommand } from "./commands/export.ts"
import { importCommand } from "./commands/import.ts"
import { invite } from "./commands/invite.ts"
import { restore } from "./commands/restore.ts"
import { serve } from "./commands/serve.ts"
import { userAdd, userList, userPassword, userRole } from "./commands/user.ts"
import { verify } from "./commands/verify.ts"
import { versionCommand } from "./commands/version.ts"
import { Complaint, exitCodes, misused } from "./complaint.ts"
import { helpOf, overview } from "./help.ts"
import { harmless, note, say } from "./terminal.ts"
import { unexpected } from "./unexpected.ts"

/** In the order of the help. */
const commands: readonly Command[] = [
  serve,
  userAdd,
  userPassword,
  userRole,
  userList,
  invite,
  importCommand,
  exportCommand,
  backup,
  restore,
  verify,
  versionCommand,
]

// What it writes is for the account that runs it: history, people, exports.
process.umask(0o077)
// Whoever read our output has read enough: `parley export | head`, `parley serve | head`.
process.stdout.on("error", () => process.stdout.destroy())
process.exitCode = await run(process.argv.slice(2))

async function run(argv: readonly string[]): Promise<number> {
  try {
    return await obey(argv)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") return exitCodes.failed
    note(`parley: ${error instanceof Complaint ? error.message : unexpected(error)}`)
    return error instanceof Complaint ? error.code : exitCodes.failed
  }
}

async function obey(argv: readonly string[]): Promise<number> {
  const [first = "help", ...rest] = argv
  if (first === "--version" || first === "-v") return versionCommand.start([])
  if (first === "help" || first === "--help" || first === "-h") return help(rest)
  const found = find(argv)
  const options = found.argv.slice(0, indexOr(found.argv, "--"))
  if (options.includes("--help") || options.includes("-h")) {
    say(helpOf(found.command))
    return exitCodes.done
  }
  return found.command.start(found.argv)
}

function help(words: readonly string[]): number {
  if (words.length === 0) {
    say(overview(commands))
    return exitCodes.done
  }
  const several = commands.filter((each) => each.words.startsWith(`${words.join(" ")} `))
  say(several.length > 0 ? several.map(helpOf).join("\n\n") : helpOf(find(words).command))
  return exitCodes.done
}

/** The command of one word or of two, and what follows it. */
function find(argv: readonly string[]): { readonly command: Command; readonly argv: readonly string[] } {
  for (const count of [2, 1]) {
    const words = argv.slice(0, count).join(" ")
    const command = commands.find((each) => each.words === words)
    if (command) return { command, argv: argv.slice(count) }
  }
  throw misused(unknown(argv.slice(0, 2).map(harmless)))
}

function unknown(typed: readonly string[]): string {
  const known = commands.map(({ words }) => words)
  const [first = ""] = typed
  const guess = nearest(typed.join(" "), known, 2) ?? nearest(first, known, 2)
  if (guess !== undefined) return `There is no command ${typed.join(" ")}; did you mean \`parley ${guess}\`?`
  const family = known.filter((words) => words.startsWith(`${first} `)).map((words) => `\`parley ${words}\``)
  return family.length > 0
    ? `There is ${listed(family)}; say which.`
    : `There is no command ${first}; \`parley help\` lists all.`
}

function indexOr(argv: readonly string[], word: string): number {
  const at = argv.indexOf(word)
  return at < 0 ? argv.length : at
}
