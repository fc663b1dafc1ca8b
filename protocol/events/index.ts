import type { TSchema } from "typebox"
import type { Citations, Command } from "../event.ts"
import type { Head, HeadEvent } from "../head.ts"
import type { Actor } from "../policy.ts"
import { house } from "./house.ts"
import { type Matter, refused, type Verdict } from "./matter.ts"
import { member } from "./member.ts"
import { message } from "./message.ts"
import { pin } from "./pin.ts"
import { reaction } from "./reaction.ts"
import { room } from "./room.ts"
import { self } from "./self.ts"

/** Every kind of event there is. Kinds are forever: one may be added, none may change its meaning. */
const matters = { ...message, ...reaction, ...pin, ...member, ...room, ...self, ...house } as const

export type Kind = keyof typeof matters
export const kinds = Object.keys(matters) as readonly Kind[]

/** Kinds that only the server writes; a client that submits one is refused. */
const serverOnly = new Set<string>(["room.created", ...Object.keys(self), ...Object.keys(house)])

export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(matters, kind)
}

export function isClientKind(kind: string): kind is Kind {
  return isKind(kind) && !serverOnly.has(kind)
}

/** The schema of a stored body. */
export function bodySchema(kind: Kind): TSchema {
  return matters[kind].body
}

/** The schema of a command's body: references may be ids of pending commands. */
export function commandSchema(kind: Kind): TSchema {
  const matter: { readonly body: TSchema; readonly command?: TSchema } = matters[kind]
  return matter.command ?? matter.body
}

/** A matter as it is met by kind; the schemas have seen to the bodies. */
type AnyMatter = Matter<never> & {
  decide(head: Head, actor: Actor, command: Command, cited: Citations): Verdict
  evolve?(head: Head, event: HeadEvent): Head
}

/** Judges a command whose body has passed `commandSchema`. Pure. */
export function decide(head: Head, actor: Actor, command: Command, cited: Citations): Verdict {
  const { kind, target } = command
  if (!isKind(kind)) return refused("bad-input", `There is no kind of event called ${kind.slice(0, 64)}.`)
  const matter: AnyMatter = matters[kind]
  if (matter.aims && target === undefined)
    return refused("bad-input", `${kind} needs a target: the event it changes.`)
  if (!matter.aims && target !== undefined)
    return refused("bad-input", `${kind} changes no other event, so it takes no target.`)
  return matter.decide(head, actor, command, cited)
}

/** False for kinds that leave the head as it is but for `seq` and `at`: their bodies need not be read to fold it. */
export function changesHead(kind: string): boolean {
  return isKind(kind) && "evolve" in matters[kind]
}

/** The head after an event; unknown kinds and erased bodies change only `seq` and `at`. */
export function evolve(head: Head, event: HeadEvent): Head {
  const next = { ...head, seq: event.seq, at: event.at }
  if (!isKind(event.kind) || event.body === null) return next
  const matter = matters[event.kind] as AnyMatter
  return matter.evolve ? matter.evolve(next, event) : next
}
