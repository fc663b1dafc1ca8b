import type { Database } from "bun:sqlite"
import type { Uuid } from "../../protocol/ids.ts"
import { limits } from "../../protocol/limits.ts"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import type { SearchPage, SearchQuery } from "../core/ports.ts"
import { isAnything, matchOf, standsAlone, type Wanted } from "./search-match.ts"
import { arrivalOf, type Place, secondOf } from "./search-rows.ts"

/**
 * Up to so many rooms are words of the search itself, 20 µs each. With more of them, what matches is looked at one by
 * one, half a microsecond each, since most of it tends to be in the rooms of someone who is in so many.
 */
const ROOMS_AS_WORDS_MAX = 64
/** After so many were looked at, the rooms left become words after all. */
const LOOKED_AT_MAX = 20_000

/** What the index does not know of the log. */
export interface Places {
  /** The log's own number of a room; undefined when it has no events. */
  keyOf(room: Uuid): number | undefined
  roomOf(key: number): Uuid
  /** Where an event of a room stands; undefined when there is none. */
  placeOf(key: number, seq: number): Place | undefined
}

/** A place in the index by the halves of its rowid. */
interface Mark {
  readonly second: number
  readonly arrival: number
}

interface Found extends Mark {
  readonly room: number
  readonly seq: number
  readonly at: number
}

/** Answers searches from the index, newest first. Every call ends the statements it begins. */
export function pages(db: Database, places: Places): (query: SearchQuery) => SearchPage | Refusal {
  const look = looker(db)

  return (query) => {
    const begin = query.next === undefined ? undefined : readMark(query.next)
    if (query.next !== undefined && !begin)
      return refuse("bad-input", "This is not the next page of a search.")
    const limit = Math.min(Math.max(Math.floor(query.limit), 1), limits.eventsPerPageMax)
    const search = { terms: query.terms, authors: query.by?.map(hex) }
    const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = query
    const oldest = secondOf(fromMs)
    let below = earlier(begin, { second: secondOf(toMs) + 1, arrival: 0 })
    let rooms = keyed(query.rooms, places)
    let asWords = rooms.size <= ROOMS_AS_WORDS_MAX || !standsAlone(search)
    const hits: Found[] = []

    for (; rooms.size > 0; asWords = true) {
      let lookedAt = 0
      for (const found of look({ ...search, ...(asWords && { rooms: [...rooms.keys()] }) }, below, oldest)) {
        lookedAt++
        below = found
        if (found.seq < (rooms.get(found.room) ?? Number.POSITIVE_INFINITY)) continue
        if (found.at < fromMs || found.at >= toMs) continue
        if (hits.push(found) > limit) break
      }
      if (hits.length > limit || lookedAt < LOOKED_AT_MAX) break
      rooms = reaching(rooms, below, places)
    }
    return pageOf(hits, limit, places)
  }
}

/** What matches below a mark, newest first, at most `LOOKED_AT_MAX`; without anything wanted, all there is. */
function looker(db: Database): (wanted: Wanted, below: Mark, oldest: number) => Iterable<Found> {
  const columns = `room, seq, at, rowid >> 30 as second, rowid & ${2 ** 30 - 1} as arrival`
  const range = `rowid < ((? << 30) | ?) and rowid >= (? << 30) order by rowid desc limit ${LOOKED_AT_MAX}`
  const matching = db.query<Found, [string, number, number, number]>(
    `select ${columns} from message where message match ? and ${range}`,
  )
  const all = db.query<Found, [number, number, number]>(`select ${columns} from message where ${range}`)
  return (wanted, { second, arrival }, oldest) => {
    if (wanted.rooms === undefined && isAnything(wanted)) return all.iterate(second, arrival, oldest)
    const match = matchOf(wanted)
    return match === undefined ? [] : matching.iterate(match, second, arrival, oldest)
  }
}

function pageOf(hits: readonly Found[], limit: number, places: Places): SearchPage {
  const shown = hits.slice(0, limit)
  const last = shown.at(-1)
  return {
    hits: shown.map(({ room, seq }) => ({ room: places.roomOf(room), seq })),
    ...(hits.length > limit && last && { next: `${last.second.toString(36)}-${last.arrival.toString(36)}` }),
  }
}

/** Rooms by their keys, with the first seq to be found in each. */
type Rooms = ReadonlyMap<number, number>

function keyed(rooms: SearchQuery["rooms"], places: Places): Rooms {
  const byKey = new Map<number, number>()
  for (const { room, from } of rooms) {
    const key = places.keyOf(room)
    if (key !== undefined) byKey.set(key, Math.max(from, byKey.get(key) ?? 0))
  }
  return byKey
}

/** The rooms in which something visible may stand before a mark: what is hidden must not be looked at for ever. */
function reaching(rooms: Rooms, below: Mark, places: Places): Rooms {
  const left = [...rooms].filter(([key, from]) => {
    if (from <= 1) return true
    const first = places.placeOf(key, from)
    return first !== undefined && secondOf(first.at) <= below.second
  })
  return new Map(left)
}

function readMark(text: string): Mark | undefined {
  const [, second = "", arrival = ""] = /^([0-9a-z]{1,7})-([0-9a-z]{1,6})$/.exec(text) ?? []
  const mark = { second: Number.parseInt(second, 36), arrival: Number.parseInt(arrival, 36) }
  const isMark = mark.second === secondOf(mark.second * 1_000) && mark.arrival === arrivalOf(mark.arrival)
  return isMark ? mark : undefined
}

function earlier(one: Mark | undefined, other: Mark): Mark {
  if (!one || one.second > other.second) return other
  return one.second < other.second || one.arrival < other.arrival ? one : other
}

function hex(id: Uuid): string {
  return id.replaceAll("-", "")
}
