import Type from "typebox"
import { HOUSE_ROOM } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { PROTOCOL_VERSION } from "../../protocol/version.ts"
import { anyone, signedIn } from "./handler.ts"
import { EventsInput, EventsPage, eventsOfHouse } from "./log-pages.ts"

const Settings = Type.Object({
  name: Type.String(),
  registration: Type.Enum(["open", "invite", "closed"]),
  welcome: Type.String(),
})

/** The server as a whole. */
export const house = [
  anyone({
    name: "server.get",
    at: "GET /server",
    about: "What server this is, and what one must have to come in.",
    input: {},
    output: Type.Object({
      ...Settings.properties,
      version: Type.String(),
      protocol: Type.Integer(),
      /** There is no owner yet: the server waits for `setup.claim`. */
      setup: Type.Boolean(),
      limits: Type.Record(Type.String(), Type.Integer()),
    }),
    run: async ({ api }) => ({
      ...api.services.settings.current(),
      version: api.version,
      protocol: PROTOCOL_VERSION,
      setup: api.services.setup.code() !== undefined,
      limits,
    }),
  }),
  signedIn({
    name: "house.set",
    at: "PUT /house/settings/{key}",
    about: "Changes a setting of the whole server.",
    right: "house.setting",
    input: {
      key: Type.Enum(["name", "registration", "welcome"]),
      value: Type.String({ maxLength: limits.settingBytesMax }),
    },
    output: Settings,
    run: async ({ api, actor }, { key, value }) =>
      (await api.services.settings.set(actor, key, value)) ?? api.services.settings.current(),
  }),
  signedIn({
    name: "house.events",
    at: "GET /house/events",
    about: "What was done to accounts, roles, bans and settings, and by whom: raw events of the house's log.",
    right: "house.read",
    input: EventsInput,
    output: EventsPage,
    run: (asked, input) => eventsOfHouse(asked, HOUSE_ROOM, input),
  }),
]
