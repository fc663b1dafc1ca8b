import { readFileSync, writeFileSync } from "node:fs"
import { isUuid } from "../../protocol/ids.ts"
import { isRefusal } from "../../protocol/refusals.ts"
import { file, optional } from "../../server/config.ts"
import { upkeep } from "../../server/main.ts"
import { command } from "../command.ts"
import { Complaint, exitCodes, misused } from "../complaint.ts"
import { loadConfig } from "../load-config.ts"
import { checkOwner } from "../ownership.ts"
import { startProgress } from "../progress.ts"
import { counted, duration, grouped, harmless, note, say } from "../terminal.ts"

/** Beyond so many a screen is no place to read them. */
const DAMAGES_SHOWN_MAX = 100
const HEADS_SHOWN_MAX = 20

export const verify = command({
  words: "verify",
  sentence: "Checks every event against its hash chain, also while a server runs.",
  more: [
    "It names what was altered, lost, moved or added, and then ends with 3. Without damage it prints the head of each room: keep those lines elsewhere, and --known tells later whether history up to there is still the same.",
  ],
  server: "where",
  options: {
    heads: optional("", file, "Write the heads of all rooms to this file."),
    known: optional("", file, "Compare with the heads that were written to this file earlier."),
  },
  run: async ({ values: { heads, known }, given }) => {
    const { data } = await loadConfig(given)
    checkOwner(data)
    const remembered = known === undefined ? [] : readHeads(known)
    const startedMs = performance.now()
    let progress: ReturnType<typeof startProgress> | undefined
    const found = await upkeep.verify(data, remembered, ({ events, of }) => {
      progress ??= startProgress({ what: "Verifying", total: of })
      progress.at(events)
    })
    progress?.end()
    if (isRefusal(found)) {
      const code = found.code === "store-damaged" ? exitCodes.damaged : exitCodes.failed
      throw new Complaint(found.message, code)
    }
    const elapsedMs = performance.now() - startedMs
    const speed = `${grouped((found.events / elapsedMs) * 1000)} a second`
    say(
      `Read ${counted(found.events, "event")} of ${counted(found.rooms, "log")} in ${duration(elapsedMs)} (${speed}).`,
    )
    if (found.damagesTotal > 0) {
      for (const { message } of found.damages.slice(0, DAMAGES_SHOWN_MAX)) say(harmless(message))
      const more = found.damagesTotal - Math.min(found.damages.length, DAMAGES_SHOWN_MAX)
      if (more > 0) say(`… and ${grouped(more)} more.`)
      throw new Complaint(
        `${counted(found.damagesTotal, "damage", "damages")} found; docs/operate.md says what to do.`,
        exitCodes.damaged,
      )
    }
    say(`All is as it was written${known === undefined ? "" : ", and as it is remembered"}.`)
    if (heads !== undefined) writeHeads(found.heads, heads)
    else if (known === undefined) showHeads(found.heads)
    return exitCodes.done
  },
})

interface Head {
  readonly room: string
  readonly seq: number
  readonly check: string
  readonly name?: string
}

function headLine({ room, seq, check, name }: Head): string {
  return `${room} ${seq} ${check}${name ? ` #${name}` : ""}`
}

function writeHeads(heads: readonly Head[], path: string): void {
  writeFileSync(path, heads.map((head) => `${headLine(head)}\n`).join(""))
  say(`The heads are in ${path}; keep it elsewhere.`)
}

function showHeads(heads: readonly Head[]): void {
  say("Heads, to be kept elsewhere (log, last number, check):")
  for (const head of heads.slice(0, HEADS_SHOWN_MAX)) say(`  ${headLine(head)}`)
  const more = heads.length - HEADS_SHOWN_MAX
  if (more > 0) note(`… and ${grouped(more)} more; --heads FILE writes all.`)
}

function readHeads(path: string): Head[] {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    throw misused(`${path} cannot be read; name the file that --heads wrote.`)
  }
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return []
    const [room = "", seq = "", check = ""] = line.trim().split(" ")
    if (!isUuid(room) || !/^\d{1,15}$/.test(seq) || !/^[0-9a-f]{16}$/.test(check))
      throw misused(`${path}, line ${index + 1}: this is no head as --heads writes them.`)
    return [{ room, seq: Number(seq), check }]
  })
}
