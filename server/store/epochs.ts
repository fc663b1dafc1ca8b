import type { Database } from "bun:sqlite"
import { statSync } from "node:fs"
import { type Uuid, uuid7 } from "../../protocol/ids.ts"
import type { Epoch } from "./rows.ts"

/** All epochs of the log, oldest first. */
export function readEpochs(db: Database): readonly Epoch[] {
  return db.prepare<Epoch, []>("select id, from_n as fromN from epoch order by from_n, rowid").all()
}

/**
 * Makes sure that the log has an epoch that is its own: a new log gets its first one, and a database that was copied,
 * restored or moved to another disk gets a new one, so that clients that knew the original follow it anew.
 */
export function ensureEpoch(db: Database, nowMs: number): void {
  const inode = String(statSync(db.filename, { bigint: true }).ino)
  db.transaction(() => {
    const home = db.prepare<{ inode: string }, []>("select inode from home").get()?.inode
    if (home === inode) return
    addEpoch(db, uuid7(nowMs, crypto.getRandomValues(new Uint8Array(10))))
    db.run("delete from home")
    db.prepare("insert into home (inode) values (?)").run(inode)
  }).immediate()
}

function addEpoch(db: Database, id: Uuid): void {
  db.prepare("insert into epoch (id, from_n) select ?, coalesce(max(n), 0) + 1 from event").run(id)
}
