import { X509Certificate } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type KeyAndCertificate, makeCertificate } from "./certificate.ts"

const CERT_FILE = "own-cert.pem"
const KEY_FILE = "own-key.pem"
/** One that ends sooner is replaced; its fingerprint changes, and people are asked to compare it again. */
const DAYS_LEFT_MIN = 30

/** The certificate that a server without one makes in its data folder, once. */
export function ownCertificate(folder: string, hosts: readonly string[], nowMs: number): KeyAndCertificate {
  const [certPath, keyPath] = [join(folder, CERT_FILE), join(folder, KEY_FILE)]
  const kept = read(certPath, keyPath)
  if (kept && Date.parse(new X509Certificate(kept.cert).validTo) > nowMs + DAYS_LEFT_MIN * 86_400_000)
    return kept
  const made = makeCertificate(hosts, nowMs)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(keyPath, made.key, { mode: 0o600, flush: true })
  writeFileSync(certPath, made.cert, { flush: true })
  return made
}

function read(certPath: string, keyPath: string): KeyAndCertificate | undefined {
  try {
    return { cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw new Error(
      `The server's own certificate in ${certPath} cannot be read; remove it to have another made.`,
    )
  }
}
