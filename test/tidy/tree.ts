import { readdirSync, readFileSync } from "node:fs"
import { extname } from "node:path"

/** Every file of the house by its path from the root; the text of the ones people write, "" for the rest. */
export type Tree = ReadonlyMap<string, string>

const SKIPPED = new Set([".git", "node_modules", "data", "dist", "coverage", "runs"])
const WRITTEN = new Set([".ts", ".tsx", ".js", ".mjs", ".css", ".html", ".json", ".md", ".toml"])

export function readTree(root: string): Tree {
  const tree = new Map<string, string>()
  const walk = (folder: string) => {
    for (const entry of readdirSync(`${root}/${folder}`, { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(path)
      if (entry.isFile())
        tree.set(path, WRITTEN.has(extname(path)) ? readFileSync(`${root}/${path}`, "utf8") : "")
    }
  }
  walk("")
  return tree
}

/** Code the laws of the house speak of. */
export function isSource(path: string): boolean {
  return /\.(ts|tsx|js|mjs|css)$/.test(path)
}

/** A test, or a kit of tests that every adapter of a port passes. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /[/-]contract\.ts$/.test(path)
}

/** A file that a tool loads by its name, such as a bundler's configuration. */
export function isToolConfig(path: string): boolean {
  return /\.config\.(ts|js|mjs)$/.test(path)
}

/** `links/../replica.ts` as seen from `sdk/client.ts` is `sdk/replica.ts`. */
export function pathFrom(file: string, relative: string): string {
  const parts = file.split("/").slice(0, -1)
  for (const part of relative.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "." && part !== "") parts.push(part)
  }
  return parts.join("/")
}
