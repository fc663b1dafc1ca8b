// Installs what bun.lock pins, once, and bundles the program when it has changed, so that a clean clone needs only
// Node and npm.
// Plain JavaScript for Node 20: it runs before Bun is there.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))

/** Returns true when the dependencies are there and are the ones bun.lock names. */
export function setup() {
  const stamp = `${root}node_modules/.parley-setup`
  const wanted = fingerprint()
  if (read(stamp) === wanted) return true

  process.stderr.write("Installing what Parley needs. This happens once.\n")
  const { devDependencies } = JSON.parse(read(`${root}package.json`) ?? "{}")
  const install = spawnSync("npx", ["--yes", `bun@${devDependencies.bun}`, "install", "--frozen-lockfile"], {
    cwd: root,
    encoding: "utf8",
    // On Windows npx is a .cmd file, which only a shell can start.
    shell: process.platform === "win32",
  })
  if (install.status !== 0) {
    process.stderr.write(`${install.stdout ?? ""}${install.stderr ?? ""}${install.error?.message ?? ""}\n`)
    process.stderr.write("The installation failed. Parley needs Node 20 or newer, npm and a network once.\n")
    return false
  }
  writeFileSync(stamp, wanted)
  return true
}

/** What the bundle is made of. */
const SOURCES = ["cli", "protocol", "sdk", "server", "package.json", "bun.lock"]

/** Returns true when dist/ holds the program as its sources are now. */
export function bundle() {
  const stamp = `${root}dist/.parley-sources`
  const wanted = `${SOURCES.map((source) => newest(`${root}${source}`)).join(" ")}\n`
  if (read(stamp) === wanted) return true
  const build = spawnSync(`${root}node_modules/.bin/bun`, [`${root}cli/build.ts`], {
    cwd: root,
    encoding: "utf8",
  })
  if (build.status !== 0) {
    process.stderr.write(`${build.stdout ?? ""}${build.stderr ?? ""}\nThe program could not be bundled.\n`)
    return false
  }
  writeFileSync(stamp, wanted)
  return true
}

/**
 * When and how often anything below a path was written: removing a file changes its folder.
 * @param {string} path
 * @returns {number}
 */
function newest(path) {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(`${path}/${name}`)), mtimeMs)
}

/** One folder may be mounted on two systems, whose binaries differ: the platform is part of what is current. */
function fingerprint() {
  const lock = createHash("sha256")
    .update(readFileSync(`${root}bun.lock`))
    .digest("hex")
  return `${process.platform} ${process.arch} ${lock}\n`
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isDone = setup() && (process.argv[2] !== "bundle" || bundle())
  process.exitCode = isDone ? 0 : 1
}
