import type { TSchema } from "typebox"
import { UUID_PATTERN } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import type { Handler } from "./handler.ts"
import { fieldOf } from "./route.ts"
import { named, Refusal } from "./shapes.ts"

type Json = { readonly [Field in string]: unknown }

/** The table as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), whose schemas are JSON Schema. */
export function openApiDocument(table: readonly Handler[], server: { name: string; version: string }): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const handler of table) {
    const at = paths[handler.path] ?? {}
    paths[handler.path] = { ...at, [handler.method.toLowerCase()]: operationOf(handler) }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: server.name,
      version: server.version,
      description:
        "Everything a server can do beside its log. The same requests, by the same names, go over every connection as frames.",
    },
    servers: [{ url: "/api/v1" }],
    security: [{ session: [] }],
    paths,
    components: {
      securitySchemes: {
        session: { type: "http", scheme: "bearer", description: "The token that signing in has told." },
      },
      schemas: Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, told(schema, name)])),
      responses: {
        Refused: {
          description: "Refused: what happened, and what to do. It left everything as it was.",
          content: json(told(Refusal)),
        },
      },
    },
  }
}

function operationOf(handler: Handler): Json {
  const { name, about, who, method, status, output } = handler
  const inBody = method === "POST" || method === "PUT"
  const fields = Object.entries(handler.input.properties)
  const inPath = new Set(handler.path.split("/").flatMap((word) => fieldOf(word) ?? []))
  const required = new Set<string>(handler.input.required)
  const parameters = fields.flatMap(([field, schema]) => {
    if (inPath.has(field)) return [parameter(field, "path", schema, true)]
    return inBody ? [] : [parameter(field, "query", schema, required.has(field))]
  })
  const rest = fields.filter(([field]) => !inPath.has(field))
  const isKnown = method === "DELETE" ? [parameter("id", "query", REQUEST_ID, false)] : []
  return {
    operationId: name,
    tags: [name.slice(0, name.indexOf("."))],
    summary: about,
    ...(who === "anyone" && { security: [{}] }),
    ...(who !== "anyone" && who !== "account" && { description: `Needs the right \`${who}\`.` }),
    parameters: [...parameters, ...isKnown],
    ...(inBody && { requestBody: bodyOf(handler, rest, required) }),
    responses: {
      ...Object.fromEntries(
        status.map((code, index) => [
          String(code),
          { description: index === 0 ? "Done." : "It was so already.", content: json(told(output)) },
        ]),
      ),
      default: { $ref: "#/components/responses/Refused" },
    },
  }
}

const REQUEST_ID = {
  type: "string",
  pattern: UUID_PATTERN,
  description:
    "A UUID of version 7 of the client's own. A repeat with the same id has the same answer and does nothing twice.",
}

function parameter(name: string, place: "path" | "query", schema: object, required: boolean): Json {
  const isList = "type" in schema && schema.type === "array"
  return {
    name,
    in: place,
    required,
    schema: told(schema),
    // `ids=1,2`
    ...(isList && { style: "form", explode: false }),
  }
}

function bodyOf(
  { changes }: Handler,
  fields: readonly (readonly [string, TSchema])[],
  required: ReadonlySet<string>,
): Json {
  const all = [...fields, ...(changes === "nothing" ? [] : [["id", REQUEST_ID] as const])]
  const needed = fields.flatMap(([field]) => (required.has(field) ? [field] : []))
  const schema = {
    type: "object",
    properties: Object.fromEntries(all.map(([field, each]) => [field, told(each)])),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  }
  return {
    required: needed.length > 0,
    description: `At most ${limits.frameBytesMax} bytes of JSON.`,
    content: json(schema),
  }
}

function json(schema: unknown): Json {
  return { "application/json": { schema } }
}

const names = new Map<unknown, string>(Object.entries(named).map(([name, schema]) => [schema, name]))

/** A schema with those that have a name pointed at; `own`: the one that is told itself. */
function told(schema: unknown, own?: string): unknown {
  if (Array.isArray(schema)) return schema.map((each) => told(each))
  if (typeof schema !== "object" || schema === null) return schema
  const name = names.get(schema)
  if (name !== undefined && name !== own) return { $ref: `#/components/schemas/${name}` }
  return Object.fromEntries(Object.entries(schema).map(([field, each]) => [field, told(each)]))
}
