import { type Import, type Module, modulesOf, resolve } from "./modules.ts"
import { isTest, isToolConfig, type Tree } from "./tree.ts"

const ADAPTER = ["server/core/ports.ts", "protocol"]

/** The rooms of the house and what each may import beside its own files. */
const LAW: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  sdk: ["protocol"],
  web: ["sdk", "protocol"],
  term: ["sdk", "protocol"],
  "server/core": ["protocol"],
  "server/store": ADAPTER,
  "server/bus": ADAPTER,
  "server/transports": ADAPTER,
  "server/api": ADAPTER,
  "server/accounts": ADAPTER,
  "server/files": ADAPTER,
  "server/search": ADAPTER,
  "server/notify": ADAPTER,
  "server/ops": ADAPTER,
  "server/config.ts": ["protocol"],
  "server/main.ts": ["server", "package.json"],
  cli: ["server/main.ts", "server/config.ts", "term", "sdk", "protocol", "package.json"],
  bench: [""],
  test: [""],
}

/** What a test or a kit may import beyond what its room may. */
const FOR_TESTS = ["test/cast.ts", "test/house.ts", "test/programs.ts"]

/** The one place that may gather other files under its name. */
const BARREL = "protocol/events/index.ts"

const BUN = ["server/store", "server/transports", "server/files", "server/main.ts", "cli", "bench", "test"]
const NODE = [...BUN, "sdk/links", "sdk/caches", "server/accounts", "server/notify", "server/ops", "term"]

/** `protocol` depends on the schema library and on nothing else. */
const SCHEMAS = "typebox"

export function importFaults(tree: Tree): string[] {
  const faults: string[] = []
  for (const module of modulesOf(tree)) {
    if (isToolConfig(module.path)) continue
    const room = roomOf(module.path)
    if (room === undefined) {
      faults.push(`${module.path} stands in no room of the house`)
      continue
    }
    const allowed = [room, ...(LAW[room] ?? []), ...(isTest(module.path) ? FOR_TESTS : [])]
    for (const each of module.imports) {
      const target = resolve(module.path, each.from, tree)
      if (target !== undefined && !within(target, allowed))
        faults.push(`${place(module, each)}: ${room} may not import ${target}`)
      if (target === undefined) faults.push(...packageFaults(module, each))
    }
  }
  return faults
}

function packageFaults(module: Module, each: Import): string[] {
  if (!within(module.path, ["protocol"]) || isTest(module.path) || /^(\.|node:|bun)/.test(each.from))
    return []
  const name = each.from.split("/")[0]
  return name === SCHEMAS
    ? []
    : [`${place(module, each)}: protocol depends on ${SCHEMAS} only, not on ${each.from}`]
}

/** Re-exporting hides where a thing lives, and joins files into import circles. */
export function barrelFaults(tree: Tree): string[] {
  const faults: string[] = []
  for (const module of modulesOf(tree)) {
    if (module.path === BARREL) continue
    if (/(^|\/)index\.tsx?$/.test(module.path)) faults.push(`${module.path} is a barrel by its name`)
    const taken = new Set(module.imports.filter((each) => !each.reexport).flatMap((each) => each.names))
    for (const each of module.imports)
      if (each.reexport) faults.push(`${place(module, each)}: exports what ${each.from} declares`)
    for (const [name, line] of module.exports)
      if (taken.has(name) && name !== "default")
        faults.push(`${module.path}:${line}: exports the imported ${name}`)
  }
  return faults
}

/** Only the rooms that touch the machine name what one runtime brings. */
export function runtimeFaults(tree: Tree): string[] {
  const faults: string[] = []
  for (const module of modulesOf(tree)) {
    if (isTest(module.path) || isToolConfig(module.path)) continue
    const [bun, node] = [within(module.path, BUN), within(module.path, NODE)]
    for (const each of module.imports) {
      if (!bun && /^bun(:|$)/.test(each.from)) faults.push(`${place(module, each)}: names ${each.from}`)
      if (!node && each.from.startsWith("node:")) faults.push(`${place(module, each)}: names ${each.from}`)
    }
    if (!bun) for (const line of namesBun(module)) faults.push(`${module.path}:${line}: names Bun`)
  }
  return faults
}

function namesBun(module: Module): number[] {
  const { tokens } = module
  const lines = tokens.flatMap((token, index) => {
    if (token.kind !== "word" || token.text !== "Bun") return []
    const [before, after] = [tokens[index - 1]?.text ?? "", tokens[index + 1]?.text ?? ""]
    const own = before !== "." || tokens[index - 2]?.text === "globalThis"
    return own && ([".", "["].includes(after) || ["typeof", "=", "."].includes(before)) ? [token.line] : []
  })
  return [...new Set(lines)]
}

function roomOf(path: string): string | undefined {
  // The test of a file that is a room by itself belongs to that room.
  const tested = path.replace(/\.test\.ts$/, ".ts")
  return Object.keys(LAW).find((room) => within(path, [room]) || room === tested)
}

function within(path: string, places: readonly string[]): boolean {
  return places.some((each) => each === "" || path === each || path.startsWith(`${each}/`))
}

function place(module: Module, each: Import): string {
  return `${module.path}:${each.line}`
}
