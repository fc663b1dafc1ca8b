import type { Shown } from "../../protocol/timeline.ts"
import { type Client, type ConnectOptions, connect } from "../client.ts"
import { House } from "./house.ts"
import { TestWorld } from "./world.ts"

/** Long enough for anything on a healthy wire, short of a reconnect. */
export const MOMENT_MS = 100
/** Long enough for every reconnect. */
export const WHILE_MS = 120_000

/** Ada and Bob in the lobby, Bob in the garden, and Cleo in neither. */
export function scene(seed = 1) {
  const world = new TestWorld(seed)
  const house = new House(world)
  const [ada, bob, cleo] = [house.person("ada"), house.person("bob"), house.person("cleo")]
  const lobby = house.room("lobby", ada, bob)
  const garden = house.room("garden", bob)
  const enter = (name: string, options: Partial<ConnectOptions> = {}): Client =>
    connect({ link: house.link(), name, password: "correct horse", world, ...options })
  const submits = () => house.heard.flatMap(({ frame }) => (frame.type === "submit" ? [frame] : []))
  return { world, house, ada, bob, cleo, lobby, garden, enter, submits }
}

export const texts = (shown: readonly Shown[]) =>
  shown.flatMap((one) => (one.type === "message" ? [one.text] : []))
/** The texts of commands or of events. */
export const said = (frames: readonly { readonly body: unknown }[]) =>
  frames.map(({ body }) => (body as { text?: string }).text ?? "")

export const stateOf = (client: Client) => client.state.is
