import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { parse } from "smol-toml"
import {
  type Config,
  flagOf,
  type Given,
  isWrong,
  readArguments,
  readConfig,
  readEnvironment,
  readFile,
  serverOptions,
  variableOf,
  type Wrong,
} from "./config.ts"

/** What a server would be started with. */
function started(
  argv: readonly string[],
  environment: Record<string, string> = {},
  toml = "",
): Config | Wrong {
  const flags = readArguments(serverOptions, argv)
  if (isWrong(flags)) return flags
  const variables = readEnvironment(serverOptions, environment)
  if (isWrong(variables)) return variables
  const lines = readFile(serverOptions, "parley.toml", toml, parse)
  if (isWrong(lines)) return lines
  return readConfig([flags.given, variables, lines])
}

function config(...from: Parameters<typeof started>): Config {
  const read = started(...from)
  if (isWrong(read)) throw new Error(read.wrong)
  return read
}

function wrong(...from: Parameters<typeof started>): string {
  const read = started(...from)
  if (!isWrong(read)) throw new Error("This should have been wrong.")
  return read.wrong
}

describe("a server that is started without options", () => {
  test("is reached on this machine and not from the network", () => {
    const { http, tcp, https, tcpTls, udp, irc, ircTls } = config([])
    expect(http).toEqual({ host: "127.0.0.1", port: 8080 })
    expect(tcp).toEqual({ host: "127.0.0.1", port: 8023 })
    expect([https, tcpTls, udp, irc, ircTls]).toEqual(["off", "off", "off", "off", "off"])
  })

  test("keeps everything in ./data with SQLite", () => {
    expect(config([])).toMatchObject({ data: "./data", store: "sqlite", bus: "local" })
  })
})

describe("a flag", () => {
  test.each([
    ["0.0.0.0:80", { host: "0.0.0.0", port: 80 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["chat.example.org:443", { host: "chat.example.org", port: 443 }],
    ["9000", { host: "127.0.0.1", port: 9000 }],
    ["off", "off"],
  ] as const)("--http %s is understood", (text, address) => {
    expect(config(["--http", text]).http).toEqual(address)
    expect(config([`--http=${text}`]).http).toEqual(address)
  })

  test.each([":8080", "localhost", "1.2.3.4:99999", "http://localhost:80", "a b:1", "::1:80"])(
    "--http %s is refused with what it may be",
    (text) => expect(wrong(["--http", text])).toStartWith("--http takes HOST:PORT, a port alone"),
  )

  test("that does not exist is answered with the one that was probably meant", () => {
    expect(wrong(["--htp", "8080"])).toBe("There is no option --htp; did you mean --http?")
    expect(wrong(["--tcp-tsl", "1"])).toBe("There is no option --tcp-tsl; did you mean --tcp-tls?")
    expect(wrong(["--colour"])).toBe("There is no option --colour.")
  })

  test("with a word that does not exist is answered with the words that do", () => {
    expect(wrong(["--registration", "opne"])).toBe(
      "--registration takes open, invite or closed; did you mean open?",
    )
  })

  test("without its value, or twice, is refused", () => {
    expect(wrong(["--data"])).toBe("--data takes the path of a folder; nothing follows it.")
    expect(wrong(["--http", "1", "--http", "2"])).toContain("twice")
  })

  test("never takes a password, and says where to put it", () => {
    expect(wrong(["--owner-password", "correct horse"])).toContain("PARLEY_OWNER_PASSWORD")
    expect(wrong(["--owner-password=correct horse"])).not.toContain("correct horse")
  })

  test("for a door that is not built yet says so", () => {
    for (const argv of [
      ["--udp", "0.0.0.0:7000"],
      ["--irc", "6667"],
      ["--irc-tls", "6697"],
      ["--store", "postgres://ada@localhost/parley"],
      ["--bus", "nats://localhost"],
    ])
      expect(wrong(argv)).toContain("not built yet")
    expect(wrong(["--store", "postgres://ada:secret@localhost/parley"])).not.toContain("secret")
    expect(config(["--udp", "off"]).udp).toBe("off")
  })
})

describe("an option", () => {
  test("is taken from the flag, else the environment, else the file, else its default", () => {
    const toml = `registration = "closed"`
    const environment = { PARLEY_REGISTRATION: "invite" }
    expect(config(["--registration", "open"], environment, toml).registration).toBe("open")
    expect(config([], environment, toml).registration).toBe("invite")
    expect(config([], {}, toml).registration).toBe("closed")
    expect(config([]).registration).toBe("open")
  })

  test("is the same in whichever of the three places it stands", () => {
    const ports = fc.integer({ min: 0, max: 65_535 })
    const hosts = fc.constantFrom("127.0.0.1", "0.0.0.0", "[::]", "chat.example.org")
    const doors = fc.constantFrom("http", "https", "tcp", "tcpTls")
    fc.assert(
      fc.property(doors, hosts, ports, (key, host, port) => {
        const value = `${host}:${port}`
        const name = flagOf(key).slice(2)
        const expected = { [key]: { host: host.replace(/[[\]]/g, ""), port } }
        expect(config([flagOf(key), value])).toMatchObject(expected)
        expect(config([], { [variableOf(key)]: value })).toMatchObject(expected)
        expect(config([], {}, `${name} = "${value}"`)).toMatchObject(expected)
      }),
    )
  })

  test("in the environment that is empty counts as not given", () => {
    expect(config([], { PARLEY_HTTP: "" }).http).toEqual({ host: "127.0.0.1", port: 8080 })
  })
})

describe("whatever a person types", () => {
  test("ends in a config or in one sentence, never in an exception", () => {
    const argument = fc.oneof(
      fc.constantFrom(...Object.keys(serverOptions).map(flagOf), "--", "-", "__proto__", "--__proto__"),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(argument), fc.string(), (argv, toml) => {
        for (const read of [started(argv), started([], {}, toml)])
          if (isWrong(read)) expect(read.wrong).toMatch(/[.?]$/)
      }),
    )
  })

  test("is not judged after --", () => {
    const read = readArguments(serverOptions, ["--data", "x", "--", "--http", "y"])
    expect(isWrong(read) ? [] : read.rest).toEqual(["--http", "y"])
  })
})

describe("the environment", () => {
  test("with a slip in a name is refused, so that a setting is not silently without effect", () => {
    expect(wrong([], { PARLEY_HTPP: "1" })).toContain("did you mean PARLEY_HTTP?")
  })

  test("may hold what is not ours", () => {
    expect(config([], { PARLEY_CORPUS: "x", HOME: "/" }).data).toBe("./data")
  })
})

describe("parley.toml", () => {
  test("takes numbers, truth and lists as TOML writes them", () => {
    const read = config(
      [],
      {},
      `message-rate = 5\nmessage-burst = 10\ntrust-proxy = ["127.0.0.1", "10.0.0.0/8"]`,
    )
    expect(read).toMatchObject({ messageRate: 5, messageBurst: 10, trustProxy: ["127.0.0.1", "10.0.0.0/8"] })
  })

  test("with an error names the file and the line", () => {
    expect(wrong([], {}, `name = "a"\nhttp =`)).toMatch(/^parley\.toml, line 2: this is not TOML/)
    expect(wrong([], {}, `htttp = "x"`)).toBe("parley.toml: there is no option htttp; did you mean http?")
    expect(wrong([], {}, `[http]\nport = 1`)).toStartWith("parley.toml: http takes HOST:PORT")
    expect(wrong([], {}, `http = "nowhere"`)).toStartWith("parley.toml: http takes HOST:PORT")
  })
})

describe("options that belong together", () => {
  test("a certificate needs its key", () => {
    expect(wrong(["--tls-cert", "a.pem"])).toContain("give both")
  })

  test("an owner needs a password to begin with, from the environment or the file", () => {
    expect(wrong(["--owner", "ada"])).toContain("PARLEY_OWNER_PASSWORD")
    expect(config(["--owner", "ada"], { PARLEY_OWNER_PASSWORD: "correct horse" })).toMatchObject({
      owner: "ada",
      ownerPassword: "correct horse",
    })
    expect(config([], {}, `owner = "ada"\nowner-password = "correct horse"`).owner).toBe("ada")
  })

  test("the burst is not below the rate", () => {
    expect(wrong(["--message-rate", "2000"])).toContain("--message-burst")
  })

  test("--log takes a form, a level, or both", () => {
    const standard: Given = new Map()
    expect(readConfig([standard])).toMatchObject({ log: { form: undefined, level: "info" } })
    expect(config(["--log", "debug"]).log).toEqual({ form: undefined, level: "debug" })
    expect(config(["--log", "json"]).log).toEqual({ form: "json", level: "info" })
    expect(config(["--log", "warn,text"]).log).toEqual({ form: "text", level: "warn" })
    expect(wrong(["--log", "loud"])).toContain("text or json")
    expect(wrong(["--log", "text,json"])).toContain("text or json")
  })

  test("--public-url is an origin", () => {
    expect(config(["--public-url", "https://chat.example.org/"]).publicUrl).toBe("https://chat.example.org")
    expect(wrong(["--public-url", "https://chat.example.org/parley"])).toContain("without a path")
    expect(wrong(["--public-url", "chat.example.org"])).toContain("without a path")
  })
})
