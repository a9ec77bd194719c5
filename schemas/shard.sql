-- shard-NN.db: accounts and what they own. An account is in one shard for good; all it owns is there too.
--
-- The number line. account.seq counts every change in the account. Whatever changes takes the next number and
-- carries it (entry.seq, collection.prop_seq, mount.seq); what goes leaves a tombstone with its number. "What changed since
-- N" is one range of an index, for every protocol. The account's row is updated first in each write.
--
-- No triggers and no foreign keys: store/ keeps the rules, `scambio doctor --store` proves them. Text is UTF-8, times are
-- seconds since 1970, flags 0 or 1. Later versions are files shard-002.sql, …: see main.sql.

CREATE TABLE setting(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID; -- 'schema', 'store', 'shard'
CREATE TABLE counter(name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID; -- see main.sql
INSERT INTO counter VALUES('id', 16);

CREATE TABLE account(
  id INTEGER PRIMARY KEY,          -- of the principal in main.db
  seq INTEGER NOT NULL,            -- the last number taken
  horizon INTEGER NOT NULL,        -- the home's tombstones up to this number are gone
  quota INTEGER NOT NULL,          -- bytes; 0: none
  used_bytes INTEGER NOT NULL, used_items INTEGER NOT NULL, -- of items in collections that are not gone
  indexed_seq INTEGER NOT NULL,    -- how far the full-text index has come
  deleted INTEGER NOT NULL);       -- when it was marked for deletion; 0: it lives
CREATE INDEX account_deleted ON account(deleted) WHERE deleted > 0;

-- Calendars, address books, mailboxes.
CREATE TABLE collection(
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,        -- the owner
  kind INTEGER NOT NULL,           -- enum collection_kind
  parent INTEGER NOT NULL,         -- mailboxes; otherwise 0
  name TEXT NOT NULL,              -- display name
  slug TEXT NOT NULL,              -- last segment of its URL
  comps INTEGER NOT NULL,          -- calendars: enum ical_kind bits it takes
  tz TEXT,                         -- calendars: its time zone (TZID)
  special INTEGER NOT NULL,        -- mailboxes: RFC 6154 use
  uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL,
  seq INTEGER NOT NULL,            -- last change of anything in it: CTag, sync-token, HIGHESTMODSEQ
  prop_seq INTEGER NOT NULL,       -- last change of itself
  born INTEGER NOT NULL,           -- the number at which it came to its slug
  floor_seq INTEGER NOT NULL,      -- after a restore: no entry counts as older than this
  horizon INTEGER NOT NULL,        -- its tombstones up to this number are gone: no sync from before
  total INTEGER NOT NULL, bytes INTEGER NOT NULL, -- of its entries
  gone INTEGER NOT NULL);          -- when it was deleted (its rows are swept later); 0: it lives
CREATE UNIQUE INDEX collection_slug ON collection(account, kind, slug) WHERE gone = 0;
CREATE INDEX collection_account ON collection(account, kind);
CREATE INDEX collection_gone ON collection(gone) WHERE gone > 0;

-- An item's place in its collection: narrow, for scans, counts and syncs. One row for each item.
CREATE TABLE entry(
  collection INTEGER, uid INTEGER, -- uid: ascending number in the collection, never used twice (IMAP UID)
  item INTEGER NOT NULL,
  seq INTEGER NOT NULL,            -- last change
  born INTEGER NOT NULL,           -- the number at which it came to this name in this collection
  kind INTEGER NOT NULL,           -- enum ical_kind; 1 a card, 2 a group of cards
  class INTEGER NOT NULL,          -- enum ical_class: who sees it in full
  flags INTEGER NOT NULL, kw INTEGER NOT NULL, -- mail: system flags, keyword bits
  size INTEGER NOT NULL,
  date INTEGER NOT NULL,           -- created (INTERNALDATE)
  saved INTEGER NOT NULL,          -- put into this collection (SAVEDATE)
  PRIMARY KEY(collection, uid)) WITHOUT ROWID;
CREATE UNIQUE INDEX entry_seq ON entry(collection, seq);

-- The item itself; its id stays when it is moved.
CREATE TABLE item(
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL, collection INTEGER NOT NULL, uid INTEGER NOT NULL,
  content INTEGER NOT NULL,
  prefix BLOB,                     -- mail: header lines that differ by recipient, before the shared body
  name TEXT,                       -- last segment of its URL
  obj_uid TEXT,                    -- UID of the calendar object or card: once in a collection
  thread INTEGER,                  -- mail
  etag BLOB NOT NULL,              -- SHA-256 of the bytes
  changed INTEGER NOT NULL);
CREATE UNIQUE INDEX item_name ON item(collection, name) WHERE name IS NOT NULL;
CREATE UNIQUE INDEX item_uid ON item(collection, obj_uid) WHERE obj_uid IS NOT NULL;
CREATE INDEX item_content ON item(content);

-- The bytes, once for all who have the same ones. refs counts item.content and tombstone.content.
CREATE TABLE content(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,       -- SHA-256
  size INTEGER NOT NULL,
  media INTEGER NOT NULL,          -- enum media
  refs INTEGER NOT NULL,
  blob INTEGER NOT NULL,           -- 1: in the file blobs/XX/HASH, 0: in body
  mime BLOB);                      -- mail: offsets, ENVELOPE, BODYSTRUCTURE
CREATE TABLE body(content INTEGER PRIMARY KEY, data BLOB NOT NULL);

-- What went from a collection (or, with an account's id as `collection`, from its home: then name is a slug, item the
-- collection or mount, and kind an enum collection_kind).
CREATE TABLE tombstone(
  collection INTEGER, seq INTEGER,
  uid_lo INTEGER NOT NULL, uid_hi INTEGER NOT NULL, -- the UIDs that vanished
  item INTEGER NOT NULL,
  name TEXT,
  born INTEGER NOT NULL,           -- as entry.born: who synced before that never saw it
  kind INTEGER NOT NULL,
  obj_uid TEXT,
  content INTEGER,                 -- kept for undelete; NULL: moved away, or let go
  at INTEGER NOT NULL,             -- when
  PRIMARY KEY(collection, seq)) WITHOUT ROWID;
CREATE INDEX tombstone_at ON tombstone(at);
CREATE INDEX tombstone_content ON tombstone(content) WHERE content IS NOT NULL;

-- Properties that clients keep here. target: a collection, an item, a mount (the grantee's own colour, order …) or an
-- account (principal and homes).
CREATE TABLE prop(target INTEGER, ns TEXT, name TEXT, value BLOB NOT NULL, PRIMARY KEY(target, ns, name)) WITHOUT ROWID;

-- Grants: what a principal (user, group, anyone) may do; enum rights.
CREATE TABLE acl(collection INTEGER, principal INTEGER, rights INTEGER NOT NULL, PRIMARY KEY(collection, principal))
  WITHOUT ROWID;
CREATE INDEX acl_principal ON acl(principal, collection);

-- A share as its grantee has it in his home (store/mount.h). Lives in the grantee's shard; `collection` may be in another.
CREATE TABLE mount(
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,        -- the grantee
  kind INTEGER NOT NULL, slug TEXT NOT NULL,
  owner INTEGER NOT NULL, collection INTEGER NOT NULL,
  via INTEGER NOT NULL,            -- the group (or anyone) through which he has it; 0: himself
  name TEXT,                       -- his own display name
  subscribed INTEGER NOT NULL,
  seq INTEGER NOT NULL, born INTEGER NOT NULL);
CREATE UNIQUE INDEX mount_slug ON mount(account, kind, slug);
CREATE UNIQUE INDEX mount_collection ON mount(collection, account);

-- Derived from the bodies; `scambio doctor --store` can drop and rebuild what follows.

-- Occurrences by week: week = seconds / 604800 (0 for all before 1970), one row for an item and week it touches, with the
-- first start and last end in it. Flat to query, whatever the calendar's size. Lists beside the weeks (store/prepare.h):
--   -1 occurrences of more than eight weeks
--   -2 go on past what is expanded; start: up to where the weeks are complete
--   -3 began before what is expanded; start: from where the weeks are complete, end: where the item really begins
CREATE TABLE occ(
  collection INTEGER, week INTEGER, start INTEGER, item INTEGER,
  "end" INTEGER NOT NULL, flags INTEGER NOT NULL,
  PRIMARY KEY(collection, week, start, item)) WITHOUT ROWID;
CREATE INDEX occ_item ON occ(item);

-- The whole extent of a calendar object.
CREATE TABLE span(
  item INTEGER PRIMARY KEY,
  first INTEGER NOT NULL, last INTEGER NOT NULL,
  recurs INTEGER NOT NULL,
  until_done INTEGER NOT NULL,     -- expanded up to here; 9223372036854775807: complete
  tzver INTEGER NOT NULL);         -- of the time zone data it was computed with
CREATE INDEX span_due ON span(until_done) WHERE recurs = 1;

-- Searchable values of cards, in the form of RFC 5051.
CREATE TABLE field(
  collection INTEGER, prop INTEGER /* enum vcard_field */, fold TEXT, item INTEGER, n INTEGER,
  PRIMARY KEY(collection, prop, fold, item, n)) WITHOUT ROWID;
CREATE INDEX field_item ON field(item);

-- Work that spans shards: written before the first step, removed after the last; what is here at start is finished.
CREATE TABLE xop(
  id INTEGER PRIMARY KEY,
  op INTEGER NOT NULL,             -- enum xop
  subject INTEGER NOT NULL,        -- the collection it is about
  data BLOB,
  at INTEGER NOT NULL);
