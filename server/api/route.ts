import type { Handler, Method } from "./handler.ts"

/** What a path leads to. */
type Found =
  | { readonly is: "found"; readonly handler: Handler; readonly params: ReadonlyMap<string, string> }
  /** There is something at this path, for other methods. */
  | { readonly is: "other-method"; readonly methods: readonly Method[] }
  | { readonly is: "nothing" }

interface Place {
  readonly next: Map<string, Place>
  /** Where any word may stand. */
  any: Place | undefined
  readonly handlers: Map<Method, Handler>
}

/** Finds handlers by method and path; a word of a path goes before a `{field}`. */
export type Router = (method: Method, path: string) => Found

export function routerOf(table: readonly Handler[]): Router {
  const root = emptyPlace()
  for (const handler of table) {
    const place = handler.path.split("/").slice(1).reduce(placeOf, root)
    place.handlers.set(handler.method, handler)
  }
  return (method, path) => {
    const words = wordsOf(path)
    const place = words && walk(root, words)
    if (!words || !place || place.handlers.size === 0) return { is: "nothing" }
    const handler = place.handlers.get(method)
    if (!handler) return { is: "other-method", methods: [...place.handlers.keys()] }
    return { is: "found", handler, params: paramsOf(handler.path, words) }
  }
}

function emptyPlace(): Place {
  return { next: new Map(), any: undefined, handlers: new Map() }
}

function placeOf(place: Place, word: string): Place {
  if (fieldOf(word) !== undefined) {
    place.any ??= emptyPlace()
    return place.any
  }
  const known = place.next.get(word) ?? emptyPlace()
  place.next.set(word, known)
  return known
}

function walk(place: Place, [word, ...rest]: readonly string[]): Place | undefined {
  if (word === undefined) return place
  const named = place.next.get(word)
  const found = named && walk(named, rest)
  if (found && found.handlers.size > 0) return found
  return place.any && word !== "" ? walk(place.any, rest) : undefined
}

/** Undefined where the path is not well encoded. */
function wordsOf(path: string): readonly string[] | undefined {
  try {
    return path.split("/").slice(1).map(decodeURIComponent)
  } catch {
    return undefined
  }
}

/** `room` of `{room}`. */
export function fieldOf(word: string): string | undefined {
  return /^\{(\w+)\}$/.exec(word)?.[1]
}

function paramsOf(path: string, words: readonly string[]): ReadonlyMap<string, string> {
  const params = new Map<string, string>()
  for (const [index, word] of path.split("/").slice(1).entries()) {
    const field = fieldOf(word)
    if (field !== undefined) params.set(field, words[index] ?? "")
  }
  return params
}
