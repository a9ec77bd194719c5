/* store/mailbox.h: mailboxes: collections of KIND_MAIL in a tree, with the names, counters and subscriptions that IMAP shows.
 *
 * A path is UTF-8 in NFC, its segments apart by '/'; INBOX is known in any case. An account sees its own mailboxes, those that others
 * share with it below "Other Users/ADDRESS/", and the organisation's below "Shared/". A mailbox's number (id) survives RENAME and
 * is what MAILBOXID is made of (RFC 8474). Grants are those of store/rights.h; a new mailbox has those of the one above it. */
#ifndef SCAMBIO_STORE_MAILBOX_H
#define SCAMBIO_STORE_MAILBOX_H

#include "store/collection.h"

enum special_use { /* RFC 6154; bits */
                   SPECIAL_SENT = 1,
                   SPECIAL_DRAFTS = 2,
                   SPECIAL_TRASH = 4,
                   SPECIAL_JUNK = 8,
                   SPECIAL_ARCHIVE = 16,
                   SPECIAL_USES = 31,
};

enum { KEYWORDS_MAX = 64, KEYWORD_SIZE = 100 };

#define MAILBOX_OTHERS "Other Users"
#define MAILBOX_SHARED "Shared"

/* ---- names ---- */
/* Appends the path as it is stored: NFC, INBOX in capitals, without a delimiter at its end. INVALID: no UTF-8, a control character,
 * an empty segment, too many segments; TOO_LARGE: too many bytes. */
enum status mailbox_name(const struct store_config *config, struct str name, struct buf *out);

/* Whose mailbox a path names that `account` uses, and what it is called there. NOT_FOUND: of nobody. The actor must be the
 * account; of anybody else's only the own ones are named. Strings in the arena. */
struct mailbox_place {
    int64_t account; /* the owner: the write goes to his shard */
    struct str path;
};
enum status mailbox_place(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                          struct str name, struct mailbox_place *out);

/* ---- reading ---- */
/* NOT_FOUND also without any right on it. INVALID: of mailbox_name. */
enum status mailbox_find(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                         struct str name, int64_t *id);

/* Its path among its owner's, in the arena. */
enum status mailbox_path(struct tx *tx, struct arena *a, int64_t id, struct str *path);

struct mailbox {
    int64_t id; /* 0: there is none of this name, it only stands above others */
    int64_t account;
    struct str path; /* as the account that was asked sees it */
    unsigned special, rights;
    bool children, subscribed;
};
/* All that the actor may see, ordered by path, the delimiter before every other character. Array in the arena. */
enum status mailbox_list(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                         struct mailbox **out, size_t *count);

/* Names that the account is subscribed to, in order; they need not exist. */
enum status subscription_list(struct tx *tx, struct arena *a, int64_t account, struct str **out,
                              size_t *count);

struct
    mailbox_state { /* STATUS (RFC 9051 section 6.3.11), HIGHESTMODSEQ (RFC 7162), DELETED-STORAGE (RFC 9208) */
    int64_t messages, unseen, deleted, bytes, deleted_bytes;
    int64_t uidnext, uidvalidity, modseq;
    unsigned rights;
    bool owner; /* the actor's \Seen is the mailbox's */
};
/* From counters, whatever the mailbox holds. Needs RIGHT_READ. */
enum status mailbox_state(struct tx *tx, const struct actor *actor, int64_t id, struct mailbox_state *out);

/* The keywords by their bit; STR_NONE: the bit is free. Needs RIGHT_READ. Strings in the arena. */
enum status mailbox_keywords(struct tx *tx, struct arena *a, const struct actor *actor, int64_t id,
                             struct str names[KEYWORDS_MAX]);
/* May a keyword be called that: a flag-keyword of RFC 9051 of at most KEYWORD_SIZE bytes? */
bool keyword_valid(struct str name);

/* ---- changing (inside a write on the owner's shard); paths are the owner's own, see mailbox_place ---- */
/* INBOX and the folders that clients look for, with their special use and subscribed to; only when there is no INBOX, so that who
 * deletes one is left in peace. NOT_FOUND: no such account. */
enum status tx_mailbox_defaults(struct tx *tx, int64_t account);

/* With what is missing above it. `special`: enum special_use bits. EXISTS, DENIED (others need RIGHT_CREATE on the nearest one above
 * that exists), TOO_MANY, INVALID, TOO_LARGE. */
enum status tx_mailbox_create(struct tx *tx, const struct actor *actor, int64_t account, struct str name,
                              unsigned special, int64_t *id);

/* With all below it. INBOX stays, empty; its messages go into a new mailbox of that name (RFC 9051 section 6.3.6). EXISTS; INVALID: below
 * itself, or of mailbox_name for any below it; DENIED: needs RIGHT_REMOVE, and to create there. */
enum status tx_mailbox_rename(struct tx *tx, const struct actor *actor, int64_t id, struct str name);

/* Its messages are kept for undelete with it. PROTECTED: INBOX. PRECONDITION: there are mailboxes below it. Needs RIGHT_REMOVE. */
enum status tx_mailbox_delete(struct tx *tx, const struct actor *actor, int64_t id);

/* The owner's only. */
enum status tx_mailbox_special(struct tx *tx, const struct actor *actor, int64_t id, unsigned special);
enum status tx_mailbox_subscribe(struct tx *tx, const struct actor *actor, int64_t account, struct str name,
                                 bool on);

#endif
