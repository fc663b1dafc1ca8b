import { dlopen, FFIType } from "bun:ffi"
import { readFileSync } from "node:fs"
import process from "node:process"

/** By then what only starting needs has run. */
const STARTED_AFTER_MS = 2_000
const MADV_DONTNEED = 4
/** The program code of the runtime: mapped from its file, never written, so that dropping it loses nothing. */
const CODE = /^([0-9a-f]+)-([0-9a-f]+) r-xp .* (\/.*)$/

/**
 * Once, a while after the start, gives back the pages of the runtime's own code: a third of a fresh server's memory is
 * compilers and parsers that ran once. What is needed again is mapped again from the file cache, in microseconds. Only
 * on Linux with glibc; elsewhere nothing happens.
 */
export function trimAfterStart(): void {
  if (process.platform !== "linux") return
  setTimeout(() => {
    try {
      dropCode()
    } catch {
      // It would only have saved memory.
    }
  }, STARTED_AFTER_MS).unref()
}

function dropCode(): void {
  const libc = dlopen("libc.so.6", {
    madvise: { args: [FFIType.u64, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
  })
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    const found = CODE.exec(line)
    if (found?.[3] !== process.execPath) continue
    const [from, to] = [BigInt(`0x${found[1]}`), BigInt(`0x${found[2]}`)]
    libc.symbols.madvise(from, to - from, MADV_DONTNEED)
  }
  libc.close()
}
