// Comes into a room, prints what is said there and says one thing:
// bun sdk/example/talk.ts http://localhost:8080 ada "her password" lobby "Hello, everyone"
import { connect } from "../client.ts"
import { webSocketLink } from "../links/websocket.ts"

const [address = "", name = "", password = "", place = "lobby", words = "Hello"] = process.argv.slice(2)
const client = connect({ link: webSocketLink(address), name, password })
client.on("state", (state) => {
  if (state.is === "offline" || state.is === "ended") console.error(state.is, state.why ?? "")
})

const room = client.room(place)
room.on("message", (message) => console.log(`${client.nameOf(message.by)}: ${message.text}`))
room.join()
const answer = await room.say(words).settled
if ("code" in answer) console.error(answer.message)
