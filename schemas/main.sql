-- main.db: who exists (small, cached whole). All numbers are global.
CREATE TABLE principal(id INTEGER PRIMARY KEY, kind INT NOT NULL /*user group room system anyone*/, source TEXT NOT NULL, ext_id BLOB NOT NULL /*objectGUID*/,
  name TEXT, state INT NOT NULL, shard INT, lang TEXT, UNIQUE(source, ext_id));
CREATE TABLE address(address TEXT PRIMARY KEY /*folded local @ A-label*/, principal INT NOT NULL, kind INT NOT NULL /*primary alias retired*/);
CREATE INDEX address_p ON address(principal);
CREATE TABLE member(grp INT, member INT, PRIMARY KEY(grp, member)) WITHOUT ROWID;
CREATE TABLE credential(principal INT, id INT, kind INT /*argon2 scram app syncml*/, scope INT, label TEXT, data BLOB, expires INT, used INT, PRIMARY KEY(principal, id)) WITHOUT ROWID;
CREATE TABLE setting(key TEXT PRIMARY KEY, value BLOB);           -- schema version, epoch, store id
