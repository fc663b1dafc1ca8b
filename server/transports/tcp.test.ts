import { requires } from "../../test/programs.ts"
import { transportContract } from "./contract.ts"
import { listenTcp } from "./tcp.ts"
import { makeCertificate } from "./testing/certificate.ts"
import { dialLines } from "./testing/clients.ts"

const here = { host: "127.0.0.1", port: 0 }

transportContract("tcp", {
  cuts: true,
  crowd: 1_000,
  open: async (reception) => {
    const listener = listenTcp(reception, here)
    return { ...listener, connect: () => dialLines(listener) }
  },
})

const openssl = requires("openssl")
if (openssl) {
  const tls = makeCertificate()
  transportContract("tcp over tls", {
    cuts: true,
    crowd: 200,
    open: async (reception) => {
      const listener = listenTcp(reception, { ...here, tls })
      return { ...listener, connect: () => dialLines({ port: listener.port, secure: true }) }
    },
  })
}
