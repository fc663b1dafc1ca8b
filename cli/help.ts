import { flagOf, type Option, variableOf } from "../server/config.ts"
import type { Command } from "./command.ts"
import { bold, wrapped } from "./terminal.ts"

const WIDTH = 80

/** What `parley help` shows. */
export function overview(commands: readonly Command[]): string {
  const widest = Math.max(...commands.map((each) => usage(each).length))
  const indent = " ".repeat(widest + 4)
  const lines = commands.map(
    (each) => `  ${usage(each).padEnd(widest)}  ${wrapped(each.sentence, WIDTH - indent.length, indent)}`,
  )
  return [
    "Parley, a chat server people run themselves.",
    "",
    bold("Usage: parley COMMAND [OPTIONS]"),
    "",
    ...lines,
    "",
    "`parley help COMMAND` tells more of one of them.",
    "A command ends with 0 when it is done, 1 when it failed, 2 when it was called",
    "wrongly, 3 when `verify` found damage, 130 when it was interrupted.",
  ].join("\n")
}

function usage({ words, takes }: Command): string {
  return [words, ...takes].join(" ")
}

/** What `parley help COMMAND` and `parley COMMAND --help` show. */
export function helpOf(command: Command): string {
  const entries = Object.entries(command.options)
  const groups = [...new Set(entries.map(([, { group }]) => group))]
  const has = entries.length > 0 ? " [OPTIONS]" : ""
  const isServer = "http" in command.options
  return [
    bold(`Usage: parley ${usage(command)}${has}`),
    "",
    wrapped(command.sentence, WIDTH),
    ...command.more.flatMap((paragraph) => ["", wrapped(paragraph, WIDTH)]),
    ...groups.flatMap((group) => [
      "",
      bold(group === "" ? "Options" : group),
      ...entries.filter(([, each]) => each.group === group).map(([key, each]) => optionLines(key, each)),
    ]),
    ...(isServer ? ["", wrapped(SOURCES, WIDTH)] : []),
  ].join("\n")
}

const SOURCES =
  'Each option may also stand in the environment (--tcp-tls as PARLEY_TCP_TLS) or in parley.toml in the data folder (tcp-tls = "HOST:PORT"). A flag goes before the environment, the environment before the file.'

/** Columns of the left side. */
const LEFT = 26

function optionLines(key: string, { form, sentence, default: standard, secret, unbuilt }: Option): string {
  const head = secret
    ? `${variableOf(key)}, only in the environment or the file`
    : `${flagOf(key)} ${form.hint}`
  const remarks = [
    ...(standard === undefined || form.hint === "" || (unbuilt && standard === "off")
      ? []
      : [`Default: ${standard}.`]),
    ...(unbuilt ? [standard === "off" ? "Not built yet." : "Of these the last is not built yet."] : []),
  ]
  const text = [sentence, ...remarks].join(" ")
  const lines = wrapped(text, WIDTH - LEFT, " ".repeat(LEFT))
  const left = `  ${head.trimEnd()}`
  return left.length + 2 <= LEFT ? left.padEnd(LEFT) + lines : `${left}\n${" ".repeat(LEFT)}${lines}`
}
