import { readFileSync } from "node:fs"
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
export function loadConfig(flags: Given): Config {
  const environment = right(readEnvironment(serverOptions, process.env))
  const { data, config: named } = right(settle(whereOptions, [flags, environment]))
  const path = named ?? join(data, CONFIG_FILE)
  const content = read(path, named !== undefined)
  const file: Given = content === undefined ? new Map() : right(readFile(serverOptions, path, content))
  return right(readConfig([flags, environment, file]))
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
