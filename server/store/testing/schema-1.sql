-- DO NOT EDIT. A database of schema 1, as version 0.1.0 wrote it: every later version upgrades it.

CREATE TABLE migration (number integer not null primary key, name text not null, at integer not null) strict;
CREATE TABLE epoch (
  id text not null primary key,
  -- The first n appended in it.
  from_n integer not null
) strict;
CREATE TABLE home (inode text not null) strict;
CREATE TABLE room (
  key integer not null primary key,
  id blob not null unique,
  seq integer not null,
  at integer not null,
  chain blob not null
) strict;
CREATE TABLE event (
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
CREATE UNIQUE INDEX event_id on event (id, room);
CREATE TABLE place (
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
CREATE INDEX place_thread on place (room, root, seq, shows) where root is not null and target is null;
CREATE INDEX place_change on place (room, target, seq) where target is not null;
CREATE TABLE snapshot (
  room integer not null primary key,
  seq integer not null,
  head text not null,
  -- sha256(chain at seq, head): a snapshot that does not match is not used.
  seal blob not null
) strict;
CREATE TABLE claim (
  space text not null,
  key text not null,
  skeleton text not null,
  holder text not null,
  primary key (space, key)
) strict, without rowid;
CREATE UNIQUE INDEX claim_skeleton on claim (space, skeleton);
CREATE TABLE membership (
  account text not null,
  room text not null,
  role text not null,
  joined integer not null,
  from_seq integer not null,
  primary key (account, room)
) strict, without rowid;
CREATE INDEX membership_room on membership (room);
CREATE TABLE room_card (
  room text not null primary key,
  type text not null,
  name text not null,
  topic text not null,
  visibility text not null,
  archived integer not null,
  members integer not null
) strict, without rowid;
CREATE TABLE account (
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
CREATE TABLE session (
  id text not null primary key,
  account text not null,
  token text not null unique,
  client text not null,
  address text not null,
  made_at integer not null,
  seen_at integer not null,
  expires_at integer not null
) strict, without rowid;
CREATE INDEX session_account on session (account);
CREATE TABLE invitation (
  code text not null primary key,
  by text not null,
  room text,
  role text not null,
  uses_left integer not null,
  made_at integer not null,
  expires_at integer not null
) strict, without rowid;
CREATE TABLE reset (
  code text not null primary key,
  account text not null,
  by text not null,
  expires_at integer not null
) strict, without rowid;
CREATE INDEX reset_account on reset (account);
CREATE TABLE register (
  account text not null,
  key text not null,
  value text not null,
  version integer not null,
  primary key (account, key)
) strict, without rowid;
CREATE TABLE answer (
  account text not null,
  id text not null,
  name text not null,
  digest text not null,
  status integer not null,
  body text not null,
  at integer not null,
  primary key (account, id)
) strict, without rowid;
CREATE INDEX answer_at on answer (at);
CREATE TABLE mention (
  room text not null,
  seq integer not null,
  account text
) strict;
CREATE UNIQUE INDEX mention_account on mention (room, account, seq) where account is not null;
CREATE UNIQUE INDEX mention_room on mention (room, seq) where account is null;
CREATE TABLE projection (
  name text not null primary key,
  position text not null
) strict, without rowid;
CREATE TABLE setting (
  key text not null primary key,
  value text not null
) strict, without rowid;

insert into migration (number, name, at) values (1, 'first', 1795375787695);
insert into epoch (id, from_n) values ('01a204bc-6eba-785e-abd2-b93ce75f102e', 1);
insert into home (inode) values ('2163356');
insert into room (key, id, seq, at, chain) values (1, x'019a000000007000800000000000b001', 6, 1763830000007, x'9c31cc8ca4f5dce05ec3e8f2b6feb53608559d1b77a58cb6d888f218b19b57eb');
insert into room (key, id, seq, at, chain) values (2, x'019a000000007000800000000000b002', 1, 1763830000008, x'4727c3352f531389bf35f32129758cb4902253b258b57f378cfa6beedf925496');
insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, seal, chain) values (1, 1, 1, x'019a000000007000800000000000d001', 1763830000002, x'019a000000007000800000000000a001', 'room.created', null, null, null, '{"type":"room","name":"lobby","visibility":"public","history":"shared","members":["019a0000-0000-7000-8000-00000000a001"]}', x'86fb0da480f53ee557639bb0e07596e2', null, x'ca4b30aa68451af1ebdd950883d6a47fb1adba9de32a11738401f65e20aab1a0');
insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, seal, chain) values (2, 1, 2, x'019a000000007000800000000000d002', 1763830000003, x'019a000000007000800000000000a001', 'message.posted', null, null, null, '{"text":"Grüße 👋"}', x'0decfe303df93fa5da1375d0d4673779', null, x'8fb9725bb6e5ffc5ec467e630107a97eecdc36c91bcaad8ec1186fb729a71f93');
insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, seal, chain) values (3, 1, 3, x'019a000000007000800000000000d003', 1763830000004, x'019a000000007000800000000000a002', 'message.posted', null, null, 2, '{"text":"a reply","replyTo":2}', x'22e834818daa98517418fb4991955780', null, x'24be7fc39b97b05f07723a018464006cb985c29553bfd0ccd1e7d28a1e51a55d');
insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, seal, chain) values (4, 1, 4, x'019a000000007000800000000000d004', 1763830000005, x'019a000000007000800000000000a001', 'message.posted', null, null, null, null, null, x'01fc04cde018f804306c9fc7986fc1e6fb9fb8073d422dbd25b0155ed5134188', x'06dcb187695b49ff0eb1f7f497c3a549849d138dc87fe720e561e76471377fa1');
insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, seal, chain) values (5, 1, 5, x'019a000000007000800000000000d005', 1763830000006, x'019a000000007000800000000000a001', 'message.deleted', 4, null, 4, '{}', x'03aa94ae42c1bc38607e33e643ca0248', null, x'5d61558907df9c6295fa04bf644c87e2e248e0ee517fa33f788d9f9ef7b479fa');
insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, seal, chain) values (6, 1, 6, x'019a000000007000800000000000d006', 1763830000007, x'019a000000007000800000000000a001', 'message.posted', null, null, null, '{"text":"the last"}', x'cbeb9f9842b50f2cc5d921bf37f7ab1c', null, x'9c31cc8ca4f5dce05ec3e8f2b6feb53608559d1b77a58cb6d888f218b19b57eb');
insert into event (n, room, seq, id, at, by, kind, target, root, cites, body, salt, seal, chain) values (7, 2, 1, x'019a000000007000800000000000d007', 1763830000008, x'019a000000007000800000000000a001', 'message.posted', null, null, null, '{"text":"in the garden"}', x'21769b35c7de25e085fccee0af6c0d5e', null, x'4727c3352f531389bf35f32129758cb4902253b258b57f378cfa6beedf925496');
insert into place (room, seq, n, by, shows, target, root, cites) values (1, 1, 1, x'019a000000007000800000000000a001', 3, null, null, null);
insert into place (room, seq, n, by, shows, target, root, cites) values (1, 2, 2, x'019a000000007000800000000000a001', 1, null, null, null);
insert into place (room, seq, n, by, shows, target, root, cites) values (1, 3, 3, x'019a000000007000800000000000a002', 1, null, null, 2);
insert into place (room, seq, n, by, shows, target, root, cites) values (1, 4, 4, x'019a000000007000800000000000a001', 2, null, null, null);
insert into place (room, seq, n, by, shows, target, root, cites) values (1, 5, 5, x'019a000000007000800000000000a001', 0, 4, null, 4);
insert into place (room, seq, n, by, shows, target, root, cites) values (1, 6, 6, x'019a000000007000800000000000a001', 1, null, null, null);
insert into place (room, seq, n, by, shows, target, root, cites) values (2, 1, 7, x'019a000000007000800000000000a001', 1, null, null, null);
insert into snapshot (room, seq, head, seal) values (1, 5, '{"head":"{}","posts":[]}', x'88dcb2cc5ac40434a370c5f79521ebb03e2c88abaf9d8f4cc2b241c3ab96117f');
insert into claim (space, key, skeleton, holder) values ('room', 'lobby', 'lobby', '019a0000-0000-7000-8000-00000000b001');
insert into membership (account, room, role, joined, from_seq) values ('019a0000-0000-7000-8000-00000000a001', '019a0000-0000-7000-8000-00000000b001', 'owner', 1, 1);
insert into room_card (room, type, name, topic, visibility, archived, members) values ('019a0000-0000-7000-8000-00000000b001', 'room', 'lobby', '', 'public', 0, 1);
insert into account (id, name, fold, skeleton, display, role, password, made_at, banned) values ('019a0000-0000-7000-8000-00000000a001', 'ada', 'ada', 'ada', 'Ada Almeida', 'owner', '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA', 1763830000000, 0);
insert into session (id, account, token, client, address, made_at, seen_at, expires_at) values ('019a0000-0000-7000-8000-00000000d008', '019a0000-0000-7000-8000-00000000a001', 'aa', 'parley', '127.0.0.1', 1, 2, 3);
insert into register (account, key, value, version) values ('019a0000-0000-7000-8000-00000000a001', 'mark:019a0000-0000-7000-8000-00000000b001', '6', 1);
insert into mention (room, seq, account) values ('019a0000-0000-7000-8000-00000000b001', 3, '019a0000-0000-7000-8000-00000000a001');
insert into mention (room, seq, account) values ('019a0000-0000-7000-8000-00000000b001', 2, null);
insert into setting (key, value) values ('name', 'The house of Ada');
