import { expect, test } from "bun:test"
import { argon2id, passwordCost } from "./passwords.ts"

const cheap = argon2id({ memoryKiB: 64, passes: 1 })

test("a password is verified by its hash, made with 19 MiB and two passes", async () => {
  const passwords = argon2id()
  const hash = await passwords.hash("a long walk in the garden")
  expect(hash).toStartWith(`$argon2id$v=19$m=${passwordCost.memoryKiB},t=2,p=1$`)
  expect(passwordCost).toEqual({ memoryKiB: 19 * 1024, passes: 2 })
  expect(await passwords.verify("a long walk in the garden", hash)).toBe(true)
  expect(await passwords.verify("a long walk in the Garden", hash)).toBe(false)
})

test("the same password is hashed anew each time", async () => {
  expect(await cheap.hash("one for ada")).not.toBe(await cheap.hash("one for ada"))
})

test("a password does not end at NUL, nor after 72 bytes", async () => {
  const long = "garden ".repeat(40)
  expect(await cheap.verify("ada\0bob", await cheap.hash("ada\0cleo"))).toBe(false)
  expect(await cheap.verify(`${long}x`, await cheap.hash(`${long}y`))).toBe(false)
})

test.each([
  "",
  "nonsense",
  "$argon2id$v=19$m=64,t=1,p=1$",
  "$2b$10$abcdefghijklmnopqrstuv",
  "$argon2id$v=19$m=64,t=1,p=1$a$b",
])("what is no hash of ours (%p) verifies nothing", async (hash) =>
  expect(await cheap.verify("anything at all", hash)).toBe(false),
)

test("a hash made with less is told as outdated, one made with more is not", async () => {
  const hash = await cheap.hash("one for ada")
  expect(argon2id({ memoryKiB: 64, passes: 2 }).outdated(hash)).toBe(true)
  expect(argon2id({ memoryKiB: 128, passes: 1 }).outdated(hash)).toBe(true)
  expect(argon2id({ memoryKiB: 64, passes: 1 }).outdated(hash)).toBe(false)
  expect(argon2id({ memoryKiB: 32, passes: 1 }).outdated(hash)).toBe(false)
  expect(cheap.outdated("nonsense")).toBe(true)
})
