import { transportContract } from "./contract.ts"
import { listenHttp } from "./http.ts"
import { dialWebSocket } from "./testing/clients.ts"

const nothing = {
  host: "127.0.0.1",
  port: 0,
  api: async () => undefined,
  web: async () => undefined,
  metrics: () => "",
  ready: () => undefined,
}

transportContract("websocket", {
  cuts: true,
  crowd: 1_000,
  open: async (reception) => {
    const listener = listenHttp(reception, nothing)
    return { ...listener, connect: () => dialWebSocket(listener) }
  },
})
