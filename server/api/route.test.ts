import { describe, expect, test } from "bun:test"
import { routerOf } from "./route.ts"
import { table } from "./table.ts"

const route = routerOf(table)

describe("finding a request by its address", () => {
  test("every request of the table is found by its own method and path", () => {
    for (const { name, method, path } of table) {
      const found = route(method, path.replaceAll(/\{\w+\}/g, "some-thing"))
      expect(found.is === "found" ? found.handler.name : found).toBe(name)
    }
  })

  test("fields of the path are decoded once", () => {
    const found = route("GET", "/rooms/%23caf%C3%A9%2525/members")
    expect(found.is === "found" && [...found.params]).toEqual([["room", "#café%25"]])
  })

  test("a word of a path goes before a field", () => {
    const name = (path: string) => {
      const found = route("DELETE", path)
      return found.is === "found" ? found.handler.name : found.is
    }
    expect(name("/rooms/garden/members/me")).toBe("members.leave")
    expect(name("/rooms/garden/members/meg")).toBe("members.remove")
  })

  test("what is not there, or badly written, leads nowhere", () => {
    for (const path of [
      "",
      "/",
      "//",
      "/rooms//members",
      "/rooms/%",
      "/rooms/%ff/members",
      "/rooms/x/members/y/z",
    ])
      expect(route("GET", path)).toEqual({ is: "nothing" })
  })

  test("an address that takes other methods says which", () => {
    const found = route("DELETE", "/rooms/garden/events")
    expect(found.is === "other-method" && [...found.methods].sort()).toEqual(["GET", "POST"])
  })
})

describe("the table", () => {
  test("names each request once, and gives it an address of its own", () => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length)
    const addresses = table.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`)
    expect(new Set(addresses).size).toBe(table.length)
  })

  test("every field of a path is one of the input, and must be given", () => {
    for (const { name, path, input } of table)
      for (const [, field = ""] of path.matchAll(/\{(\w+)\}/g))
        expect([name, field, input.required.includes(field)]).toEqual([name, field, true])
  })

  test("no input has a field called id: that is the request's own", () => {
    for (const { name, input } of table)
      expect([name, Object.hasOwn(input.properties, "id")]).toEqual([name, false])
  })

  test("what is asked by GET changes nothing", () => {
    for (const { name, method, changes } of table)
      if (method === "GET") expect([name, changes]).toEqual([name, "nothing"])
  })

  test("every list has its next", () => {
    const lists = table.filter(({ output }) => {
      const { properties = {} } = output as {
        properties?: Record<string, { type?: unknown; items?: unknown }>
      }
      return (
        Object.values(properties).some(({ type }) => type === "array") && !Object.hasOwn(properties, "asOf")
      )
    })
    const without = lists.filter(
      ({ output }) => !Object.hasOwn((output as { properties: object }).properties, "next"),
    )
    // A room holds lists and is none.
    expect(without.map(({ name }) => name)).toEqual(["rooms.create", "direct.open"])
    expect(lists.length).toBeGreaterThan(10)
  })
})
