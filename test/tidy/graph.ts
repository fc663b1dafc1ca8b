import { type Module, modulesOf, resolve } from "./modules.ts"
import { isToolConfig, pathFrom, type Tree } from "./tree.ts"

/** Import circles, type imports counted: a file in one cannot be read, tested or moved alone. */
export function circleFaults(tree: Tree): string[] {
  const targets = new Map(modulesOf(tree).map((module) => [module.path, targetsOf(module, tree)]))
  const faults: string[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (path: string) => {
    const start = trail.indexOf(path)
    if (start >= 0) faults.push([...trail.slice(start), path].join(" -> "))
    if (start >= 0 || done.has(path)) return
    trail.push(path)
    for (const target of targets.get(path) ?? []) visit(target)
    trail.pop()
    done.add(path)
  }
  for (const path of targets.keys()) visit(path)
  return faults
}

/** Files that neither a command, nor a page, nor a test leads to. */
export function unusedFileFaults(tree: Tree): string[] {
  const modules = new Map(modulesOf(tree).map((module) => [module.path, module]))
  const reached = new Set<string>()
  const visit = (path: string) => {
    const module = modules.get(path)
    if (module === undefined || reached.has(path)) return
    reached.add(path)
    for (const target of targetsOf(module, tree)) visit(target)
    for (const target of spawnedBy(module, tree)) visit(target)
  }
  for (const path of entriesOf(tree)) visit(path)
  return [...modules.keys()].filter((path) => !reached.has(path)).map((path) => `${path} is used by nothing`)
}

/** Exports that no other file takes. */
export function unusedExportFaults(tree: Tree): string[] {
  const modules = new Map(modulesOf(tree).map((module) => [module.path, module]))
  const used = new Set<string>()
  const use = (path: string, name: string) => {
    const module = modules.get(path)
    if (module === undefined || used.has(`${path} ${name}`)) return
    used.add(`${path} ${name}`)
    if (name === "*") for (const each of module.exports.keys()) use(path, each)
    // What is taken from a barrel is taken from the files behind it.
    for (const each of module.imports) {
      if (!each.reexport) continue
      const target = resolve(path, each.from, tree)
      if (target !== undefined && (each.names.includes("*") || name === "*" || each.names.includes(name)))
        use(target, name)
    }
  }
  for (const path of entriesOf(tree)) use(path, "*")
  for (const module of modules.values())
    for (const each of module.imports) {
      const target = each.reexport ? undefined : resolve(module.path, each.from, tree)
      if (target !== undefined) for (const name of each.names) use(target, name)
    }
  const faults: string[] = []
  for (const { path, exports } of modules.values())
    for (const [name, line] of exports)
      if (!used.has(`${path} ${name}`)) faults.push(`${path}:${line}: nothing imports ${name}`)
  return faults
}

function targetsOf(module: Module, tree: Tree): string[] {
  const targets = module.imports.map((each) => resolve(module.path, each.from, tree))
  return [...new Set(targets.filter((each) => each !== undefined))]
}

/** Files started as processes of their own, named by their whole path. The examples of tidy start nothing. */
function spawnedBy(module: Module, tree: Tree): string[] {
  if (module.path.startsWith("test/tidy")) return []
  return module.tokens
    .filter((token) => token.kind === "text" && tree.has(token.text))
    .map((token) => token.text)
}

/** Where use begins: commands, tests, pages, and what tools load by name. */
function entriesOf(tree: Tree): string[] {
  const entries = [...tree.keys()].filter(
    (path) => /\.test\.tsx?$/.test(path) || path.endsWith(".d.ts") || isToolConfig(path),
  )
  const scripts = `${tree.get("package.json") ?? ""}\n${tree.get("bunfig.toml") ?? ""}`
  for (const path of tree.keys())
    if (new RegExp(`["/ ]${RegExp.escape(path)}[" ]`).test(scripts)) entries.push(path)
  for (const [page, text] of tree) {
    if (!page.endsWith(".html")) continue
    for (const [, target] of text.matchAll(/(?:src|href)="([^":]+)"/g))
      entries.push(pathFrom(page, `./${target ?? ""}`))
  }
  return entries
}
