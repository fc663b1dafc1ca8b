import type { Uuid } from "../../protocol/ids.ts"
import { refuse } from "../../protocol/refusals.ts"
import type { Inbox, Origin, Peer, Revocations, Sessions, Stop, Stored, Who } from "./ports.ts"
import { Session, type SessionParts } from "./session.ts"

/** A reader that takes nothing for so long is closed; it resumes by its cursor. */
const STALLED_MAX_MS = 30_000
const SWEEP_EVERY_MS = 5_000
/** A connection that lives keeps its session from expiring; telling so every few minutes is enough. */
const SEEN_EVERY_SWEEPS = 60

const LEAVING = new Set(["member.left", "member.removed", "member.banned"])

/** Whose membership an event changes. */
function concerned({ kind, by, body }: Pick<Stored, "kind" | "by" | "body">): readonly Uuid[] {
  if (kind === "member.joined" || kind === "member.left") return [by]
  const { account, members }: { account?: Uuid; members?: readonly Uuid[] } = JSON.parse(body ?? "{}")
  return members ?? (account === undefined ? [] : [account])
}

/** Every session of this node. */
export class OpenSessions implements Sessions, Revocations {
  readonly #parts: SessionParts
  readonly #all = new Set<Session>()
  readonly #byAccount = new Map<Uuid, Set<Session>>()
  #stopSweep: Stop
  #draining = false
  #sweeps = 0

  constructor(shared: Omit<SessionParts, "joined" | "left">) {
    this.#parts = {
      ...shared,
      joined: (session, who) => this.#joined(session, who),
      left: (session, who) => this.#left(session, who),
    }
    this.#stopSweep = shared.world.after(SWEEP_EVERY_MS, () => this.#sweep())
  }

  open(peer: Peer, from: Origin): Inbox {
    const session = new Session(this.#parts, peer, from)
    this.#all.add(session)
    if (this.#draining) session.close(refuse("restarting"))
    return session
  }

  #joined(session: Session, who: Who): void {
    const known = this.#byAccount.get(who.id)
    if (known) known.add(session)
    else this.#byAccount.set(who.id, new Set([session]))
    this.#parts.counters.sessions++
    this.#parts.presences.join(session, who.id)
  }

  #left(session: Session, who: Who | undefined): void {
    if (!this.#all.delete(session)) return
    if (!who) return
    this.#parts.seen(who)
    this.#parts.counters.sessions--
    const sessions = this.#byAccount.get(who.id)
    sessions?.delete(session)
    if (sessions?.size === 0) this.#byAccount.delete(who.id)
    this.#parts.presences.leave(session, who.id)
  }

  revoked(account: Uuid, only: Uuid | undefined, except: Uuid | undefined): void {
    for (const session of [...(this.#byAccount.get(account) ?? [])]) {
      const id = session.who?.session
      if (id !== except && (only === undefined || id === only)) session.close(refuse("session-ended"))
    }
  }

  /** Tells people's devices of the rooms they came into or went out of, on whichever of them it was done. */
  membersChanged(room: Uuid, events: readonly Pick<Stored, "kind" | "by" | "body">[]): void {
    for (const event of events) {
      const member = event.kind === "member.joined" || event.kind === "room.created"
      if (!member && !LEAVING.has(event.kind)) continue
      for (const account of concerned(event))
        this.#parts.presences.tell(account, { kind: "membership", room, member })
    }
  }

  #sweep(): void {
    const nowMs = this.#parts.world.now()
    this.#sweeps++
    if (this.#sweeps % SEEN_EVERY_SWEEPS === 0) {
      for (const { who } of this.#all) if (who) this.#parts.seen(who)
    }
    for (const session of this.#all) {
      if (session.stalledMs !== undefined && nowMs - session.stalledMs > STALLED_MAX_MS)
        session.close(refuse("too-slow"))
    }
    this.#stopSweep = this.#parts.world.after(SWEEP_EVERY_MS, () => this.#sweep())
  }

  /** Sends everyone away with a word, and takes nobody else. */
  drain(): void {
    this.#draining = true
    this.#stopSweep()
    for (const session of [...this.#all]) session.close(refuse("restarting"))
  }
}
