import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs"
import { join } from "node:path"

const MiB = 1024 * 1024
const BALLAST_BYTES_MAX = 16 * MiB
/** On a small disk it is a smaller part. */
const DISK_PER_BALLAST = 8
/** With less than this even opening a database may fail. */
const SPARE_BYTES_MIN = MiB

/**
 * A file that holds room on the disk and nothing else. When somebody fills the disk it is let go, so that what makes
 * room, such as deleting messages, can still be written; it is made again when there is room.
 */
export interface Ballast {
  /** False: what room there is, is for cleaning up. Asks the disk; makes the ballast again when it may. */
  hasRoom(): boolean
  /** Gives its room to the disk; false when it has none to give. */
  release(): boolean
}

/** Where there is none to speak of: on a disk of a few megabytes. */
const noBallast: Ballast = { hasRoom: () => true, release: () => false }

/** Takes up the ballast of a data folder. Let go at once when the disk is so full that nothing would open. */
export function holdBallast(folder: string): Ballast {
  const path = join(folder, "ballast")
  const disk = diskBytes(folder)
  const bytes = Math.floor(Math.min(BALLAST_BYTES_MAX, disk.all / DISK_PER_BALLAST) / MiB) * MiB
  if (bytes === 0) return noBallast
  let held = existsSync(path)
  const ballast: Ballast = {
    hasRoom() {
      const { free } = diskBytes(folder)
      // As much again stays free, for what the database has in its log file and not in its own yet.
      if (held) return free >= bytes
      held = free >= bytes * 2 && fill(path, bytes)
      return held
    },
    release() {
      const had = held
      if (had) rmSync(path, { force: true })
      held = false
      return had
    },
  }
  if (disk.free < SPARE_BYTES_MIN) ballast.release()
  else ballast.hasRoom()
  return ballast
}

function diskBytes(folder: string): { readonly all: number; readonly free: number } {
  const { blocks, bavail, bsize } = statfsSync(folder)
  return { all: blocks * bsize, free: bavail * bsize }
}

/** False, with nothing left behind, when there is no room for it. */
function fill(path: string, bytes: number): boolean {
  const block = new Uint8Array(MiB)
  // Random, since some file systems keep no room for zeros.
  for (let at = 0; at < MiB; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536))
  try {
    const file = openSync(path, "w", 0o600)
    try {
      for (let written = 0; written < bytes; )
        written += writeSync(file, block, 0, Math.min(MiB, bytes - written))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    return true
  } catch {
    rmSync(path, { force: true })
    return false
  }
}
