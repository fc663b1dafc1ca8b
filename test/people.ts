import type { Uuid } from "../protocol/ids.ts"
import { isRefusal, type Refusal } from "../protocol/refusals.ts"
import { cast, type Name } from "./cast.ts"
import type { Server } from "./server.ts"
import { type Done, http, speak, type Voice, type WireName } from "./voices.ts"

/** The environment in which ada owns the server. */
export const adaOwns = { PARLEY_OWNER: "ada", PARLEY_OWNER_PASSWORD: cast.ada.password }

export interface Account {
  readonly id: Uuid
  readonly name: string
  readonly password: string
  readonly token: string
  readonly session: Uuid
  readonly self: Uuid
}

/** What was wanted, or the refusal as an error. */
export function done<Value extends object>(answer: Value | Refusal): Value {
  if (isRefusal(answer)) throw new Error(`Refused: ${answer.code}: ${answer.message}`)
  return answer
}

/** The code of a refusal; what was not refused shows as itself. */
export function code(answer: object): unknown {
  return isRefusal(answer) ? answer.code : answer
}

/** Makes an account over HTTP. */
export async function register(
  server: Server,
  name: string,
  password: string = `${name} walks by the river`,
  invite?: string,
): Promise<Account | Refusal> {
  const claim = { name, password, ...(invite !== undefined && { invite }) }
  return entered(password, await http(server.url, "POST", "/accounts", claim))
}

/** Begins a session over HTTP. */
export async function signIn(server: Server, name: string, password: string): Promise<Account | Refusal> {
  return entered(password, await http(server.url, "POST", "/sessions", { name, password }))
}

interface Entrance {
  readonly account: { readonly id: Uuid; readonly name: string }
  readonly token: string
  readonly session: Uuid
  readonly self: Uuid
}

function entered(password: string, { body }: { readonly body: unknown }): Account | Refusal {
  if (typeof body === "object" && body !== null && isRefusal(body)) return body
  const { account, token, session, self } = body as Entrance
  return { id: account.id, name: account.name, password, token, session, self }
}

/** The whole cast on a server that ada owns. */
export async function castOf(server: Server): Promise<Readonly<Record<Name, Account>>> {
  const [ada, bob, cleo, dan, eve] = await Promise.all([
    signIn(server, "ada", cast.ada.password),
    register(server, "bob"),
    register(server, "cleo"),
    register(server, "dan"),
    register(server, "eve"),
  ])
  return { ada: done(ada), bob: done(bob), cleo: done(cleo), dan: done(dan), eve: done(eve) }
}

/** Everyone's voice on one wire. */
export async function voicesOf(
  server: Server,
  people: Readonly<Record<Name, Account>>,
  wire: WireName,
): Promise<Readonly<Record<Name, Voice>>> {
  const [ada, bob, cleo, dan, eve] = await Promise.all([
    speak(server, wire, people.ada.token),
    speak(server, wire, people.bob.token),
    speak(server, wire, people.cleo.token),
    speak(server, wire, people.dan.token),
    speak(server, wire, people.eve.token),
  ])
  return { ada, bob, cleo, dan, eve }
}

/** Makes a room over a voice; answers its id. */
export async function makeRoom(voice: Voice, name: string, more: object = {}): Promise<Uuid> {
  const { id } = done(
    await voice.ask<{ readonly id: Uuid }>("rooms.create", { name, visibility: "public", ...more }),
  )
  return id
}

export async function say(voice: Voice, room: string, text: string, more: object = {}): Promise<Done> {
  return done(await voice.submit(room, "message.posted", { text, ...more }))
}

export async function join(voice: Voice, room: string): Promise<Done> {
  return done(await voice.submit(room, "member.joined", {}))
}
