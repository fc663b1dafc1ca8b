import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"

const BALLAST_BYTES = 16 * 1024 * 1024
const BLOCK_BYTES = 1024 * 1024

/**
 * A file that holds room on the disk and nothing else. When the disk is full it is let go, so that what makes room,
 * such as deleting messages, can still be written; it is made again when there is room.
 */
export interface Ballast {
  /** False while it is let go: the room that is left is for cleaning up. */
  isHeld(): boolean
  /** Gives its room to the disk; false when it has none to give. */
  release(): boolean
  /** Makes it again once twice its size is free; answers as `isHeld` then does. */
  restore(): boolean
}

/** For a database that lies nowhere, or on a disk that never had room for ballast. */
const none: Ballast = { isHeld: () => true, release: () => false, restore: () => true }

export function holdBallast(folder: string, bytesMax = BALLAST_BYTES): Ballast {
  const path = join(folder, "ballast")
  let held = existsSync(path)
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  }
  const size = Math.min(bytesMax, Math.floor(freeBytes() / 4 / BLOCK_BYTES) * BLOCK_BYTES)
  if (!held && !fill(path, size)) return none
  held = true
  const wanted = Math.max(size, BLOCK_BYTES)
  return {
    isHeld: () => held,
    release() {
      if (!held) return false
      rmSync(path, { force: true })
      held = false
      return true
    },
    restore() {
      if (!held) held = freeBytes() >= wanted * 2 && fill(path, wanted)
      return held
    },
  }
}

/** False, with nothing left behind, when there is no room for it. */
function fill(path: string, bytes: number): boolean {
  if (bytes < BLOCK_BYTES) return false
  const block = new Uint8Array(BLOCK_BYTES)
  // Random, since some file systems keep no room for zeros.
  for (let at = 0; at < BLOCK_BYTES; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536))
  try {
    const file = openSync(path, "w", 0o600)
    try {
      for (let written = 0; written < bytes; )
        written += writeSync(file, block, 0, Math.min(BLOCK_BYTES, bytes - written))
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
