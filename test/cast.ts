import type { Uuid } from "../protocol/ids.ts"

/** The people and rooms of every test, example and picture. Eve is not in any room and would like to be. */
interface Player {
  readonly id: Uuid
  readonly name: string
  readonly display: string
  readonly password: string
}

function player(number: number, display: string): Player {
  const name = display.split(" ")[0]?.toLowerCase() ?? ""
  return { id: castId(0xa000 + number), name, display, password: `${name} walks by the river` }
}

/** A fixed UUIDv7, so that what a test prints is the same every time. */
export function castId(number: number): Uuid {
  return `019a0000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`
}

export const cast = {
  ada: player(1, "Ada Almeida"),
  bob: player(2, "Bob Ferreira"),
  cleo: player(3, "Cleo Park"),
  dan: player(4, "Dan Okafor"),
  eve: player(5, "Eve Lindqvist"),
} as const

export type Name = keyof typeof cast

export const places = {
  lobby: { id: castId(0xb001), name: "lobby" },
  garden: { id: castId(0xb002), name: "garden" },
  attic: { id: castId(0xb003), name: "attic" },
} as const
