import type { Handler } from "./handler.ts"

// What stands in an address is text; a schema says what it means.

interface Form {
  readonly type?: unknown
  readonly anyOf?: readonly Form[]
}

/** Reads the texts of an address by the schema of their fields. What does not fit stays text, and is refused as such. */
export function inputOf(
  schema: Handler["input"],
  fields: Iterable<readonly [string, string]>,
): Record<string, unknown> {
  const input: Record<string, unknown> = Object.create(null)
  for (const [name, text] of fields) {
    const form: Form | undefined = Object.hasOwn(schema.properties, name)
      ? schema.properties[name]
      : undefined
    const value = meaningOf(form, text)
    const known = input[name]
    // A list may be given at once, `ids=1,2`, or one by one, `ids=1&ids=2`.
    input[name] = Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : value
  }
  return { ...input }
}

function meaningOf(form: Form | undefined, text: string): unknown {
  if (form?.type === "array") return text === "" ? [] : text.split(",")
  if (form?.type === "boolean" && (text === "true" || text === "false")) return text === "true"
  if (takesNumber(form) && /^-?\d{1,16}$/.test(text)) return Number(text)
  return text
}

function takesNumber(form: Form | undefined): boolean {
  const all = form?.anyOf ?? (form ? [form] : [])
  return all.some(({ type }) => type === "integer" || type === "number")
}
