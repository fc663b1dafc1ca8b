import process from "node:process"
import { harmless } from "./terminal.ts"

/**
 * What the server's parts throw is a sentence for people, and what the system says of a file becomes one. Anything else
 * is a bug: its first line, and the rest for whoever asks.
 */
export function unexpected(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (process.env.PARLEY_LOG?.includes("debug") && error instanceof Error) return error.stack ?? message
  const [first = ""] = message.split("\n")
  if (/^[A-Z][a-z]+ .*[.?]$/.test(message)) return harmless(first)
  if (/^The /.test(message)) return `${harmless(first)}.`
  return (
    fileTrouble(first) ??
    `${harmless(first)}. That was not expected; PARLEY_LOG=debug shows where it happened.`
  )
}

/** By the message alone, since errors of a worker arrive without their codes. */
function fileTrouble(message: string): string | undefined {
  const [, code = "", path = ""] = /^(E[A-Z]+): .*'([^']+)'$/.exec(message) ?? []
  const why = fileTroubles.get(code)
  return why === undefined ? undefined : `${harmless(path)}: ${why}`
}

const fileTroubles: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder; check the path."],
  ["ENOTDIR", "a part of this path is a file; check the path."],
  ["EISDIR", "this is a folder; name a file."],
  ["EEXIST", "this is there already; take another name."],
  ["EACCES", "this account may not use it; run the command as the one that may."],
  ["EPERM", "this account may not use it; run the command as the one that may."],
  ["EROFS", "this disk takes no writes; name a place on another."],
  ["ENOSPC", "the disk is full; make room, or name a place on another."],
])
