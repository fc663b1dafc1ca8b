import type { Database, SQLQueryBindings } from "bun:sqlite"
import type { Uuid } from "../../protocol/ids.ts"
import type { Append, Claim, RoomCard } from "../core/ports.ts"

/** The rows beside the log that change with an append. */
type Beside = Pick<Append, "room" | "claims" | "members" | "card">

/** The rows beside the log that change in the transaction of an append. */
export function besideWriter(db: Database) {
  const holders = db.prepare<{ key: string; holder: string }, [string, string, string]>(
    "select key, holder from claim where space = ? and (key = ? or skeleton = ?)",
  )
  const giveBack = db.prepare("delete from claim where space = ? and key = ?")
  const take = db.prepare("insert into claim (space, key, skeleton, holder) values (?, ?, ?, ?)")
  const setMember = db.prepare(
    `insert into membership (account, room, role, joined, from_seq) values (?, ?, ?, ?, ?)
     on conflict do update set role = excluded.role, joined = excluded.joined, from_seq = excluded.from_seq`,
  )
  const dropMember = db.prepare("delete from membership where account = ? and room = ?")
  const setCard = db.prepare(
    `insert or replace into room_card (room, type, name, topic, visibility, archived, members)
     values (?, ?, ?, ?, ?, ?, ?)`,
  )

  function takenClaim(claims: readonly Claim[]): Claim | undefined {
    const given = new Set(
      claims.flatMap((claim) => (claim.holder === null ? [`${claim.space} ${claim.key}`] : [])),
    )
    return claims.find(({ space, key, skeleton, holder }) => {
      if (holder === null) return false
      const others = holders.all(space, key, skeleton)
      return others.some((other) => other.holder !== holder && !given.has(`${space} ${other.key}`))
    })
  }

  function settleClaims(claims: readonly Claim[]): void {
    for (const { space, key, skeleton, holder } of claims) {
      if (holder === null) giveBack.run(space, key)
      else {
        for (const own of holders.all(space, key, skeleton)) giveBack.run(space, own.key)
        take.run(space, key, skeleton, holder)
      }
    }
  }

  function write({ room, claims, members, card }: Beside): void {
    if (claims) settleClaims(claims)
    for (const { account, role, joined, from } of members ?? []) {
      if (role === null) dropMember.run(account, room)
      else setMember.run(account, room, role, joined, from)
    }
    if (card) setCard.run(...cardRow(room, card))
  }

  return { takenClaim, write }
}

function cardRow(room: Uuid, card: RoomCard): SQLQueryBindings[] {
  const { type, name, topic, visibility, archived, members } = card
  return [room, type, name, topic, visibility, archived ? 1 : 0, members]
}
