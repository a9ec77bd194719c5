-- shard-NN.db, version 3: what items were before, as far as devices know them by it (store/former.h).

-- A text that was overwritten while a device knew the item: what the device changes since is told from what others changed by it.
-- Kept as long as deleted bodies are.
CREATE TABLE former(
  item INTEGER, seq INTEGER,       -- the item's number when it was its text
  content INTEGER NOT NULL,        -- counted in content.refs
  at INTEGER NOT NULL,             -- when it was overwritten
  PRIMARY KEY(item, seq)) WITHOUT ROWID;
CREATE INDEX former_at ON former(at);
CREATE INDEX former_content ON former(content);

-- By item first: who knows it?
DROP INDEX luid_item;
CREATE UNIQUE INDEX luid_item ON luid(item, device, db, recur_id);

-- What became of an item that a device still names.
CREATE INDEX tombstone_item ON tombstone(item) WHERE obj_uid IS NOT NULL;
