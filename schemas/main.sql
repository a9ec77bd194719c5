-- main.db: who exists. One for each store; the calendars and cards are in the shard-NN.db files (shard.sql).
--
-- Numbers (ids) are global and tell where a row lives: see store/store.h. Text is UTF-8. Times are seconds since 1970.
-- Later versions of this schema are files main-002.sql, main-003.sql, … that change what is here; setting
-- 'schema' says how far a database has come.

-- Facts about the store: 'schema' (version of this file's tables), 'store' (random id, the same in every file of the
-- store), 'epoch' (new at creation and at each restore; part of every sync token), 'shards' (how many there are).
CREATE TABLE setting(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- Where ids come from: taken numbers are never given out again. Those below 16 are for well-known rows (store/rights.h).
CREATE TABLE counter(name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES('id', 16);

-- Users, groups, rooms, resources, and the special ones: the system, and anyone who is logged in.
CREATE TABLE principal(
  id INTEGER PRIMARY KEY,          -- also the number of its account
  kind INTEGER NOT NULL,           -- enum principal_kind
  source TEXT NOT NULL,            -- 'local', or the name of a directory
  ext_id BLOB NOT NULL,            -- what identifies it there for ever (objectGUID); for local ones its id
  name TEXT,                       -- display name
  state INTEGER NOT NULL,          -- enum principal_state
  shard INTEGER NOT NULL,          -- where its account lives
  lang TEXT,
  UNIQUE(source, ext_id));

-- Every address that somebody has or had, in its normal form (directory/address.h).
CREATE TABLE address(
  address TEXT PRIMARY KEY,
  principal INTEGER NOT NULL,
  kind INTEGER NOT NULL            -- enum address_kind: primary, alias, retired (until somebody else takes it)
) WITHOUT ROWID;
CREATE INDEX address_principal ON address(principal, kind);

-- Direct members of groups; members can be groups.
CREATE TABLE member(grp INTEGER, member INTEGER, PRIMARY KEY(grp, member)) WITHOUT ROWID;
CREATE INDEX member_member ON member(member, grp);

-- What somebody can log in with. A password's rows (argon2id, SCRAM) are made and replaced together.
CREATE TABLE credential(
  principal INTEGER, id INTEGER,
  kind INTEGER NOT NULL,           -- directory/credential.h
  scope INTEGER NOT NULL,          -- enum scope bits: what it is good for
  label TEXT, data BLOB,
  created INTEGER NOT NULL, expires INTEGER NOT NULL /* 0: never */, used INTEGER NOT NULL,
  PRIMARY KEY(principal, id)) WITHOUT ROWID;

-- The two that exist from the start: kind 5 is PRINCIPAL_SPECIAL, state 1 is PRINCIPAL_ACTIVE.
INSERT INTO principal(id, kind, source, ext_id, name, state, shard) VALUES(96, 5, 'scambio', x'01', 'System', 1, 0);
INSERT INTO principal(id, kind, source, ext_id, name, state, shard) VALUES(160, 5, 'scambio', x'02', 'Anyone', 1, 0);
