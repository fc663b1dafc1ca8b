import { closeSync, fsyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from "node:fs"
import { arch, cpus, platform, release, totalmem } from "node:os"
import { join } from "node:path"
import { version } from "../package.json"
import { percentile } from "./figures.ts"

/** File systems by their magic number, as Linux names them (statfs(2)). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  2035054128: "overlay",
  16914836: "tmpfs, which is no disk",
  801189825: "zfs",
}
const SYNCS = 500

/** What the figures were measured on, one line each. */
export function machine(folder: string): readonly string[] {
  const [first] = cpus()
  const gigabytes = (totalmem() / 1e9).toFixed(1)
  return [
    `Machine: ${first?.model.trim()}, ${cpus().length} cores, ${gigabytes} GB memory, ${platform()} ${release()} ${arch()}`,
    `Disk: ${FILE_SYSTEMS[statfsSync(folder).type] ?? "file system unknown"}, a write of 4 KB with fsync takes ${syncText(folder)}`,
    `Versions: Bun ${Bun.version}, Parley ${version}, commit ${commit()}`,
  ]
}

/** How long writes of one page take, each brought to the disk: a disk that others use shows in the slow ones. */
function syncText(folder: string): string {
  const path = join(folder, "sync")
  const file = openSync(path, "w")
  const page = new Uint8Array(4_096)
  const times = Array.from({ length: SYNCS }, () => {
    const startedMs = performance.now()
    writeSync(file, page)
    fsyncSync(file)
    return performance.now() - startedMs
  })
  closeSync(file)
  rmSync(path)
  return `${percentile(times, 0.5).toFixed(2)} ms at the median, ${percentile(times, 0.99).toFixed(1)} ms at p99`
}

function commit(): string {
  const git = (...words: string[]) =>
    Bun.spawnSync(["git", ...words], { cwd: import.meta.dir })
      .stdout.toString()
      .trim()
  const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : ", with changes"
  return `${git("rev-parse", "--short", "HEAD") || "unknown"}${changed}`
}

/** 1 for an idle machine with one busy program; what others do while it is measured spoils the figures. */
export function loadAverage(): number {
  return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0])
}
