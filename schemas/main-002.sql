-- main.db, version 2: work that begins here and ends in the shards (accounts of new users, mounts of who joined a group). As in
-- shard.sql: written with the first step, removed after the last; what is here at start is finished.
CREATE TABLE xop(
  id INTEGER PRIMARY KEY,
  op INTEGER NOT NULL,             -- enum xop
  subject INTEGER NOT NULL,        -- the principal it is about; 0: all
  data BLOB,
  at INTEGER NOT NULL);

-- What earlier versions left unfinished, once: 5 is XOP_MEND, 63 a number that no counter gives.
INSERT INTO xop(id, op, subject, data, at) VALUES(63, 5, 0, NULL, 0);
