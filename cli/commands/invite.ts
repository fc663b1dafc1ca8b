import { houseRoles } from "../../protocol/head.ts"
import { option, optional, text, whole, words } from "../../server/config.ts"
import { command } from "../command.ts"
import { exitCodes } from "../complaint.ts"
import { webLink } from "../links.ts"
import { answered, withOperator } from "../operator.ts"
import { counted, say } from "../terminal.ts"

const DAY_MS = 86_400_000

export const invite = command({
  words: "invite",
  sentence: "Makes a link with which people make their own accounts.",
  more: ["It works also where registration is by invitation. Whoever holds the link may use it."],
  server: "where",
  options: {
    uses: option("", whole(1, 100_000), "1", "How many accounts it may make."),
    days: option("", whole(1, 365), "7", "How long it works."),
    room: optional("", text, "A room they are in from the start."),
    role: option("", words(...houseRoles), "member", "What their accounts may do."),
  },
  run: async ({ values: { uses, days, room, role }, given }) => {
    await withOperator(given, false, async (operator, config) => {
      const wish = { uses, lifeMs: days * DAY_MS, role, ...(room !== undefined && { room }) }
      const made = await answered(operator.call("invite", wish))
      say(`For ${counted(made.uses, "account")}, until ${new Date(made.expiresAt).toISOString()}:`)
      say(`  ${webLink(config, `/join#${made.code}`)}`)
      say(`The code alone, for \`invite\` in a registration: ${made.code}`)
    })
    return exitCodes.done
  },
})
