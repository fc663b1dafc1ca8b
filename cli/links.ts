import type { Config } from "../server/config.ts"

/** A link to a page of the web client, at the address people use. */
export function webLink({ publicUrl, http, https }: Config, path: string): string {
  return `${publicUrl ?? originOf("https", https) ?? originOf("http", http) ?? "http://localhost"}${path}`
}

function originOf(scheme: "http" | "https", door: Config["http"]): string | undefined {
  return door === "off" || door.port === 0 ? undefined : `${scheme}://${hostOf(door.host)}:${door.port}`
}

/** What a person on this machine types for a host that a door listens on. */
function hostOf(host: string): string {
  if (/^(127\.0\.0\.1|0\.0\.0\.0|::1?)$/.test(host)) return "localhost"
  return host.includes(":") ? `[${host}]` : host
}
