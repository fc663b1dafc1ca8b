import type { Requests } from "../core/ports.ts"
import { answering } from "./answer.ts"
import { type HttpHandler, httpOf } from "./http.ts"
import { MarkBook } from "./mark-book.ts"
import { openApiDocument } from "./openapi.ts"
import { Pace, type PaceLimits, REQUESTS } from "./pace.ts"
import type { ApiParts } from "./parts.ts"
import { AnswerMemory } from "./remember.ts"
import { routerOf } from "./route.ts"
import { table } from "./table.ts"

export interface OpenApi extends Requests {
  /** Answers everything under `/api/v1`. */
  readonly http: HttpHandler
  /** Writes what is still to be written; before the store closes. */
  close(): Promise<void>
}

/** The request table over its parts, for frames and for HTTP. */
export function openApi(parts: ApiParts & { readonly pace?: PaceLimits }): OpenApi {
  const { records, world, accounts, sessionCookie, broke, version, services } = parts
  const marks = new MarkBook({ records, world, broke })
  const memory = new AnswerMemory({ records, world, broke })
  const handlers = new Map(table.map((handler) => [handler.name, handler]))
  const pace = new Pace(world, parts.pace ?? REQUESTS)
  const requests = answering(handlers, { ...parts, marks }, memory, pace)
  const http = httpOf({
    route: routerOf(table),
    requests,
    accounts,
    sessionCookie,
    document: () =>
      JSON.stringify(openApiDocument(table, { name: services.settings.current().name, version })),
    broke,
  })
  return { answer: requests.answer, http, close: () => marks.write() }
}
