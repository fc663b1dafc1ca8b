/**
 * What an error of the database means: `full` the disk, `damaged` pages that cannot be read, `conflict` a unique value
 * taken, `failed` the disk did not do its part, `wrong` the statement or its values are at fault.
 */
type Fault = "full" | "damaged" | "conflict" | "failed" | "wrong"

export function faultOf(error: unknown): Fault {
  const code = codeOf(error)
  if (code === "SQLITE_FULL" || code === "SQLITE_IOERR_SHMSIZE") return "full"
  if (code === "SQLITE_CORRUPT" || code.startsWith("SQLITE_CORRUPT_") || code === "SQLITE_NOTADB")
    return "damaged"
  if (code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY") return "conflict"
  if (/^SQLITE_(IOERR|BUSY|LOCKED|NOMEM|READONLY|PERM|CANTOPEN|PROTOCOL|INTERRUPT)/.test(code))
    return "failed"
  return "wrong"
}

/** Another connection has the database. */
export function isLocked(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_BUSY")
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined
  return typeof code === "string" ? code : ""
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
