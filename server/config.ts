// Long because the table of options and all that reads it stand in the one file that both server and cli may take.
import { limits } from "../protocol/limits.ts"
import { isAccountName } from "../protocol/names.ts"

// ---------------------------------------------------------------- what a value may be

/** One way to write a value. `read` answers undefined for what is not one. */
interface Form<Value> {
  /** Stands for the value in the help: `HOST:PORT`. Empty for a switch, whose flag takes no value. */
  readonly hint: string
  /** What it may be, to end the sentence "--http takes …". */
  readonly takes: string
  read(text: string): Value | undefined
}

/** Where a door listens; port 0 takes any free one. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** `form` undefined: text on a terminal, JSON lines elsewhere. */
interface LogChoice {
  readonly form: "text" | "json" | undefined
  readonly level: LogLevel
}
const logLevels = ["debug", "info", "warn", "error"] as const
type LogLevel = (typeof logLevels)[number]

export const words = <Word extends string>(...known: readonly Word[]): Form<Word> => ({
  hint: known.join("|"),
  takes: listed(known),
  read: (text) => known.find((word) => word === text),
})

export const anyText = (hint: string, takes: string): Form<string> => ({
  hint,
  takes,
  read: (text) => (text === "" ? undefined : text),
})

export const file = anyText("FILE", "the path of a file")
const folder = anyText("DIR", "the path of a folder")
export const text = anyText("TEXT", "a text")

export const whole = (min: number, max: number): Form<number> => ({
  hint: "NUMBER",
  takes: `a whole number from ${min} to ${max}`,
  read: (text) => (/^\d{1,15}$/.test(text) && +text >= min && +text <= max ? +text : undefined),
})

export const yes: Form<boolean> = {
  hint: "",
  takes: "on or off",
  read: (text) =>
    /^(on|true|yes|1)$/i.test(text) ? true : /^(off|false|no|0)$/i.test(text) ? false : undefined,
}

const door: Form<Address | "off"> = {
  hint: "HOST:PORT",
  takes:
    "HOST:PORT, a port alone for this machine only, or off; 0.0.0.0:PORT opens it to every network, and port 0 is any free one",
  read: (text) => (text === "off" ? "off" : address(text)),
}

function address(text: string): Address | undefined {
  const parts = /^(?:(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+)):)?(\d{1,5})$/i.exec(text)
  const port = Number(parts?.[3])
  return parts && port <= 65_535 ? { host: parts[1] ?? parts[2] ?? "127.0.0.1", port } : undefined
}

const webAddress: Form<string> = {
  hint: "URL",
  takes: "an address such as https://chat.example.org, without a path",
  read: (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isBare = url?.pathname === "/" && url.search === "" && url.hash === "" && url.username === ""
    return url && isBare && /^https?:$/.test(url.protocol) ? url.origin : undefined
  },
}

const proxies: Form<readonly string[]> = {
  hint: "ADDRESS,…",
  takes: "addresses or networks (10.0.0.0/8) separated by commas, or off",
  read: (text) => {
    const all = text === "off" ? [] : text.split(",").map((each) => each.trim())
    return all.every((each) => /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)(\/\d{1,3})?$/i.test(each))
      ? all
      : undefined
  },
}

const log: Form<LogChoice> = {
  hint: "FORM,LEVEL",
  takes: `text or json, and ${listed(logLevels)}, or one of each with a comma between`,
  read: (value) => {
    const parts = value.split(",").map((each) => each.trim())
    const form = parts.find((each) => each === "text" || each === "json")
    const level = logLevels.find((each) => parts.includes(each))
    const known = [form, level].filter((each) => each !== undefined)
    return known.length === parts.length ? { form, level: level ?? "info" } : undefined
  },
}

const ownerName: Form<string> = {
  hint: "NAME",
  takes: "a name of letters and digits without spaces",
  read: (text) => (isAccountName(text) ? text : undefined),
}

const ownerPassword: Form<string> = {
  hint: "PASSWORD",
  takes: `at least ${limits.passwordCharsMin} characters`,
  read: (text) => ([...text].length >= limits.passwordCharsMin ? text : undefined),
}

// ---------------------------------------------------------------- the options of a server

/** One option: a flag, an environment variable and a key of parley.toml at once. */
export interface Option<Value = unknown> {
  readonly form: Form<NonNullable<Value>>
  /** As a person would write it; undefined where the option may be absent. */
  readonly default: string | undefined
  /** For the help. */
  readonly sentence: string
  readonly group: string
  /** Not to be given as a flag: the list of processes shows those to everyone. */
  readonly secret?: true
  readonly required?: true
  /** Values that are planned and cannot be had yet. */
  readonly unbuilt?: RegExp
}

export type Options = Readonly<Record<string, Option>>
/** What a table of options comes to. */
export type Values<Table extends Options> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer Value> ? Value : never
}

/** An option that has a value always. */
export function option<Value extends {}>(
  group: string,
  form: Form<Value>,
  standard: string,
  sentence: string,
): Option<Value> {
  return { group, form, default: standard, sentence }
}

/** An option that may be absent. */
export function optional<Value extends {}>(
  group: string,
  form: Form<Value>,
  sentence: string,
): Option<Value | undefined> {
  return { group, form, default: undefined, sentence }
}

/** An option without which a command cannot do its work. */
export function required<Value extends {}>(form: Form<Value>, sentence: string): Option<Value> {
  return { group: "", form, default: undefined, sentence, required: true }
}

const unbuilt = <Value>(planned: Option<Value>, values = /^(?!off$)/): Option<Value> => ({
  ...planned,
  unbuilt: values,
})

const store = { ...words("sqlite", "memory"), hint: "sqlite|memory|postgres://…" }
const bus = { ...words("local"), hint: "local|nats://…" }

/** Which folder and which file; every command has these two. */
export const whereOptions = {
  data: option("Where", folder, "./data", "The folder that holds everything: history, people, keys."),
  config: optional("Where", file, "Options from this file, instead of parley.toml in the data folder."),
} satisfies Options

/** Every option of a server, in the order of the help. */
export const serverOptions = {
  ...whereOptions,
  http: option("Doors", door, "127.0.0.1:8080", "The web: pages, WebSocket and the API under /api/v1."),
  https: option("Doors", door, "off", "The same over TLS."),
  tcp: option("Doors", door, "127.0.0.1:8023", "One JSON frame a line, in the clear."),
  tcpTls: option("Doors", door, "off", "The same over TLS."),
  udp: unbuilt(option("Doors", door, "off", "One frame a datagram.")),
  irc: unbuilt(option("Doors", door, "off", "Any IRC client, in the clear.")),
  ircTls: unbuilt(option("Doors", door, "off", "Any IRC client, over TLS.")),
  publicUrl: optional(
    "Doors",
    webAddress,
    "The address at which people reach the web, where a proxy stands.",
  ),
  trustProxy: option("Doors", proxies, "off", "Proxies whose X-Forwarded-For names the client's address."),
  tlsCert: optional("TLS", file, "Certificate chain, PEM. Without one the server makes its own, once."),
  tlsKey: optional("TLS", file, "Its private key, PEM."),
  name: option("People", text, "Parley", "What the server calls itself."),
  registration: option("People", words("open", "invite", "closed"), "open", "Who may make an account."),
  owner: optional("People", ownerName, "Makes this account the owner at the start."),
  ownerPassword: {
    ...optional("People", ownerPassword, "The password a new owner begins with."),
    secret: true,
  },
  messageRate: option("People", whole(1, 1_000_000), "100", "Messages a second from one account, sustained."),
  messageBurst: option("People", whole(1, 1_000_000), "1000", "Messages from one account at once."),
  store: unbuilt(option("Running", store, "sqlite", "Where the log is kept."), /^postgres(ql)?:/),
  bus: unbuilt(option("Running", bus, "local", "How several servers hear of each other."), /^nats:/),
  log: option("Running", log, "info", "The server's own log: text or json, and from which level on."),
} satisfies Options

export type Config = Values<typeof serverOptions>

// ---------------------------------------------------------------- reading

/** One sentence for the person: what is wrong and what to do. */
export interface Wrong {
  readonly wrong: string
}

export function isWrong(value: object): value is Wrong {
  return "wrong" in value
}

const dashed = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
/** `tcpTls` as a flag, `--tcp-tls`, and in the environment, `PARLEY_TCP_TLS`. */
export const flagOf = (key: string): string => `--${dashed(key)}`
export const variableOf = (key: string): string => `PARLEY_${dashed(key).replaceAll("-", "_").toUpperCase()}`

/** What stood where, by key of the table. */
export type Given = ReadonlyMap<string, { readonly text: string; readonly at: string }>

interface Arguments {
  readonly given: Given
  /** What is not an option, in order. */
  readonly rest: readonly string[]
}

/** Reads `--name VALUE`, `--name=VALUE` and switches; what follows `--` is no option. */
export function readArguments(options: Options, argv: readonly string[]): Arguments | Wrong {
  const keys = new Map(Object.keys(options).map((key) => [flagOf(key), key]))
  const given = new Map<string, { text: string; at: string }>()
  const rest: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? ""
    if (argument === "--") return { given, rest: [...rest, ...argv.slice(index + 1)] }
    if (!argument.startsWith("-") || argument === "-") {
      rest.push(argument)
      continue
    }
    const [flag = "", ...parts] = argument.split("=")
    const key = keys.get(flag)
    const found = key === undefined ? undefined : options[key]
    if (key === undefined || !found)
      return { wrong: meant(`There is no option ${flag}`, flag, [...keys.keys()]) }
    if (found.secret) return { wrong: secretFlag(key) }
    const value = parts.length > 0 ? parts.join("=") : found.form.hint === "" ? "on" : argv[++index]
    if (value === undefined) return { wrong: `${flag} takes ${found.form.takes}; nothing follows it.` }
    if (given.has(key)) return { wrong: `${flag} stands there twice; leave one out.` }
    given.set(key, { text: value, at: flag })
  }
  return { given, rest }
}

function secretFlag(key: string): string {
  return `${flagOf(key)} would show in the list of processes; put it into ${variableOf(key)} or, as ${dashed(key)}, into parley.toml.`
}

/** Reads the environment. A variable that nearly is one of ours is a slip; others are not ours to judge. */
export function readEnvironment(
  options: Options,
  environment: Readonly<Record<string, string | undefined>>,
): Given | Wrong {
  const keys = new Map(Object.keys(options).map((key) => [variableOf(key), key]))
  const given = new Map<string, { text: string; at: string }>()
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("PARLEY_") || value === undefined || value === "") continue
    const key = keys.get(name)
    const guess = key === undefined ? nearest(name, [...keys.keys()], 2) : undefined
    if (guess !== undefined)
      return { wrong: `The environment holds ${name}, which nothing reads; did you mean ${guess}?` }
    if (key !== undefined) given.set(key, { text: value, at: name })
  }
  return given
}

/** Reads a `parley.toml`: one key a line, named like the flags. `parseToml` throws for what is no TOML. */
export function readFile(
  options: Options,
  path: string,
  content: string,
  parseToml: (text: string) => Readonly<Record<string, unknown>>,
): Given | Wrong {
  const keys = new Map(Object.keys(options).map((key) => [dashed(key), key]))
  const given = new Map<string, { text: string; at: string }>()
  let values: Readonly<Record<string, unknown>>
  try {
    values = parseToml(content)
  } catch (error) {
    const line = error instanceof Error && "line" in error ? `, line ${error.line}` : ""
    return { wrong: `${path}${line}: this is not TOML; write one \`name = "value"\` a line.` }
  }
  for (const [name, value] of Object.entries(values)) {
    const key = keys.get(name)
    if (key === undefined)
      return { wrong: meant(`${path}: there is no option ${name}`, name, [...keys.keys()]) }
    const text = plain(value)
    if (text === undefined) return { wrong: `${path}: ${name} takes ${options[key]?.form.takes}.` }
    given.set(key, { text, at: `${path}: ${name}` })
  }
  return given
}

function plain(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? "off" : value.map(plain).join(",")
  return ["string", "number", "boolean", "bigint"].includes(typeof value) ? String(value) : undefined
}

/** The first of the sources that names an option decides it, else its default. */
export function settle<Table extends Options>(
  options: Table,
  sources: readonly Given[],
): Values<Table> | Wrong {
  const values: [string, unknown][] = []
  for (const [key, each] of Object.entries<Option>(options)) {
    const { form, default: standard } = each
    const found = sources.map((source) => source.get(key)).find((each) => each !== undefined)
    const text = found?.text ?? standard
    if (!found && each.required) return { wrong: `${flagOf(key)} is needed; it takes ${form.takes}.` }
    if (found && each.unbuilt?.test(found.text)) return { wrong: notYet(found.at, found.text) }
    const value = text === undefined ? undefined : form.read(text)
    if (found && value === undefined) {
      return { wrong: meant(`${found.at} takes ${form.takes}`, found.text, form.hint.split("|")) }
    }
    values.push([key, value])
  }
  return Object.fromEntries(values) as Values<Table>
}

function notYet(at: string, text: string): string {
  const what = /^[a-z]+:/.test(text) ? `${at} ${text.split(":")[0]}://` : at
  return `${what} is not built yet in this version; leave it out to start without.`
}

/** A server's options. `sources`: flags, environment, file. */
export function readConfig(sources: readonly Given[]): Config | Wrong {
  const config = settle(serverOptions, sources)
  if (isWrong(config)) return config
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined))
    return { wrong: "A certificate and its key go together; give both --tls-cert and --tls-key." }
  if (config.owner !== undefined && config.ownerPassword === undefined)
    return {
      wrong: "An owner needs a password to begin with; put it into PARLEY_OWNER_PASSWORD or parley.toml.",
    }
  if (config.messageBurst < config.messageRate)
    return { wrong: "--message-burst lies below --message-rate; raise it to at least the rate." }
  return config
}

// ---------------------------------------------------------------- slips

/** The sentence, with the word that was probably meant where there is one. */
function meant(sentence: string, word: string, known: readonly string[]): string {
  const guess = nearest(word, known, Math.max(1, Math.floor(word.replace(/^-+/, "").length / 3)))
  return guess === undefined ? `${sentence}.` : `${sentence}; did you mean ${guess}?`
}

/** The known word with the fewest slips between, at most `slipsMax`. */
export function nearest(word: string, known: readonly string[], slipsMax: number): string | undefined {
  const ranked = known
    .map((each) => ({ each, count: slips(word.toLowerCase(), each.toLowerCase()) }))
    .sort((one, other) => one.count - other.count)
  return ranked.find(({ count }) => count <= slipsMax)?.each
}

/** Letters left out, put in, changed, or swapped with a neighbour (optimal string alignment). */
function slips(one: string, other: string): number {
  const width = other.length + 1
  const cost = (row: number, column: number): number => table[row * width + column] ?? 0
  const table: number[] = []
  for (let row = 0; row <= one.length; row++) {
    for (let column = 0; column <= other.length; column++) {
      if (row === 0 || column === 0) {
        table.push(row + column)
        continue
      }
      const same = one[row - 1] === other[column - 1]
      const swapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      table.push(
        Math.min(
          cost(row - 1, column) + 1,
          cost(row, column - 1) + 1,
          cost(row - 1, column - 1) + (same ? 0 : 1),
          swapped ? cost(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return cost(one.length, other.length)
}

/** "a, b or c". */
export function listed(all: readonly string[]): string {
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`
}
