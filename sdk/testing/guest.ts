import { WebSocket } from "ws"
import { fileCache } from "../caches/file.ts"
import { connect } from "../client.ts"
import { tcpLink } from "../links/tcp.ts"
import { webSocketLink } from "../links/websocket.ts"
import type { Link } from "../ports.ts"

// A program of its own, for tests: comes in by the named door, answers what it hears until it hears "bye".
const [door = "", address = "", folder = ""] = process.argv.slice(2)
const url = new URL(address)
const place = { host: url.hostname, port: Number(url.port) }
const links: Readonly<Record<string, () => Link>> = {
  websocket: () => webSocketLink(address),
  ws: () => webSocketLink(address, WebSocket),
  tcp: () => tcpLink(place),
  tls: () => tcpLink({ ...place, tls: { trust: ({ fingerprint }) => fingerprint === url.hash.slice(1) } }),
}
const link = links[door]?.()
if (!link) throw new Error(`There is no door called "${door}".`)

const cache = await fileCache(folder)
const client = connect({ link, cache, name: "ada", password: "correct horse" })
client.on("state", (state) => {
  console.log("why" in state && state.why ? `${state.is}: ${JSON.stringify(state.why)}` : state.is)
  // A test wants to see the first failure, not the tenth attempt.
  if (state.is === "offline") void client.close()
})
const garden = client.room("garden")
garden.on("message", ({ by, text }) => {
  if (by === client.me) return
  const { settled } = garden.say(`you said: ${text}`)
  if (text === "bye") void settled.then(() => client.close())
})
garden.join()
garden.say("hello")
