import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Uuid } from "../../protocol/ids.ts"
import { newId } from "../callers.ts"
import { adaOwns, castOf, code, done, join as enterRoom, makeRoom, say } from "../people.ts"
import { parley, type Server, startServer, stopAll, until } from "../server.ts"
import { http, speak, type Voice, wires } from "../voices.ts"

setDefaultTimeout(120_000)

const MiB = 1024 * 1024
const disk = mkdtempSync(join(tmpdir(), "parley-small-disk-"))
const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk])
const mayMount = mount.exitCode === 0
if (!mayMount) console.warn("The test of a full disk is skipped: this user may not mount one.")

let server: Server | undefined
afterAll(async () => {
  await stopAll(server)
  if (mayMount) Bun.spawnSync(["umount", "-l", disk])
  rmSync(disk, { recursive: true, force: true })
})

/** Somebody else's files, to the last block. */
function fill(): () => void {
  const files: string[] = []
  for (let free = statfsSync(disk); free.bavail > 0; free = statfsSync(disk)) {
    const file = join(disk, `film ${files.length}`)
    writeFileSync(file, new Uint8Array(Math.min(MiB, free.bavail * free.bsize)))
    files.push(file)
  }
  return () => {
    for (const file of files) rmSync(file)
  }
}

interface Page {
  readonly events: readonly { readonly seq: number; readonly body: unknown }[]
}

const bodies = async (voice: Voice, room: Uuid) =>
  done(await voice.ask<Page>("events.list", { room, after: 0 })).events.map(({ body }) =>
    JSON.stringify(body),
  )

describe.skipIf(!mayMount)("a server on a full disk", () => {
  test("REFUSE-1 ERASE-1: refuses what is new with `store-full`, serves readers, erases, and takes words again once there is room", async () => {
    const data = join(disk, "data")
    const running = await startServer(data, { env: adaOwns })
    server = running
    const { ada, bob } = await castOf(running)
    const [web, tcp, fetched] = await Promise.all(wires.map((wire) => speak(running, wire, bob.token)))
    if (!web || !tcp || !fetched) throw new Error("Bob has no voice.")
    const voices = [web, tcp, fetched]
    const owner = await speak(running, "http", ada.token)
    const room = await makeRoom(owner, "lobby")
    await enterRoom(web, room)
    const secrets = await Promise.all(
      voices.map((voice, index) => say(voice, room, `secret number ${index}`)),
    )

    const free = fill()
    for (const voice of [tcp, fetched])
      expect(code(await voice.submit(room, "message.posted", { text: "more" }))).toBe("store-full")
    // The sdk keeps what it could not send, and says why it waits.
    const waiting = web.submit(room, "message.posted", { text: "kept by the sdk" })
    const id = newId()
    const post = () =>
      http(
        running.url,
        "POST",
        "/rooms/{room}/events",
        { room, id, kind: "message.posted", body: { text: "by hand" } },
        bob.token,
      )
    expect(await post()).toMatchObject({ status: 507, body: { code: "store-full" } })
    expect(code(await fetched.ask("rooms.create", { name: "cellar" }))).toBe("store-full")
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200)

    for (const voice of voices) expect((await bodies(voice, room)).join()).toContain("secret number 2")
    for (const [index, voice] of [tcp, fetched].entries()) {
      done(await voice.submit(room, "message.deleted", {}, secrets[index]?.seq))
      for (const reader of voices)
        expect((await bodies(reader, room)).join()).not.toContain(`secret number ${index}`)
    }
    expect(await post()).toMatchObject({ status: 507 })

    free()
    await until(async () => (await post()).status === 201, "room for a message")
    expect(await waiting).toMatchObject({ room })
    for (const voice of voices) await say(voice, room, "there is room again")
    const all = await bodies(fetched, room)
    expect(all.filter((body) => body.includes("by hand"))).toHaveLength(1)
    expect(all.filter((body) => body.includes("kept by the sdk"))).toHaveLength(1)
    expect(all.filter((body) => body.includes("there is room again"))).toHaveLength(3)
    await Promise.all(voices.map((voice) => voice.hangUp()))
    expect((await parley("verify", "--data", data)).code).toBe(0)
    expect(await running.stop("SIGTERM")).toBe(0)
  })
})
