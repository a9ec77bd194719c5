-- shard-NN.db
CREATE TABLE account(id INTEGER PRIMARY KEY /*principal.id*/, seq INT NOT NULL, quota INT, used_bytes INT NOT NULL, used_items INT NOT NULL, indexed_seq INT NOT NULL, deleted INT);
CREATE TABLE collection(id INTEGER PRIMARY KEY, account INT NOT NULL, kind INT NOT NULL /*mail cal book*/, parent INT NOT NULL DEFAULT 0, name TEXT NOT NULL, slug TEXT,
  comps INT, tz TEXT, special INT, uidvalidity INT NOT NULL, uidnext INT NOT NULL, recent_uid INT NOT NULL,
  seq INT NOT NULL /*HIGHESTMODSEQ CTag token*/, prop_seq INT NOT NULL, floor_seq INT NOT NULL, horizon INT NOT NULL,
  total INT NOT NULL, unseen INT NOT NULL, deleted_n INT NOT NULL, bytes INT NOT NULL, gone INT NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX coll_name ON collection(account, kind, parent, name) WHERE gone = 0;
CREATE UNIQUE INDEX coll_slug ON collection(account, kind, slug) WHERE gone = 0 AND slug IS NOT NULL;
CREATE INDEX coll_prop ON collection(account, prop_seq);
CREATE TABLE entry(collection INT, uid INT, item INT NOT NULL, seq INT NOT NULL, born INT NOT NULL /*seq at creation*/, flags INT NOT NULL, kw INT NOT NULL, size INT NOT NULL,
  date INT NOT NULL, saved INT NOT NULL, PRIMARY KEY(collection, uid)) WITHOUT ROWID;          -- narrow: flags, counts, sync scans
CREATE UNIQUE INDEX entry_seq ON entry(collection, seq);
CREATE TABLE item(id INTEGER PRIMARY KEY, account INT NOT NULL, collection INT NOT NULL, uid INT NOT NULL, content INT NOT NULL, prefix BLOB /*per-recipient header lines*/,
  name TEXT /*href*/, obj_uid TEXT, class INT, thread INT, etag BLOB NOT NULL, changed INT NOT NULL);
CREATE UNIQUE INDEX item_name ON item(collection, name) WHERE name IS NOT NULL;
CREATE UNIQUE INDEX item_uid ON item(collection, obj_uid) WHERE obj_uid IS NOT NULL;
CREATE INDEX item_content ON item(content);   CREATE INDEX item_thread ON item(account, thread);
CREATE TABLE content(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE /*SHA-256 of the bytes*/, size INT NOT NULL, media INT NOT NULL, refs INT NOT NULL, blob INT NOT NULL /*1: file*/,
  mime BLOB /*offsets, ENVELOPE, BODYSTRUCTURE*/);
CREATE TABLE body(content INTEGER PRIMARY KEY, data BLOB NOT NULL);               -- up to 64 KB, never touched by scans
CREATE TABLE mail_key(content INTEGER PRIMARY KEY, msgid TEXT, refs TEXT, sent INT, subj TEXT, base TEXT, "from" TEXT, "to" TEXT, cc TEXT, preview TEXT);
CREATE INDEX mail_msgid ON mail_key(msgid);
CREATE TABLE tombstone(collection INT, seq INT, uid_lo INT NOT NULL, uid_hi INT NOT NULL, item INT, name TEXT, content INT /*kept for undelete*/, at INT NOT NULL,
  PRIMARY KEY(collection, seq)) WITHOUT ROWID;
CREATE INDEX tomb_at ON tombstone(at);
CREATE TABLE keyword(collection INT, bit INT, name TEXT NOT NULL, PRIMARY KEY(collection, bit)) WITHOUT ROWID;
CREATE TABLE user_state(collection INT, principal INT, item INT, flags INT NOT NULL, data BLOB /*alarms*/, seq INT NOT NULL, PRIMARY KEY(collection, principal, item)) WITHOUT ROWID;
CREATE INDEX user_state_seq ON user_state(collection, principal, seq);
CREATE TABLE prop(collection INT, item INT /*0: the collection*/, principal INT /*0: shared*/, ns TEXT, name TEXT, value BLOB, PRIMARY KEY(collection, item, principal, ns, name)) WITHOUT ROWID;
CREATE TABLE acl(collection INT, principal INT, rights INT NOT NULL, PRIMARY KEY(collection, principal)) WITHOUT ROWID;
CREATE TABLE mount(id INTEGER PRIMARY KEY, account INT NOT NULL /*grantee*/, kind INT NOT NULL, slug TEXT NOT NULL, owner INT NOT NULL, collection INT NOT NULL, via INT /*group*/, name TEXT,
  subscribed INT NOT NULL, seq INT NOT NULL, gone INT NOT NULL DEFAULT 0, UNIQUE(account, owner, collection));
CREATE INDEX mount_seq ON mount(account, seq);
-- derived, rebuilt by doctor
CREATE TABLE occ(collection INT, week INT /*-1 long, -2 open-ended*/, item INT, start INT, "end" INT, flags INT /*floating, allday, alarm*/, PRIMARY KEY(collection, week, item, start)) WITHOUT ROWID;
CREATE INDEX occ_item ON occ(item);
CREATE TABLE span(item INTEGER PRIMARY KEY, first INT, last INT, comp INT, recurs INT, until_done INT /*expanded up to*/, tzver INT);
CREATE INDEX span_due ON span(until_done) WHERE recurs = 1;
CREATE TABLE field(collection INT, prop INT, item INT, n INT, fold TEXT NOT NULL /*RFC 5051 form*/, PRIMARY KEY(collection, prop, item, n)) WITHOUT ROWID;
CREATE INDEX field_item ON field(item);
-- SyncML: in the account's shard, same commit as the item
CREATE TABLE device(id INTEGER PRIMARY KEY, account INT NOT NULL, devid TEXT NOT NULL, profile TEXT, devinf BLOB, nonce BLOB, credential INT, seen INT, state INT NOT NULL, UNIQUE(account, devid));
CREATE TABLE anchor(device INT, db TEXT, client_next TEXT, server_next TEXT, seq INT NOT NULL, epoch INT NOT NULL, resume BLOB, PRIMARY KEY(device, db)) WITHOUT ROWID;
CREATE TABLE luid(device INT, db TEXT, luid TEXT, item INT NOT NULL, recur_id TEXT NOT NULL DEFAULT '', seen_seq INT NOT NULL, state INT NOT NULL /*sent, mapped*/, hash BLOB,
  PRIMARY KEY(device, db, luid)) WITHOUT ROWID;             -- an unmapped Add has luid '#'||short guid
CREATE UNIQUE INDEX luid_item ON luid(device, db, item, recur_id);
-- mail in transit, work that spans shards
CREATE TABLE queue(id INTEGER PRIMARY KEY, content INT NOT NULL, sender TEXT NOT NULL, opts BLOB, arrived INT NOT NULL, expires INT NOT NULL, held INT NOT NULL);
CREATE TABLE rcpt(queue INT, n INT, address TEXT NOT NULL, domain TEXT NOT NULL, opts BLOB, state INT NOT NULL, next INT NOT NULL, tries INT NOT NULL, last TEXT, PRIMARY KEY(queue, n)) WITHOUT ROWID;
CREATE INDEX rcpt_next ON rcpt(state, next);   CREATE INDEX rcpt_domain ON rcpt(domain, state, next);
CREATE TABLE xop(id BLOB PRIMARY KEY, step INT NOT NULL, data BLOB NOT NULL, at INT NOT NULL) WITHOUT ROWID;
CREATE TABLE subscription(account INT, name TEXT, PRIMARY KEY(account, name)) WITHOUT ROWID;
CREATE TABLE script(account INT, name TEXT, active INT NOT NULL, text BLOB NOT NULL, PRIMARY KEY(account, name)) WITHOUT ROWID;
