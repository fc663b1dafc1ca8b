import { houseRoles } from "../../protocol/head.ts"
import { type Config, option, optional, text, words, yes } from "../../server/config.ts"
import { command } from "../command.ts"
import { exitCodes, misused } from "../complaint.ts"
import { webLink } from "../links.ts"
import { answered, withOperator } from "../operator.ts"
import { type ChosenPassword, choosePassword, passwordOptions } from "../passwords.ts"
import { table } from "../table.ts"
import { counted, harmless, say } from "../terminal.ts"

const role = words(...houseRoles)
const PAGE = 1_000

export const userAdd = command({
  words: "user add",
  takes: ["NAME"],
  sentence: "Makes an account, whoever may register by themselves.",
  more: [
    "The password is asked for on a terminal. Elsewhere one is made up and printed, once, unless --password-stdin gives it. With --link no password is set: the person chooses one at the link that is printed.",
  ],
  server: "where",
  options: {
    role: option("", role, "member", "What the account may do in the whole house."),
    display: optional("", text, "The name that is shown, where it differs."),
    ...passwordOptions,
    link: option("", yes, "off", "Print a link at which the person sets a password."),
  },
  run: async ({ values, rest: [name = ""], given }) => {
    const { role, display, link, ...how } = values
    const chosen = link ? undefined : await choosePassword(how, name)
    await withOperator(given, true, async (operator, config) => {
      const person = {
        name,
        role,
        ...(display !== undefined && { display }),
        ...(chosen && { password: chosen.password }),
      }
      const added = await answered(operator.call("user.add", person))
      say(`${added.name} has an account now, as ${added.role}.`)
      if (link) sayReset(config, await answered(operator.call("user.link", { name })))
    })
    tell(chosen)
    return exitCodes.done
  },
})

export const userPassword = command({
  words: "user password",
  takes: ["NAME"],
  sentence: "Gives an account a new password and ends all its sessions.",
  more: [
    "The password is asked for on a terminal. Elsewhere one is made up and printed, once, unless --password-stdin gives it. With --link nothing changes until the person sets a password at the link that is printed.",
    "An account of an import is its person's from then on.",
  ],
  server: "where",
  options: {
    ...passwordOptions,
    link: option("", yes, "off", "Print a link at which the person sets a password."),
  },
  run: async ({ values: { link, ...how }, rest: [name = ""], given }) => {
    if (link && (how.generate || how.passwordStdin))
      throw misused("With --link the person chooses the password; leave the other option out.")
    const chosen = link ? undefined : await choosePassword(how, name)
    await withOperator(given, false, async (operator, config) => {
      if (!chosen) {
        sayReset(config, await answered(operator.call("user.link", { name })))
        return
      }
      const { password } = chosen
      const account = await answered(operator.call("user.password", { name, password }))
      say(`${account.name} has a new password; every session of the account has ended.`)
    })
    tell(chosen)
    return exitCodes.done
  },
})

function tell(chosen: ChosenPassword | undefined): void {
  if (chosen?.generated) say(`The password, shown this once: ${chosen.password}`)
}

function sayReset(config: Config, { code, expiresAt }: { code: string; expiresAt: number }): void {
  say(`The link works once, until ${new Date(expiresAt).toISOString()}:`)
  say(`  ${webLink(config, `/reset#${code}`)}`)
}

export const userRole = command({
  words: "user role",
  takes: ["NAME", "ROLE"],
  sentence: "Changes what an account may do in the whole house.",
  more: [`ROLE is ${role.takes}.`],
  server: "where",
  run: async ({ rest: [name = "", word = ""], given }) => {
    const wanted = role.read(word)
    if (wanted === undefined) throw misused(`A role is ${role.takes}; ${harmless(word)} is none.`)
    const account = await withOperator(given, false, (operator) =>
      answered(operator.call("user.role", { name, role: wanted })),
    )
    say(`${account.name} is ${account.role} now.`)
    return exitCodes.done
  },
})

export const userList = command({
  words: "user list",
  sentence: "Shows who has an account.",
  server: "where",
  options: { search: optional("", text, "Only names that begin with this.") },
  run: async ({ values: { search }, given }) => {
    const rows = await withOperator(given, false, async (operator) => {
      const rows: string[][] = []
      for (let after: string | undefined; ; ) {
        const query = {
          limit: PAGE,
          ...(search !== undefined && { search }),
          ...(after !== undefined && { after }),
        }
        const { people, next } = await answered(operator.call("user.list", query))
        for (const { name, display, role, banned, claimed } of people) {
          const state = banned ? "banned" : claimed ? "" : "unclaimed"
          rows.push([name, harmless(display === name ? "" : display), role, state])
        }
        if (next === undefined) return rows
        after = next
      }
    })
    if (rows.length > 0)
      say(table([{ head: "NAME" }, { head: "SHOWN AS" }, { head: "ROLE" }, { head: "STATE" }], rows))
    say(counted(rows.length, "account"))
    return exitCodes.done
  },
})
