// Long because it is the one place where every port of the server stands; a room of the house imports no other.
import type { Kysely } from "kysely"
import type { Command, Event } from "../../protocol/event.ts"
import type { Accepted, Down, Events, Hello, RoomHead, SignalDown, Up } from "../../protocol/frames.ts"
import type { Head, HouseRole, RoomRole, RoomType, Visibility } from "../../protocol/head.ts"
import type { Uuid } from "../../protocol/ids.ts"
import type { Actor } from "../../protocol/policy.ts"
import type { Refusal, RefusalCode } from "../../protocol/refusals.ts"

/** Ends a subscription or a timer; calling it twice does nothing. */
export type Stop = () => void

// ---------------------------------------------------------------- the world

/** Time, chance and digests, handed in so that the simulation can own them. */
export interface World {
  /** Milliseconds since 1970. */
  now(): number
  random(bytes: number): Uint8Array
  /** SHA-256. */
  digest(bytes: Uint8Array): Uint8Array
  /** Runs once, after at least so many milliseconds. */
  after(ms: number, run: () => void): Stop
  /** Runs once, at the end of this turn of the loop: after all input that has already arrived. */
  turn(run: () => void): void
}

// ---------------------------------------------------------------- the log

/** An event as the log holds it; `body` is the JSON text as stored, null once erased. */
export interface Stored extends Omit<Event, "body"> {
  readonly body: string | null
  readonly root?: number
  readonly cites?: number
  /** The first 8 bytes of the chain at this event, in hex. */
  readonly check: string
}

export interface Entry {
  readonly id: Uuid
  readonly at: number
  readonly by: Uuid
  readonly kind: string
  /** JSON text; stored as these bytes and never serialised again. */
  readonly body: string
  readonly target?: number
  readonly root?: number
  readonly cites?: number
  /** The seq whose body and salt are blanked in the same transaction, with those of every `message.edited` of it. */
  readonly erases?: number
}

/** A unique name, taken (or, with `holder` null, given back) in the transaction of the append. */
export interface Claim {
  readonly space: "room" | "account"
  /** The folded name. */
  readonly key: string
  /** Its lookalike skeleton (UTS 39). */
  readonly skeleton: string
  readonly holder: Uuid | null
}

/** A change of the rows that say who is in which room. */
export interface MembershipRow {
  readonly account: Uuid
  /** Null: no longer a member. */
  readonly role: RoomRole | null
  readonly joined: number
  readonly from: number
}

/** What directories and lists show of a room. */
export interface RoomCard {
  readonly type: RoomType
  readonly name: string
  readonly topic: string
  readonly visibility: Visibility
  readonly archived: boolean
  readonly members: number
}

/** The entries of one room that go in whole or not at all. */
export interface Append {
  readonly room: Uuid
  /** The log's epoch as the room knows it. */
  readonly epoch: Uuid
  /** The head they were judged on: compare-and-set. 0 makes the room. */
  readonly after: number
  readonly entries: readonly Entry[]
  readonly claims?: readonly Claim[]
  readonly members?: readonly MembershipRow[]
  readonly card?: RoomCard
  /** A head snapshot (`packHead`) at a seq not above `after`. */
  readonly snapshot?: { readonly seq: number; readonly head: string }
}

export type Outcome =
  /** On disk. `checks`: one for each entry, whose seqs are after + 1, after + 2, … */
  | { readonly is: "appended"; readonly checks: readonly string[] }
  /** The room is not at `after`, or in another epoch: read on and judge again. */
  | { readonly is: "moved" }
  /** This id is in the room's log already. */
  | { readonly is: "known"; readonly id: Uuid }
  | { readonly is: "taken"; readonly claim: Claim }
  /** Certainly not in the log. A full disk still takes what erases, as long as there is any room at all. */
  | { readonly is: "failed"; readonly code: "store-full" | "store-failed" }
  /** Nobody knows; `find` decides. */
  | { readonly is: "unknown" }

export interface LogHead {
  readonly epoch: Uuid
  readonly seq: number
  readonly at: number
  readonly check: string
  readonly snapshot?: { readonly seq: number; readonly head: string }
}

/**
 * What was read is not what was written: a chain that does not match, or pages the database cannot read. It is told, and
 * never served as if whole; `parley verify` names what is damaged.
 */
export class StoreDamaged extends Error {
  override readonly name = "StoreDamaged"
  readonly code = "store-damaged"
}

/** A write of `Records` that did not happen, not in part either. */
export class StoreRefused extends Error {
  override readonly name = "StoreRefused"
  /** `conflict`: another row has a value that must be unique. */
  readonly code: "conflict" | "store-full" | "store-failed"

  constructor(code: StoreRefused["code"], message: string) {
    super(message)
    this.code = code
  }
}

/**
 * The record. One append call is one commit, on disk before it answers; each room in it stands for itself. Reads throw
 * `StoreDamaged`.
 */
export interface Log {
  append(appends: readonly Append[]): Promise<readonly Outcome[]>
  /** Up to `limit` events with seq > `after`, ascending, without a hole. */
  read(room: Uuid, after: number, limit: number): Promise<readonly Stored[]>
  /** Waits for whatever append of this room is still undecided, then looks. */
  find(room: Uuid, id: Uuid): Promise<Stored | undefined>
  /** Undefined: there is no such room. */
  head(room: Uuid): Promise<LogHead | undefined>
  /** Events with seq > `after` that change an event from..to, ascending by seq, at most `limit`. */
  changes(room: Uuid, from: number, to: number, after: number, limit: number): Promise<readonly Stored[]>
}

/** What pages and counts ask of the store beside the log. All answers are of committed state. */
export interface Pages {
  /**
   * Messages and notices to show, nearest first, outside threads (or those of thread `root`), from `from` up:
   * the `limit` last ones below `before`, or with `after` the first ones above it. Erased messages are included.
   */
  shown(room: Uuid, query: PageQuery): Promise<readonly Stored[]>
  /** Undeleted messages of others, outside threads, with seq > `after`: at most `max`, counted by index. */
  unread(room: Uuid, account: Uuid, after: number, max: number): Promise<number>
  /** Undeleted messages that mention the account or `@room`, by others, with seq > `after`: at most `max`. */
  mentioned(room: Uuid, account: Uuid, after: number, max: number): Promise<number>
  /** For each thread root: undeleted messages in it and the newest one's seq. */
  threads(
    room: Uuid,
    roots: readonly number[],
  ): Promise<readonly { root: number; count: number; last: number }[]>
  /** The first seq with `at` at or after a time; head + 1 where there is none. */
  seqAt(room: Uuid, atMs: number): Promise<number>
  /** Every log the account is a member of, its self log too, with the head as committed; in the order of ids. */
  roomsOf(account: Uuid): Promise<readonly RoomHead[]>
}

export interface PageQuery {
  readonly before?: number
  readonly after?: number
  /** The viewer's first visible seq; what is before it, or points before it, is left out. */
  readonly from: number
  readonly root?: number
  readonly limit: number
}

/** The whole log in commit order, for what follows it: search, notifications, previews. */
export interface Feed {
  /** Events after a position, in an order that never inserts behind a position given out. */
  next(
    after: string,
    limit: number,
  ): Promise<{ readonly events: readonly (Stored & { readonly room: Uuid })[]; readonly to: string }>
}

// ---------------------------------------------------------------- the bus

/** A doorbell between nodes. It may lose, delay or repeat; only the log is believed. */
export interface Bus {
  ring(topic: string, letter?: unknown): void
  on(topic: string, hear: (letter?: unknown) => void): Stop
}

// ---------------------------------------------------------------- the wire

/** Events on their way to many: encoded at most once per wire form, the same bytes for every follower at that cursor. */
export interface Parcel extends Omit<Events, "events"> {
  readonly events: readonly Stored[]
  /** Encodings by wire form, filled by transports (`parcel.forms.get("json")`). */
  readonly forms: Map<string, string | Uint8Array>
}

/** What a session sends: small frames as they are, events as parcels. */
export type Outgoing = Exclude<Down, Events> | Parcel

/** The far end as the core sees it; transports implement it. */
export interface Peer {
  /** Everything in one write where the wire allows. Never throws; what a closed wire was sent is gone. */
  send(out: readonly Outgoing[]): void
  /** False while the wire has more unsent than it should; the transport then calls `Inbox.drained` when it has not. */
  ready(): boolean
  /** From now on events carry the author's `name` beside `by`: what a hello with `names` asks for. */
  names?(): void
  /** Tells the refusal, flushes, and closes. */
  close(why: Refusal): void
}

/** The session as transports see it. */
export interface Inbox {
  receive(frame: Up): void
  /** A frame that could not be read; the session answers with a refusal. */
  garbled(why: Refusal): void
  /** The wire that was not `ready` has room again. */
  drained(): void
  /** Once, whoever closed: nothing more comes or goes. It may be called within `Peer.close`. */
  closed(): void
}

/** Opens a session for a new connection. */
export interface Sessions {
  open(peer: Peer, from: Origin): Inbox
}

export interface Origin {
  /** The client's IP address, behind a trusted proxy too. */
  readonly address: string
  readonly transport: "websocket" | "tcp" | "udp" | "irc" | "http" | "memory"
  /** A session token that came with the connection (a cookie, an Authorization header), used by a hello without one. */
  readonly token?: string
}

// ---------------------------------------------------------------- people

export interface Account {
  readonly id: Uuid
  readonly name: string
  readonly display: string
  readonly role: HouseRole
}

/** Who is behind a session, a request, a command. */
export interface Who extends Account {
  readonly session: Uuid
  /** The account's self log. */
  readonly self: Uuid
}

export interface Entered {
  readonly who: Who
  /** Where a session was made just now. */
  readonly token?: string
}

/** Signing in and the directory of people; `server/accounts` implements it. */
export interface Accounts {
  /** Judges a hello, or name and password, or a registration. Slow only for passwords. */
  enter(hello: Omit<Hello, "type" | "version">, from: Origin): Promise<Entered | Refusal>
  /** The account behind a token, from memory; undefined when it is not, or no longer, a session's. */
  resume(token: string): Who | undefined
  /** A role in the house may change at any time; the table in memory says what it is now. */
  actor(account: Uuid): Actor
  /** From memory; undefined for an account that does not exist. */
  account(id: Uuid): Account | undefined
  named(name: string): Account | undefined
}

/** Hears of sessions that end; the session registry closes their connections. */
export interface Revocations {
  revoked(account: Uuid, session: Uuid | undefined, except: Uuid | undefined): void
}

/** argon2id; `server/accounts` queues, so that few run at once. */
export interface Passwords {
  hash(password: string): Promise<string>
  /** False also for a hash that cannot be read. */
  verify(password: string, hash: string): Promise<boolean>
  /** True for a hash made with weaker parameters than `hash` uses now. */
  outdated(hash: string): boolean
}

/**
 * What the request table and the command line do with accounts; `server/accounts` implements it. `by` is who asks
 * (`Accounts.actor`, or the operator as `system`): rights and ranks are judged here, so callers need not. Where an
 * answer is `Refusal | undefined`, undefined means done. Codes are told once and stored hashed.
 */
export interface AccountServices {
  readonly sessions: SessionServices
  readonly passwords: PasswordServices
  readonly people: PeopleServices
  readonly roles: RoleServices
  readonly invitations: InvitationServices
  readonly settings: SettingServices
  readonly setup: SetupServices
}

/** A signed-in device, as the list of one's sessions shows it. Times are milliseconds since 1970. */
export interface SessionCard {
  readonly id: Uuid
  readonly client: string
  readonly address: string
  readonly madeAt: number
  /** Exact to a few minutes. */
  readonly seenAt: number
  readonly expiresAt: number
}

/** Which of an account's sessions. */
type SessionChoice = { readonly session: Uuid } | { readonly except: Uuid } | "all"

/** Signing in is `Accounts.enter`; signing out is `end` with one's own session. */
export interface SessionServices {
  /** Newest first. One's own, or with `house.revocation` another's. */
  list(by: Actor, account: Uuid): Promise<readonly SessionCard[] | Refusal>
  /** Dead here when it answers, and within 2 s on every other node. One's own, or with `house.revocation` another's. */
  end(by: Actor, account: Uuid, which: SessionChoice): Promise<Refusal | undefined>
  /** A connection of this session lives: it does not expire. Cheap; for pings and for the end of a connection. */
  seen(who: Who): void
}

export interface PasswordServices {
  /** One's own: needs the old one; ends all other sessions. */
  change(
    who: Who,
    passwords: { readonly old: string; readonly new: string },
    from: Origin,
  ): Promise<Refusal | undefined>
  /** Another's (right `account.reset`, and a higher rank): ends all their sessions. Claims an unclaimed account. */
  set(by: Actor, account: Uuid, password: string): Promise<Refusal | undefined>
  /** A code for a link to hand over (right `account.reset`, and a higher rank): works once, for 24 h. */
  createReset(
    by: Actor,
    account: Uuid,
  ): Promise<{ readonly code: string; readonly expiresAt: number } | Refusal>
  /** Takes the code for a new password, ends all sessions and begins one. */
  useReset(
    reset: { readonly code: string; readonly password: string; readonly client?: string },
    from: Origin,
  ): Promise<Entered | Refusal>
}

/** An account as directories show it. */
export interface Person extends Account {
  readonly banned: boolean
  /** False: an author of an import whom nobody has claimed; there is no password. */
  readonly claimed: boolean
}

export interface PeopleServices {
  /** By name, from memory. `search`: how a name or a word of a display name begins. `after`: `next` of the page before. */
  page(query: { readonly search?: string; readonly after?: string; readonly limit: number }): {
    readonly people: readonly Person[]
    readonly next?: string
  }
  /**
   * Makes an account whatever the registration setting (right `account.reset`; the role below one's own, `member`
   * unless told). Without a password it is unclaimed: `createReset` makes the link with which its person takes it.
   */
  add(
    by: Actor,
    person: {
      readonly name: string
      readonly password?: string
      readonly display?: string
      readonly role?: HouseRole
    },
  ): Promise<Account | Refusal>
  /**
   * Unclaimed accounts for the authors of an import, thousands at once; the answer maps each original to its account.
   * The same original of the same source is the same account for ever. For the operator only: nothing is judged.
   */
  importAuthors(source: string, originals: readonly string[]): Promise<ReadonlyMap<string, Uuid>>
  /** One's own, or with `account.reset` a lower one's. */
  setDisplay(by: Actor, account: Uuid, display: string): Promise<Account | Refusal>
  /** One's own, or with `account.reset` a lower one's. */
  rename(by: Actor, account: Uuid, name: string): Promise<Account | Refusal>
}

export interface RoleServices {
  /** Right `house.role`; only below one's own rank, except for owners. The last owner stays. */
  setRole(by: Actor, account: Uuid, role: HouseRole): Promise<Refusal | undefined>
  /** Right `house.ban` and a higher rank. A ban ends every session and refuses sign-in; `banned` false lifts it. */
  ban(by: Actor, account: Uuid, banned: boolean, reason?: string): Promise<Refusal | undefined>
}

export interface InvitationCard {
  /** SHA-256 of the code, hex: names it for `revoke`, and opens nothing. */
  readonly id: string
  readonly by: Uuid
  readonly role: HouseRole
  readonly room?: Uuid
  readonly usesLeft: number
  readonly madeAt: number
  readonly expiresAt: number
}

/** Used up by `Accounts.enter` with `register` and `invite`. */
export interface InvitationServices {
  /** Right `invitation.create`. The role is `guest` or `member` (the default), for admins any below their own. */
  create(
    by: Actor,
    invitation: {
      readonly uses?: number
      readonly lifeMs?: number
      /** Who joins with it becomes a member there; needs the right to invite to that room. */
      readonly room?: Uuid
      readonly role?: HouseRole
    },
  ): Promise<{ readonly code: string; readonly card: InvitationCard } | Refusal>
  /** Those that still work, newest first: one's own, for admins everyone's. */
  list(by: Actor): Promise<readonly InvitationCard[]>
  /** One's own, for admins anyone's. */
  revoke(by: Actor, id: string): Promise<Refusal | undefined>
  /** What a person who holds the code is invited to; `no-such-thing` when it no longer works. */
  find(code: string): Promise<InvitationCard | Refusal>
}

export interface HouseSettings {
  /** What the server calls itself. */
  readonly name: string
  readonly registration: "open" | "invite" | "closed"
  /** A text shown to newcomers. */
  readonly welcome: string
}

export interface SettingServices {
  current(): HouseSettings
  /** Right `house.setting`. */
  set(by: Actor, key: keyof HouseSettings, value: string): Promise<Refusal | undefined>
}

export interface SetupServices {
  /** While there is no owner: the code for the link `/setup#code`, the same until the process ends. */
  code(): string | undefined
  /** Makes the owner with that code, once, and signs them in. `no-such-thing` for a wrong or used code. */
  claimOwner(
    claim: {
      readonly code: string
      readonly name: string
      readonly password: string
      readonly client?: string
    },
    from: Origin,
  ): Promise<Entered | Refusal>
  /** `PARLEY_OWNER`: afterwards there is an owner of this name. Who has a password keeps it. */
  ensureOwner(name: string, password: string): Promise<Account | Refusal>
}

/** Roles, bans, settings and revocations as the house log tells them; every node follows it. */
export interface HouseFold {
  /** Follow the house log from here: what came before is in the tables. */
  readonly position: number
  /** In the order of the log. Throws when the tables cannot be written: apply the same event again later. */
  apply(event: Pick<Stored, "seq" | "at" | "kind" | "body">): Promise<void>
}

// ---------------------------------------------------------------- rooms, as api and others use them

export interface Rooms {
  /** An id or a name to an id; undefined when there is no such room. */
  resolve(ref: string): Promise<Uuid | undefined>
  /** The committed head, read anew from the log where this node may be behind. Undefined: no such room. */
  head(room: Uuid): Promise<Head | undefined>
  submit(room: Uuid, actor: Actor, command: Command): Promise<Accepted | Refusal>
  /**
   * Appends messages from elsewhere with the server's authority, in the order given: `at` must not decrease, nor lie
   * before the head. Those whose id is in the log already are left as they are. Answers each one's seq, or a refusal
   * with nothing further appended. With `make` a room that is not there yet is made in the same append: private, without
   * members, by the house account, as of the first message's time; nobody joins while it fills.
   */
  load(room: Uuid, messages: readonly Imported[], make?: RoomToMake): Promise<readonly number[] | Refusal>
  /** The seq of the account's newest message outside threads, 0 for none. */
  lastPost(room: Uuid, account: Uuid): Promise<number>
  epoch(room: Uuid): Promise<Uuid | undefined>
}

/** A room that an import makes; `id` is that of the event `room.created`. */
export interface RoomToMake {
  readonly id: Uuid
  readonly name: string
}

/** A message from elsewhere, cleaned already; `text` may be empty. */
export interface Imported {
  readonly id: Uuid
  readonly at: number
  readonly by: Uuid
  readonly text: string
  readonly style?: "action" | "notice"
  /** The seq, or the id of one earlier in the same call. */
  readonly replyTo?: number | Uuid
}

/** Ephemeral word to connected people. */
export interface Signals {
  /** To every session of one account, on every node. */
  tell(account: Uuid, signal: SignalDown): void
  presence(account: Uuid): "online" | "idle" | "do-not-disturb" | "offline"
}

/** Answers requests; `server/api` implements it, sessions and HTTP call it. */
export interface Requests {
  answer(
    who: Who | undefined,
    request: { readonly id?: Uuid; readonly name: string; readonly input: unknown },
    from: Origin,
  ): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

// ---------------------------------------------------------------- search

/** One thing that must, or must not, occur in a message. */
export interface SearchTerm {
  /** A word or the words of a phrase, as typed. Parts joined by punctuation (`apt-get`) follow each other. */
  readonly text: string
  /** Its last word may go on: `inst` finds `install`. */
  readonly prefix?: true
  readonly excluded?: true
}

/** A search as a person typed it, taken apart. Names are as typed: nobody has looked yet whether they exist. */
export interface TypedSearch {
  readonly terms: readonly SearchTerm[]
  /** Account names; any of them may have written it. */
  readonly from: readonly string[]
  /** Names of rooms; it may be in any of them. */
  readonly in: readonly string[]
  /** Milliseconds since 1970: fromMs <= at < toMs. */
  readonly fromMs?: number
  readonly toMs?: number
}

/** The language of the search field; `server/search` implements it. */
export interface SearchLanguage {
  /** `offsetMinutes`: how far the person's clock is ahead of UTC; days begin by it. Mistakes are told in a sentence. */
  parse(text: string, offsetMinutes?: number): TypedSearch | Refusal
}

export interface SearchQuery {
  /** All of them must hold; with none, the filters decide alone. */
  readonly terms: readonly SearchTerm[]
  /** Rooms to search, with the first seq visible in each. */
  readonly rooms: readonly { readonly room: Uuid; readonly from: number }[]
  /** Written by any of these; absent: by anyone. */
  readonly by?: readonly Uuid[]
  /** Milliseconds since 1970: fromMs <= at < toMs. */
  readonly fromMs?: number
  readonly toMs?: number
  /** Opaque, from the answer before. */
  readonly next?: string
  readonly limit: number
}

export interface SearchPage {
  /** By time, newest first; in the order of seq within a room. */
  readonly hits: readonly { readonly room: Uuid; readonly seq: number }[]
  readonly next?: string
}

/** Derived and rebuildable; newest first. It names events only: the log's row decides what is shown. */
export interface SearchIndex {
  /** Refuses a `next` that is none (`bad-input`) and, while the index cannot be read, with `busy`. */
  search(query: SearchQuery): Promise<SearchPage | Refusal>
  /** Wakes the follower; it reads the log by itself. */
  wake(): void
  /** How far behind the log the index is. */
  lag(): Promise<{ readonly events: number; readonly ms: number }>
  close(): Promise<void>
}

// ---------------------------------------------------------------- watching the server

/**
 * What a line of the server's log may hold. The list is closed so that nothing secret and nothing people wrote reaches
 * it: ids, names of things, numbers; never a token, a code, a password, a name someone chose or a text.
 */
export interface LogFields {
  readonly account?: Uuid
  readonly session?: Uuid
  readonly room?: Uuid
  readonly seq?: number
  readonly id?: Uuid
  /** IP address or HOST:PORT. */
  readonly address?: string
  readonly transport?: Origin["transport"]
  /** A refusal's code. */
  readonly code?: string
  /** The name of a request, command or part of the server. */
  readonly what?: string
  readonly file?: string
  readonly version?: string
  readonly events?: number
  readonly count?: number
  readonly bytes?: number
  readonly ms?: number
  /** Its message is scrubbed of what looks like a secret; its stack is shown at level debug. */
  readonly error?: unknown
}

/** `message` is a constant sentence of the source, never put together from input. */
export type LogLine = (message: string, fields?: LogFields) => void

/** The server's own log, for its operator. (`Log` is the record.) */
export interface Logger {
  /** A bug that was contained, or something that needs the operator. */
  readonly error: LogLine
  readonly warn: LogLine
  readonly info: LogLine
  readonly debug: LogLine
}

/** A distribution, cheap to add to. */
export interface Histogram {
  observe(seconds: number): void
}

/**
 * Plain numbers which the hot path raises and a scrape reads; `server/ops` makes them (`makeCounters`), main hands them
 * out. Totals only rise; what is there now goes up and down.
 */
export interface Counters {
  readonly connections: Record<Origin["transport"], number>
  sessions: number
  framesReceivedTotal: number
  eventsAppendedTotal: number
  /** Events handed to peers. */
  eventsDeliveredTotal: number
  /** From the append call to its answer. */
  readonly commit: Histogram
  refused(code: RefusalCode): void
}

// ---------------------------------------------------------------- the tables beside the log

/** Kysely over the store's database: reads anywhere, single writes durable when they answer. No interactive transactions. */
export interface Records {
  readonly db: Kysely<Tables>
  /** Several writes, all or none. Throws `StoreRefused`, as single writes do. */
  atomically(
    writes: readonly { compile(): { readonly sql: string; readonly parameters: readonly unknown[] } }[],
  ): Promise<void>
}

/** Ids are 36-character text; times are milliseconds since 1970; booleans are 0 or 1. */
export interface Tables {
  account: AccountTable
  session: SessionTable
  invitation: InvitationTable
  reset: ResetTable
  register: RegisterTable
  answer: AnswerTable
  membership: MembershipTable
  room_card: RoomCardTable
  claim: ClaimTable
  mention: MentionTable
  projection: ProjectionTable
  setting: SettingTable
}

export interface AccountTable {
  id: Uuid
  name: string
  /** Unique. */
  fold: string
  /** Unique; an imported name that looks like an older one has its id behind it. */
  skeleton: string
  display: string
  role: HouseRole
  /** argon2id; null: nobody can sign in by password (an imported, unclaimed account). */
  password: string | null
  made_at: number
  banned: number
}
export interface SessionTable {
  id: Uuid
  account: Uuid
  /** SHA-256 of the token, hex. */
  token: string
  client: string
  address: string
  made_at: number
  seen_at: number
  expires_at: number
}
export interface InvitationTable {
  /** SHA-256 of the code, hex. */
  code: string
  by: Uuid
  /** A room the newcomer joins. */
  room: Uuid | null
  role: HouseRole
  uses_left: number
  made_at: number
  expires_at: number
}
interface ResetTable {
  code: string
  account: Uuid
  by: Uuid
  expires_at: number
}
/** The newest value of a key of one account: read marks (`mark:<room>`), drafts, settings. */
interface RegisterTable {
  account: Uuid
  key: string
  value: string
  version: number
}
/** Answers to changing requests, so that a repeat gives the same; see `server/api/remember.ts`. */
interface AnswerTable {
  account: Uuid
  /** Derived from the request's id, which is stored nowhere. */
  id: Uuid
  /** The request's name, for people who look. */
  name: string
  /** SHA-256 of the id and the input, hex. */
  digest: string
  status: number
  body: string
  at: number
}
/** Written by `Log.append` only. */
interface MembershipTable {
  account: Uuid
  room: Uuid
  role: RoomRole
  joined: number
  from_seq: number
}
/** Written by `Log.append` only. */
interface RoomCardTable {
  room: Uuid
  type: RoomType
  name: string
  topic: string
  visibility: Visibility
  archived: number
  members: number
}
/** Room names; written by `Log.append` only. Account names are unique in `account` itself. */
interface ClaimTable {
  space: string
  key: string
  skeleton: string
  holder: Uuid
}
/** Who is mentioned where; `account` null: the whole room. Written by the projection `notify`. */
interface MentionTable {
  room: Uuid
  seq: number
  account: Uuid | null
}
/** How far a follower of the log has come. */
interface ProjectionTable {
  name: string
  position: string
}
interface SettingTable {
  key: string
  value: string
}
