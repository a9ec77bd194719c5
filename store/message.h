/* store/message.h: messages: delivering, reading, flags, copying, moving and expunging them.
 *
 * A message is its prefix (header lines that differ by recipient, often none) and behind it the body that all share who received it;
 * offsets of its MIME structure count from the body. It has a UID in its mailbox, and a number (modseq) of its owner's number line
 * that each change of its flags renews; its item's number survives MOVE. Rights (RFC 4314) are judged here. \Seen is the owner's,
 * and each other user has his own.
 *
 * Sets of UIDs are ranges, ascending and apart from each other (INVALID otherwise); UIDs in them need not exist. The empty set
 * means all messages. */
#ifndef SCAMBIO_STORE_MESSAGE_H
#define SCAMBIO_STORE_MESSAGE_H

#include "core/hash.h"
#include "store/mailbox.h"

enum message_flag {
    MESSAGE_SEEN = 1,
    MESSAGE_ANSWERED = 2,
    MESSAGE_FLAGGED = 4,
    MESSAGE_DELETED = 8,
    MESSAGE_DRAFT = 16,
    MESSAGE_FLAGS = 31,
};

struct uid_range { /* both inclusive */
    int64_t lo, hi;
};
struct uid_set {
    const struct uid_range *ranges;
    size_t count;
};

/* What messages are listed, sorted and threaded by. Texts are UTF-8, cut at some length; STR_NONE: the message has none. */
struct mail_key {
    struct str msgid; /* without brackets */
    struct str refs;  /* "<id><id>": of References, otherwise In-Reply-To; read it with mail_next_id */
    struct str subject;
    struct str base; /* the base subject (RFC 5256) in the form of RFC 5051: what SORT and THREAD compare */
    struct str from, to, cc;
    struct str preview; /* RFC 8970 */
    int64_t sent;       /* Date, seconds since 1970; INT64_MIN: none that can be read */
};

/* ---- before the writer's turn ---- */
struct message_prepared {
    struct store *store;
    struct str body;
    unsigned char hash[SHA256_SIZE];
    bool is_file;    /* the body is in a blob file, pinned */
    struct str mime; /* packed */
    struct mail_key key;
};
/* Scans the body and writes its blob when it is large. No transaction. The rest lives in the arena; `body` must outlive the
 * result, which ends with message_prepared_release. TOO_LARGE: over message_size. Faults. */
enum status prepare_message(struct store *s, struct arena *a, struct str body, struct message_prepared *out);
void message_prepared_release(struct message_prepared *p);

/* ---- adding: inside a write on the mailbox's shard ---- */
struct message_new {
    struct str prefix; /* whole header lines with CRLF; STR_NONE */
    unsigned flags;    /* enum message_flag */
    const struct str *keywords;
    size_t keyword_count;
    int64_t date; /* INTERNALDATE; 0: now */
};
struct message_put {
    int64_t mailbox, item, uid, uidvalidity, modseq;
};
/* Flags for which the actor has no right are left out (RFC 4314 section 4). NOT_FOUND, DENIED (needs RIGHT_INSERT), OVER_QUOTA,
 * TOO_MANY (messages or keywords), INVALID (a keyword). */
enum status tx_message_append(struct tx *tx, const struct actor *actor, int64_t mailbox,
                              const struct message_new *in, const struct message_prepared *p,
                              struct message_put *out);
/* As the server itself, into the account's mailbox of that path, or INBOX when there is none or it is STR_NONE; makes the default
 * mailboxes at the first mail. NOT_FOUND: no such account. */
enum status tx_message_deliver(struct tx *tx, int64_t account, struct str folder,
                               const struct message_new *in, const struct message_prepared *p,
                               struct message_put *out);

/* ---- reading ---- */
struct message_text { /* one message, to be read from */
    int64_t uid, item, content, size, body_size;
    struct str prefix; /* in the arena */
    unsigned char hash[SHA256_SIZE];
    bool is_file;
};
enum message_want { /* bits: what message_each looks up beside the entry */
                    WANT_KEY = 1,
                    WANT_PACK = 2,
                    WANT_TEXT = 4,
};
struct message {
    int64_t uid, item, modseq, size, date, saved;
    unsigned flags; /* \Seen is the actor's own */
    uint64_t keywords;
    /* with any of enum message_want */
    int64_t thread;                  /* THREADID: the same for what answers each other in an account */
    unsigned char etag[SHA256_SIZE]; /* EMAILID: of equal bytes equal */
    struct mail_key key;             /* WANT_KEY */
    struct str packed; /* WANT_PACK: for mime_unpack with `body_size`; STR_NONE: scan the body */
    int64_t body_size;
    struct message_text text; /* WANT_TEXT */
    struct stmt *row;         /* the store's own, for message_inline */
};
typedef enum status (*message_fn)(void *ctx, const struct message *m);
struct message_query {
    struct uid_set uids;
    int64_t since; /* only what has a larger modseq; 0: all */
    unsigned want;
};
/* With WANT_TEXT: the body, behind text.prefix, without another look-up; valid during the call of fn. STR_NONE: it is in a file. What
 * is not asked for is not read. */
struct str message_inline(const struct message *m);
/* By UID; with `since`, in the order of their changes. Strings are valid during the call only. Needs RIGHT_READ. A status other
 * than OK from fn stops and is returned. */
enum status message_each(struct tx *tx, const struct actor *actor, int64_t mailbox,
                         const struct message_query *query, message_fn fn, void *ctx);

/* What was expunged, or moved away, after `since`: ranges, ascending, apart from each other, in the arena. BAD_TOKEN: that is not known
 * any more (before the horizon, or before a restore): every UID that does not exist may have been there. */
enum status message_vanished(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                             int64_t since, struct uid_range **out, size_t *count);

/* A message whose body (without prefix) has that hash. NOT_FOUND. Needs RIGHT_READ. */
enum status message_of_hash(struct tx *tx, const struct actor *actor, int64_t mailbox,
                            const unsigned char hash[SHA256_SIZE], int64_t *uid);

/* NOT_FOUND, DENIED (needs RIGHT_READ). */
enum status message_open(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                         int64_t uid, struct message_text *out);
/* Appends bytes of the message, prefix first; less at its end. Reads no more of a large body than that. */
enum status message_body(struct tx *tx, const struct message_text *m, int64_t from, int64_t count,
                         struct buf *out);
/* Its structure: as stored, or scanned again when it is not. In the arena. */
enum status message_pack(struct tx *tx, struct arena *a, const struct message_text *m, struct mime_pack *out);

/* ---- changing: inside a write on the mailbox's shard. Results live in the arena and are made anew in each run. ---- */
enum flag_how { FLAGS_SET, FLAGS_ADD, FLAGS_REMOVE };
struct flag_change {
    enum flag_how how;
    unsigned flags;
    const struct str *keywords;
    size_t keyword_count;
    int64_t unchanged_since; /* RFC 7162; -1: whatever it is */
};
struct message_flags {
    int64_t uid, modseq;
    unsigned flags;
    uint64_t keywords;
};
struct flag_result {
    struct message_flags *changed; /* those that are different now */
    size_t changed_count;
    int64_t *modified; /* UIDs that failed unchanged_since */
    size_t modified_count;
};
/* Flags that the actor may not change stay (RFC 4314 section 4); DENIED when he may change none of those named. TOO_MANY: more messages than
 * message_batch, or no keyword is free; INVALID. */
enum status tx_message_store_flags(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                                   struct uid_set uids, const struct flag_change *change,
                                   struct flag_result *out);

struct copy_result {
    int64_t uidvalidity; /* of the target */
    int64_t *from, *to;  /* UIDs */
    size_t count;
};
/* All or none. Both mailboxes are in one shard (UNSUPPORTED otherwise); they may be the same. COPY needs RIGHT_READ there and
 * RIGHT_INSERT here, MOVE also RIGHT_DELETE and RIGHT_EXPUNGE there. DENIED, NOT_FOUND (the source), NO_PARENT (the target), OVER_QUOTA,
 * TOO_MANY, INVALID. */
enum status tx_message_copy(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                            struct uid_set uids, int64_t to, struct copy_result *out);
enum status tx_message_move(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                            struct uid_set uids, int64_t to, struct copy_result *out);

/* COPY and MOVE wherever the two mailboxes are, also in different shards. Blocking: not inside a write. What it brings into another
 * shard is judged as tx_message_append does; all or none. A fault of a MOVE between shards can leave the messages in both places
 * until the next start of the store, which finishes it. `uids`: none means all. Results live in the arena. */
enum status message_carry(struct store *s, struct arena *a, const struct actor *actor, int64_t from,
                          struct uid_set uids, int64_t to, bool move, struct copy_result *out);

/* Removes those that are marked \Deleted, or with `all` every one of the set. Bodies are kept for undelete. Needs RIGHT_EXPUNGE.
 * *expunged: the UIDs. */
struct expunge_result {
    int64_t *uids;
    size_t count;
};
enum status tx_message_expunge(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                               struct uid_set uids, bool all, struct expunge_result *out);

#endif
