-- shard-NN.db, version 2: devices that synchronise over SyncML (store/device.h). They live in their account's shard, so that an
-- item, its name on the device and the anchor change in one commit; the collections and items that they know can be in other
-- shards too (shares).

CREATE TABLE device(
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  devid TEXT NOT NULL,             -- as it calls itself
  profile TEXT, man TEXT, mod TEXT, swv TEXT,
  user TEXT,                       -- the user name that it gave last
  nonce BLOB,                      -- for its next MD5 digest
  old_nonce BLOB,                  -- the one before: who still uses that lost an answer
  credential INTEGER NOT NULL,     -- the app password that it logged in with last; 0: the account password
  next_guid INTEGER NOT NULL,      -- short names for Adds, ascending, never used twice
  state INTEGER NOT NULL,          -- enum device_state
  first_seen INTEGER NOT NULL, seen INTEGER NOT NULL,
  syncs INTEGER NOT NULL,          -- sessions that ended well
  received INTEGER NOT NULL, sent INTEGER NOT NULL, failed INTEGER NOT NULL, -- items
  last_error TEXT, last_error_at INTEGER NOT NULL);
CREATE UNIQUE INDEX device_account ON device(account, devid);
CREATE INDEX device_devid ON device(devid); -- who is it, when it gives no user name

-- What the device says about itself, apart because it is large and seldom changes.
CREATE TABLE devinf(device INTEGER PRIMARY KEY, data BLOB NOT NULL);

-- How far a database of the device has come: both sides' anchors of the last session that ended well.
CREATE TABLE anchor(
  device INTEGER, db TEXT,
  client_next TEXT, server_next TEXT,
  epoch TEXT NOT NULL,             -- of the store then
  window_from INTEGER NOT NULL, window_until INTEGER NOT NULL,
  at INTEGER NOT NULL,
  resume BLOB,                     -- of a session that was cut off
  PRIMARY KEY(device, db)) WITHOUT ROWID;

-- The same in numbers: up to where it has seen each collection that it is a view of. Tombstones above it are kept for it.
CREATE TABLE anchor_seq(device INTEGER, db TEXT, collection INTEGER, seq INTEGER NOT NULL,
  PRIMARY KEY(device, db, collection)) WITHOUT ROWID;
CREATE INDEX anchor_seq_collection ON anchor_seq(collection, seq);

-- What an item (or one override of it) is called on the device, and which state of it the device knows.
CREATE TABLE luid(
  device INTEGER, db TEXT,
  luid TEXT,                       -- '#' and the GUID: sent as an Add that is not confirmed
  item INTEGER NOT NULL,
  recur_id TEXT NOT NULL,          -- '': the item itself
  seen_seq INTEGER NOT NULL,       -- the item's number then
  round INTEGER NOT NULL,          -- the slow sync that touched it last
  hash BLOB NOT NULL,
  PRIMARY KEY(device, db, luid)) WITHOUT ROWID;
CREATE UNIQUE INDEX luid_item ON luid(device, db, item, recur_id);

-- A large object of which a part has come; the pieces are rows of their own, so that each costs its own size only.
CREATE TABLE partial(
  device INTEGER, db TEXT,
  luid TEXT NOT NULL, type TEXT, command TEXT NOT NULL,
  size INTEGER NOT NULL,           -- announced
  pieces INTEGER NOT NULL, bytes INTEGER NOT NULL, -- so far
  PRIMARY KEY(device, db)) WITHOUT ROWID;
CREATE TABLE partial_piece(device INTEGER, db TEXT, n INTEGER, data BLOB NOT NULL, PRIMARY KEY(device, db, n));
