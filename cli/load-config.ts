import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import {
  type Config,
  type Given,
  isWrong,
  readConfig,
  readEnvironment,
  readFile,
  serverOptions,
  settle,
  whereOptions,
} from "../server/config.ts"
import { misused } from "./complaint.ts"

/** The file of options that a data folder may hold. */
const CONFIG_FILE = "parley.toml"

/** A server's options from flags, environment and file. */
export async function loadConfig(flags: Given): Promise<Config> {
  const environment = right(readEnvironment(serverOptions, process.env))
  const { data, config: named } = right(settle(whereOptions, [flags, environment]))
  if (statSync(data, { throwIfNoEntry: false })?.isFile())
    throw misused(`${data} is a file; name the data folder with --data.`)
  const path = named ?? join(data, CONFIG_FILE)
  const content = read(path, named !== undefined)
  const file: Given = content === undefined ? new Map() : await readToml(path, content)
  return right(readConfig([flags, environment, file]))
}

/** The parser is loaded only where there is a file: it is 3 MB that most servers never need. */
async function readToml(path: string, content: string): Promise<Given> {
  const { parse } = await import("smol-toml")
  return right(readFile(serverOptions, path, content, parse))
}

function read(path: string, mustExist: boolean): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT"
    if (missing && !mustExist) return undefined
    throw misused(
      `${path} cannot be read${missing ? "; there is no such file" : ""}. Check --config and who may read it.`,
    )
  }
}

function right<Value extends object>(value: Value | { readonly wrong: string }): Value {
  if (isWrong(value)) throw misused(value.wrong)
  return value
}
