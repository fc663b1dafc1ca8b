import { accounts } from "./accounts.ts"
import { directs } from "./directs.ts"
import { events } from "./events.ts"
import type { Handler } from "./handler.ts"
import { house } from "./house.ts"
import { invitations } from "./invitations.ts"
import { marks } from "./marks.ts"
import { me } from "./me.ts"
import { members } from "./members.ts"
import { messages } from "./messages.ts"
import { people } from "./people.ts"
import { presence } from "./presence.ts"
import { registers } from "./registers.ts"
import { roomSettings } from "./room-settings.ts"
import { rooms } from "./rooms.ts"
import { search } from "./search.ts"
import { sessions } from "./sessions.ts"

/** Every request there is. Frames name them, HTTP finds them by method and path, and the OpenAPI document lists them. */
export const table: readonly Handler[] = [
  ...house,
  ...accounts,
  ...sessions,
  ...me,
  ...people,
  ...presence,
  ...invitations,
  ...rooms,
  ...roomSettings,
  ...directs,
  ...members,
  ...events,
  ...messages,
  ...marks,
  ...registers,
  ...search,
]
