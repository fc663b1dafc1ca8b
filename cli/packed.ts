import {
  createReadStream,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"
import { createGunzip, createGzip } from "node:zlib"
import { Complaint } from "./complaint.ts"

/** The one file that a backup holds. */
const DATABASE = "parley.db"

export function isPackedName(path: string): boolean {
  return path.endsWith(".gz")
}

/** Packs a backup folder into one file, which has its name only once it is whole and on disk. */
export async function pack(folder: string, path: string): Promise<void> {
  const partial = `${path}.partial`
  await pipeline(
    createReadStream(join(folder, DATABASE)),
    createGzip({ level: 6 }),
    createWriteStream(partial, { mode: 0o600, flush: true }),
  )
  renameSync(partial, path)
  fsyncSync(openSync(dirname(path), "r"))
}

/** Unpacks what `pack` made into a folder; a file that is cut off is refused. */
export async function unpack(path: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    await pipeline(
      createReadStream(path),
      createGunzip(),
      createWriteStream(join(folder, DATABASE), { mode: 0o600 }),
    )
  } catch {
    rmSync(folder, { recursive: true, force: true })
    throw new Complaint(`${path} cannot be read to its end; it is no backup, or it is cut off.`)
  }
}
