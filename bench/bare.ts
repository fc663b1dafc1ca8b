// What a fan-out costs at the least: Bun's own publish of the same bytes, with no log, no cursor and no account.
const server = Bun.serve<{ topic: string }>({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request, server) {
    const { pathname } = new URL(request.url)
    if (server.upgrade(request, { data: { topic: pathname } })) return undefined
    return new Response("bare")
  },
  websocket: {
    open(socket) {
      socket.subscribe(socket.data.topic)
    },
    message(socket, text) {
      server.publish(socket.data.topic, text)
    },
  },
})
