import { connect as connectPlain, type Socket } from "node:net"
import { StringDecoder } from "node:string_decoder"
import { connect as connectSecurely, type TLSSocket } from "node:tls"
import type { Hearing, Link, Wire } from "../ports.ts"

/** No frame of the protocol comes near it; a longer line is no frame. */
const LINE_CHARS_MAX = 16 * 1_048_576

/** A server's certificate, as someone who decides whether to trust it needs it. */
interface Certificate {
  /** SHA-256 of the certificate: hex pairs with colons, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string
  /** An authority this machine trusts vouches for it and for the name. */
  readonly isVouchedFor: boolean
}

interface TcpOptions {
  readonly host: string
  readonly port: number
  /** TLS. With `trust` the caller decides, as SSH clients do; without it an authority must vouch for the server. */
  readonly tls?: true | { readonly trust: (certificate: Certificate) => boolean }
}

/** A link over TCP, for Node and Bun: one frame a line. */
export function tcpLink({ host, port, tls }: TcpOptions): Link {
  return {
    open(hear) {
      if (!tls) {
        const socket = connectPlain({ host, port, noDelay: true })
        return reading(socket, "connect", hear, () => undefined)
      }
      const servername = /^[\d.]+$|:/.test(host) ? undefined : host
      const trust = tls === true ? undefined : tls.trust
      const socket = connectSecurely({
        host,
        port,
        ...(servername !== undefined && { servername }),
        rejectUnauthorized: trust === undefined,
      })
      socket.setNoDelay(true)
      return reading(socket, "secureConnect", hear, () => distrust(socket, trust))
    },
  }
}

/** Why the server's certificate will not do; undefined when it does. */
function distrust(
  socket: TLSSocket,
  trust: ((certificate: Certificate) => boolean) | undefined,
): string | undefined {
  if (!trust) return undefined
  const fingerprint = socket.getPeerCertificate().fingerprint256
  if (trust({ fingerprint, isVouchedFor: socket.authorized })) return undefined
  return `The server's certificate is not trusted; its fingerprint is ${fingerprint}.`
}

function reading(socket: Socket, ready: string, hear: Hearing, fault: () => string | undefined): Wire {
  let isOver = false
  let why = "The connection closed."
  let rest = ""
  const decoder = new StringDecoder("utf8")
  const over = () => {
    if (isOver) return
    isOver = true
    socket.destroy()
    hear.closed(why)
  }
  socket.once(ready, () => {
    const wrong = fault()
    if (wrong === undefined) hear.opened()
    else {
      why = wrong
      over()
    }
  })
  socket.on("data", (chunk: Buffer) => {
    const text = decoder.write(chunk)
    if (text.includes("\n")) {
      const lines = (rest + text).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) if (!isOver && line !== "") hear.frame(line)
    } else rest += text
    if (rest.length > LINE_CHARS_MAX) over()
  })
  socket.on("error", (error) => {
    why = error.message
  })
  socket.on("close", over)
  return {
    send(text) {
      if (!isOver) socket.write(`${text}\n`)
    },
    close() {
      isOver = true
      socket.end()
      socket.destroySoon()
    },
  }
}
