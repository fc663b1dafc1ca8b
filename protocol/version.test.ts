import { expect, test } from "bun:test"
import { Down, Up } from "./frames.ts"
import { PROTOCOL_VERSION } from "./version.ts"

/** SHA-256 of the schemas of all frames, by the version of the protocol that has them. */
const pinned: Readonly<Record<number, string>> = {
  1: "5cceef187308606ee975e4b6ca0dd4f618e201ceea833a0751a41585a16af709",
}

test("[VERSION-1] the frames are those of the protocol's version", async () => {
  const schemas = new TextEncoder().encode(JSON.stringify({ Up, Down }))
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", schemas)).toString("hex")
  if (hash !== pinned[PROTOCOL_VERSION]) {
    throw new Error(
      `The frames have changed; version ${PROTOCOL_VERSION} is pinned to others. If this fails, ask whether an older ` +
        "client or server can skip the change (a new optional field of what the server sends, a wider limit). If it " +
        "can, pin the new hash and say what is new under the version in version.ts. If it cannot, raise " +
        `PROTOCOL_VERSION there, and pin the hash to that. Tell SPEC.md either way. The hash now:\n${hash}`,
    )
  }
  expect(Object.keys(pinned)).toHaveLength(PROTOCOL_VERSION)
})
