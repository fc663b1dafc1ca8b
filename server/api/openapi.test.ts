import { describe, expect, test } from "bun:test"
import { openApiDocument } from "./openapi.ts"
import { table } from "./table.ts"

type Json = Readonly<Record<string, unknown>>

const document: Json = JSON.parse(
  JSON.stringify(openApiDocument(table, { name: "Parley", version: "1.2.3" })),
)
const paths = document.paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly security?: readonly object[]
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema: Json
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Json }>> }
  readonly responses: Readonly<Record<string, Json>>
}

/** Everything in a document that is an object, with the way to it. */
function* parts(value: unknown, way = "#"): Generator<readonly [string, Json]> {
  if (typeof value !== "object" || value === null) return
  if (!Array.isArray(value)) yield [way, value as Json]
  for (const [field, each] of Object.entries(value)) yield* parts(each, `${way}/${field}`)
}

function at(pointer: string): unknown {
  let place: unknown = document
  for (const step of pointer.replace(/^#\//, "").split("/")) {
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, step)) return undefined
    place = Reflect.get(place, step)
  }
  return place
}

const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

describe("the OpenAPI document", () => {
  test("is of version 3.1 and says what the server is", () => {
    expect(document.openapi).toBe("3.1.0")
    expect(document.info).toMatchObject({ title: "Parley", version: "1.2.3" })
    expect(Object.keys(document).sort()).toEqual([
      "components",
      "info",
      "openapi",
      "paths",
      "security",
      "servers",
    ])
  })

  test("holds every request of the table once", () => {
    expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(
      table.map(({ name }) => name).sort(),
    )
    for (const { name, method, path } of table)
      expect(paths[path]?.[method.toLowerCase()]?.operationId).toBe(name)
  })

  test("points at nothing that is not there, and at each named shape from somewhere", () => {
    const pointers = [...parts(document)].flatMap(([, part]) =>
      typeof part.$ref === "string" ? [part.$ref] : [],
    )
    expect(pointers.length).toBeGreaterThan(100)
    for (const pointer of pointers) expect([pointer, typeof at(pointer)]).toEqual([pointer, "object"])
    const shapes = Object.keys(at("#/components/schemas") as object)
    for (const shape of shapes.filter((one) => one !== "Refusal"))
      expect(pointers).toContain(`#/components/schemas/${shape}`)
  })

  test("declares each field of a path, and no other, as one of the path", () => {
    for (const { path, operation } of operations) {
      const fields = [...path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field ?? "")
      const declared = operation.parameters.filter((each) => each.in === "path")
      expect(declared.map(({ name }) => name).sort()).toEqual(fields.sort())
      for (const { required } of declared) expect(required).toBe(true)
      const names = operation.parameters.map((each) => `${each.in} ${each.name}`)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  test("has a body only where there is one, with the id that makes it repeatable", () => {
    for (const { method, operation } of operations) {
      const hasBody = method === "post" || method === "put"
      expect(operation.requestBody !== undefined).toBe(hasBody)
      const schema = operation.requestBody?.content["application/json"]?.schema
      const changes = table.find(({ name }) => name === operation.operationId)?.changes !== "nothing"
      if (hasBody) expect(Object.hasOwn((schema?.properties ?? {}) as object, "id")).toBe(changes)
    }
  })

  test("says of each request what it answers, and how it refuses", () => {
    for (const { operation } of operations) {
      const codes = Object.keys(operation.responses)
      expect(codes).toContain("default")
      expect(codes.length).toBeGreaterThan(1)
      for (const code of codes) expect(code).toMatch(/^(2\d\d|default)$/)
      expect(operation.summary).toMatch(/[.]$/)
    }
  })

  test("asks for a token everywhere but where one comes in", () => {
    const open = operations.filter(({ operation }) => operation.security !== undefined)
    expect(open.map(({ operation }) => operation.operationId).sort()).toEqual([
      "accounts.create",
      "invitations.find",
      "resets.use",
      "server.get",
      "sessions.create",
      "setup.claim",
    ])
  })

  test("holds schemas alone: no functions, no keywords that JSON Schema does not know", () => {
    const known = new Set(
      "$ref type properties required additionalProperties items anyOf enum const minimum maximum minLength maxLength minItems maxItems pattern patternProperties description".split(
        " ",
      ),
    )
    const schemas = [...parts(document)].filter(([way]) =>
      /\/(schema|items|anyOf\/\d+|properties\/\w+|schemas\/\w+)$/.test(way),
    )
    expect(schemas.length).toBeGreaterThan(300)
    for (const [way, schema] of schemas)
      if (!way.endsWith("/properties/properties"))
        for (const keyword of Object.keys(schema))
          expect([way, keyword, known.has(keyword)]).toEqual([way, keyword, true])
  })
})
