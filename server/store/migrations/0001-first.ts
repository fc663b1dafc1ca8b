import type { Migration } from "./migration.ts"

/**
 * The log and the tables beside it. Ids in the log are 16-byte blobs, those beside it are text; times are milliseconds
 * since 1970.
 *
 * `event` is in arrival order. `place` is the card index of it: one row an event, by room and seq, and small enough
 * that unread counts, pages and threads are answered without touching an event. Measured: as one clustered index this
 * costs 2 µs an event, as a unique and a partial index beside each other 6.
 */
export const first: Migration = {
  number: 1,
  name: "first",
  sql: `
create table epoch (
  id text not null primary key,
  -- The first n appended in it.
  from_n integer not null
) strict;

-- Which file this database was when it was last opened: a copy has another inode, and gets an epoch of its own.
create table home (inode text not null) strict;

create table room (
  key integer not null primary key,
  id blob not null unique,
  seq integer not null,
  at integer not null,
  chain blob not null
) strict;

create table event (
  n integer not null primary key,
  room integer not null,
  seq integer not null,
  id blob not null,
  at integer not null,
  by blob not null,
  kind text not null,
  target integer,
  root integer,
  cites integer,
  -- JSON text. Null once erased, and the salt with it; then seal is sha256(salt, body).
  body text,
  salt blob,
  seal blob,
  chain blob not null
) strict;
create unique index event_id on event (id, room);

create table place (
  room integer not null,
  seq integer not null,
  n integer not null,
  by blob not null,
  -- 0 changes another event, 1 a message, 2 an erased message, 3 anything else that is shown.
  shows integer not null,
  target integer,
  root integer,
  cites integer,
  primary key (room, seq)
) strict, without rowid;
create index place_thread on place (room, root, seq, shows) where root is not null and target is null;
create index place_change on place (room, target, seq) where target is not null;

create table snapshot (
  room integer not null primary key,
  seq integer not null,
  head text not null,
  -- sha256(chain at seq, head): a snapshot that does not match is not used.
  seal blob not null
) strict;

create table claim (
  space text not null,
  key text not null,
  skeleton text not null,
  holder text not null,
  primary key (space, key)
) strict, without rowid;
create unique index claim_skeleton on claim (space, skeleton);

create table membership (
  account text not null,
  room text not null,
  role text not null,
  joined integer not null,
  from_seq integer not null,
  primary key (account, room)
) strict, without rowid;
create index membership_room on membership (room);

create table room_card (
  room text not null primary key,
  type text not null,
  name text not null,
  topic text not null,
  visibility text not null,
  archived integer not null,
  members integer not null
) strict, without rowid;

create table account (
  id text not null primary key,
  name text not null,
  fold text not null unique,
  skeleton text not null unique,
  display text not null,
  role text not null,
  password text,
  made_at integer not null,
  banned integer not null
) strict, without rowid;

create table session (
  id text not null primary key,
  account text not null,
  token text not null unique,
  client text not null,
  address text not null,
  made_at integer not null,
  seen_at integer not null,
  expires_at integer not null
) strict, without rowid;
create index session_account on session (account);

create table invitation (
  code text not null primary key,
  by text not null,
  room text,
  role text not null,
  uses_left integer not null,
  made_at integer not null,
  expires_at integer not null
) strict, without rowid;

create table reset (
  code text not null primary key,
  account text not null,
  by text not null,
  expires_at integer not null
) strict, without rowid;
create index reset_account on reset (account);

create table register (
  account text not null,
  key text not null,
  value text not null,
  version integer not null,
  primary key (account, key)
) strict, without rowid;

create table answer (
  account text not null,
  id text not null,
  name text not null,
  digest text not null,
  status integer not null,
  body text not null,
  at integer not null,
  primary key (account, id)
) strict, without rowid;
create index answer_at on answer (at);

create table mention (
  room text not null,
  seq integer not null,
  account text
) strict;
create unique index mention_account on mention (room, account, seq) where account is not null;
create unique index mention_room on mention (room, seq) where account is null;

create table projection (
  name text not null primary key,
  position text not null
) strict, without rowid;

create table setting (
  key text not null primary key,
  value text not null
) strict, without rowid;
`,
}
