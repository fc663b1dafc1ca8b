import { statSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { Complaint } from "./complaint.ts"

/**
 * Refuses to work on the files of another account of the machine: what root leaves behind in them, the server could
 * not open any more.
 */
export function checkOwner(data: string): void {
  const owner = statSync(join(data, "parley.db"), { throwIfNoEntry: false })?.uid
  if (owner === undefined || owner === process.getuid?.()) return
  throw new Complaint(
    `The data in ${data} belongs to another account of this machine (uid ${owner}); run this as that account, for example with \`sudo -u\`.`,
  )
}
