import type { Database } from "bun:sqlite"

/** Up to so many removals in a batch are wiped one by one, a millisecond each; more of them by rewriting the index. */
const WIPED_ONE_BY_ONE_MAX = 64
/** How much of the index is rewritten in one step, about 10 ms. */
const PAGES_PER_STEP = 400

/** Where a message stands in the index: by time, then by arrival. */
export interface Place {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Its number in the order of arrival. */
  readonly n: number
}

/** What the index is to hold of one message from now on. */
export interface Row extends Place {
  readonly room: number
  readonly seq: number
  /** Its words; undefined: the message is gone. */
  readonly words: string | undefined
  /** False when an earlier batch may have brought it already. */
  readonly fresh: boolean
}

/** Arrival numbers take the lower 30 bits of a rowid, seconds since 1970 the 33 above them. */
const ARRIVALS = 2 ** 30
/** In the year 2242. */
const LAST_SECOND = 2 ** 33 - 2

/** The second of a time, as far as the index tells them apart. */
export function secondOf(atMs: number): number {
  return Math.min(Math.max(Math.floor(atMs / 1_000), 0), LAST_SECOND)
}

export function arrivalOf(n: number): number {
  return n % ARRIVALS
}

/** Puts rows in and takes them out, within a transaction. Rows come in any order, each message at most once. */
export function rowWriter(db: Database): (rows: readonly Row[]) => void {
  const into = "into message (rowid, text, room, seq, at) values ((?1 << 30) | ?2, ?3, ?4, ?5, ?6)"
  const insert = db.query(`insert ${into}`)
  const replace = db.query(`replace ${into}`)
  const remove = db.query("delete from message where rowid = (?1 << 30) | ?2")
  const wantRewrite = db.query("update state set rewrite = rewrite | 1")
  const mode = removalMode(db)

  return (rows) => {
    // FTS5 gathers a segment as long as rowids ascend: first all that leaves, then all that comes.
    const ordered = rows.toSorted(
      (one, other) => secondOf(one.at) - secondOf(other.at) || arrivalOf(one.n) - arrivalOf(other.n),
    )
    const leaving = ordered.filter((row) => !row.fresh)
    if (leaving.length > WIPED_ONE_BY_ONE_MAX) {
      mode("hide")
      wantRewrite.run()
    } else if (leaving.length > 0) mode("wipe")
    for (const { at, n } of leaving) remove.run(secondOf(at), arrivalOf(n))
    for (const { words, room, seq, at, n } of ordered) {
      if (words === undefined) continue
      // Beyond 2^30 events two of the same second may fall together; the newer one is then found.
      const put = n < ARRIVALS ? insert : replace
      put.run(secondOf(at), arrivalOf(n), words, room, seq, at)
    }
  }
}

/** Whether removals take the bytes out at once, or only hide them until the index is rewritten. */
function removalMode(db: Database): (mode: "wipe" | "hide") => void {
  const configure = db.query("insert into message (message, rank) values ('secure-delete', ?)")
  let current: "wipe" | "hide" | undefined
  return (mode) => {
    if (mode === current) return
    configure.run(mode === "wipe" ? 1 : 0)
    current = mode
  }
}

/**
 * Rewrites the index after many removals, one step a call, and empties SQLite's log file, which keeps what was removed
 * until then. False when nothing removed is left in the files.
 */
export function wiper(db: Database): () => boolean {
  const rewriteOf = db.query<{ rewrite: number }, []>("select rewrite from state")
  const setRewrite = db.query("update state set rewrite = ?")
  const merge = db.query("insert into message (message, rank) values ('merge', ?)")
  const changes = db.query<{ total: number }, []>("select total_changes() as total")
  const total = () => changes.get()?.total ?? 0

  const step = db.transaction((state: number): number => {
    const underWay = (state & UNDER_WAY) !== 0
    const before = total()
    // A negative number of pages lines all segments up to become one; then they are merged until nothing changes.
    merge.run(underWay ? PAGES_PER_STEP : -PAGES_PER_STEP)
    const done = underWay && total() - before < 2
    return done ? state & WANTED : underWay ? state : UNDER_WAY
  })
  return () => {
    const state = rewriteOf.get()?.rewrite ?? 0
    if (state !== 0) setRewrite.run(step(state))
    const left = rewriteOf.get()?.rewrite ?? 0
    if (left === 0) db.run("pragma wal_checkpoint(truncate)")
    return left !== 0
  }
}

const WANTED = 1
const UNDER_WAY = 2
