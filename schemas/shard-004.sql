-- shard-NN.db, version 4: mail. A mailbox is a collection of kind 1: `name` is one segment of its path and `parent` the mailbox above
-- it (0: none); its slug is its number. A message is an item without name and obj_uid; its bytes are item.prefix and behind it the
-- content, which all share who received it.

-- Counters, so that a mailbox's state is one row.
ALTER TABLE collection ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;        -- entries that the owner has not seen
ALTER TABLE collection ADD COLUMN deleted_n INTEGER NOT NULL DEFAULT 0;     -- entries marked \Deleted
ALTER TABLE collection ADD COLUMN deleted_bytes INTEGER NOT NULL DEFAULT 0; -- … and their bytes
CREATE UNIQUE INDEX collection_mailbox ON collection(account, parent, name) WHERE gone = 0 AND kind = 1;

-- What a deleted message was, for undelete.
ALTER TABLE tombstone ADD COLUMN prefix BLOB;
ALTER TABLE tombstone ADD COLUMN flags INTEGER;
ALTER TABLE tombstone ADD COLUMN date INTEGER;
ALTER TABLE tombstone ADD COLUMN thread INTEGER;

-- Who of an account has this content? (A mail to a thousand recipients is a thousand items.)
DROP INDEX item_content;
CREATE INDEX item_content ON item(content, account);

-- The keywords of a mailbox: bit `bit` of entry.kw. Names are compared without case; a bit keeps its name.
CREATE TABLE keyword(collection INTEGER, bit INTEGER, name TEXT NOT NULL, PRIMARY KEY(collection, bit)) WITHOUT ROWID;

-- \Seen of those who are not the mailbox's owner (the owner's is in entry.flags), and how many messages each has seen.
CREATE TABLE user_state(
  collection INTEGER, uid INTEGER, principal INTEGER,
  flags INTEGER NOT NULL,
  seq INTEGER NOT NULL,            -- the owner's number at its last change
  PRIMARY KEY(collection, uid, principal)) WITHOUT ROWID;
CREATE INDEX user_state_seq ON user_state(collection, principal, seq);
CREATE TABLE user_count(collection INTEGER, principal INTEGER, seen INTEGER NOT NULL, PRIMARY KEY(collection, principal))
  WITHOUT ROWID;

-- What messages are listed, sorted, threaded and searched by; derived from the content.
CREATE TABLE mail_key(
  content INTEGER PRIMARY KEY,
  msgid TEXT,                      -- Message-ID without its brackets
  refs TEXT,                       -- ids of References, or of In-Reply-To: each in its brackets
  sent INTEGER,                    -- Date, seconds since 1970
  subject TEXT,                    -- in UTF-8
  base TEXT,                       -- base subject (RFC 5256), in the form of RFC 5051
  mail_from TEXT, mail_to TEXT, mail_cc TEXT, -- in UTF-8
  preview TEXT);                   -- how its text begins (RFC 8970)
CREATE INDEX mail_key_msgid ON mail_key(msgid) WHERE msgid IS NOT NULL;

-- Mailbox names that an account is subscribed to, whether they exist or not.
CREATE TABLE subscription(account INTEGER, name TEXT, PRIMARY KEY(account, name)) WITHOUT ROWID;

-- Mail that is still to go out (store/queue.h). Counted in content.refs.
CREATE TABLE queue(
  id INTEGER PRIMARY KEY,
  content INTEGER NOT NULL,
  prefix BLOB,                     -- header lines before the content
  account INTEGER NOT NULL,        -- who submitted it; 0: nobody of here
  sender TEXT NOT NULL,            -- the envelope's; '': a notification
  opts BLOB,                       -- of the envelope: as mailcore/ writes them
  arrived INTEGER NOT NULL, expires INTEGER NOT NULL);
CREATE INDEX queue_content ON queue(content);
CREATE TABLE rcpt(
  queue INTEGER, n INTEGER,
  address TEXT NOT NULL,
  domain TEXT NOT NULL,            -- where it goes: folded
  opts BLOB,
  state INTEGER NOT NULL,          -- enum rcpt_state
  next INTEGER NOT NULL,           -- when it is due
  tries INTEGER NOT NULL,          -- attempts that came to an end
  begun INTEGER NOT NULL,          -- attempts since then that did not
  last TEXT,                       -- what the last one gave
  PRIMARY KEY(queue, n)) WITHOUT ROWID;
CREATE INDEX rcpt_next ON rcpt(state, next);
CREATE INDEX rcpt_domain ON rcpt(domain, state, next);
