/* store/message_rows.h: what the files about messages share inside store/. */
#ifndef SCAMBIO_STORE_MESSAGE_ROWS_H
#define SCAMBIO_STORE_MESSAGE_ROWS_H

#include "store/mail_rows.h"
#include "store/message.h"

/* ---- message_key.c, message_preview.c ---- */
/* Of the whole message, whose map is known. Texts in the arena. */
enum status mail_key_make(struct arena *a, struct str message, const struct mime_map *map,
                          const struct mime_limits *limits, struct mail_key *out);
enum status mail_preview(struct arena *a, struct str message, const struct mime_map *map, struct str *out);

/* ---- message_prepare.c ---- */
/* What is derived from a body: key and packed structure. No blob, no hash. */
enum status message_derive(const struct store_config *config, struct arena *a, struct str body,
                           struct mail_key *key, struct str *mime);

/* ---- message_write.c ---- */
/* What is derived from a content, anew. */
enum status message_derived_write(struct tx *tx, int64_t content, const struct mail_key *key,
                                  struct str mime);

/* Finds or makes the content with its key; one reference more. */
enum status message_content_take(struct tx *tx, const struct message_prepared *p, int64_t *content);

/* ---- message_read.c ---- */
/* Of a row: item or entry of the queue, content, prefix, the content's size, hash, blob. */
enum status message_text_take(struct arena *a, struct stmt *q, int64_t uid, struct message_text *out);

/* ---- message_set.c ---- */
bool uid_set_valid(struct uid_set set);
bool uid_set_has(struct uid_set set, int64_t uid);

struct message_row { /* a message as changing it needs it */
    int64_t uid, item, seq, born, size, date;
    unsigned flags; /* of the entry: \Seen is the owner's */
    uint64_t kw;
    bool seen; /* by the actor */
    int64_t seen_seq;
};
/* Those of the set that there are, by UID; all with set.count 0. TOO_MANY: over message_batch. */
enum status message_rows(struct tx *tx, struct arena *a, const struct actor *actor,
                         const struct mailbox_row *m, struct uid_set set, struct message_row **out,
                         size_t *count);

enum { PREFIX_MAX = 64 << 10 };
/* Equal bytes have equal ones (EMAILID): of the body alone its hash, with a prefix that of both. */
void message_etag(struct str prefix, const unsigned char hash[SHA256_SIZE], unsigned char out[SHA256_SIZE]);

struct mail_delta { /* what changed in a mailbox */
    int64_t seq, uids, items, bytes, unseen, deleted, deleted_bytes;
};
/* One message with these flags more (sign 1) or less (-1). */
void mail_count(struct mail_delta *d, unsigned flags, int64_t size, int sign);
enum status mail_touch(struct tx *tx, int64_t mailbox, const struct mail_delta *d);

/* \Seen of somebody who is not the owner. */
enum status user_seen_set(struct tx *tx, int64_t mailbox, int64_t uid, int64_t principal, bool seen,
                          int64_t seq);
/* Nobody has seen it any more: it leaves the mailbox. */
enum status user_seen_drop(struct tx *tx, int64_t mailbox, int64_t uid);

/* Flags that these rights let one set; enum message_flag, and *keywords. */
unsigned flags_allowed(unsigned rights, bool *keywords);

/* ---- keyword.c ---- */
/* The bits of the names; with `make`, new ones get a free bit. INVALID, TOO_MANY. */
enum status keyword_bits(struct tx *tx, int64_t mailbox, const struct str *names, size_t count, bool make,
                         uint64_t *bits);
/* bits_to[i]: the mask in `to` of the keyword with bit i in `from`, for the bits in `used`; those are made there. */
enum status keyword_translate(struct tx *tx, int64_t from, int64_t to, uint64_t used,
                              uint64_t bits_to[KEYWORDS_MAX]);
uint64_t keyword_map(uint64_t kw, const uint64_t bits_to[KEYWORDS_MAX]);

/* Room for `count` more messages: in the mailbox, and in its UIDs. */
enum status message_room(struct tx *tx, const struct mailbox_row *m, int64_t count);

/* ---- message_expunge.c ---- */
/* Tombstones, as few as there are runs of UIDs, for messages that live on elsewhere or whose bodies are not kept. rows[i] has the number
 * first + i. */
enum status message_bury_runs(struct tx *tx, int64_t mailbox, const struct message_row *rows, size_t count,
                              int64_t first);

/* ---- message_move.c ---- */
/* All messages of a mailbox into another one of the same account (RENAME of INBOX). */
enum status message_move_all(struct tx *tx, const struct actor *actor, int64_t from, int64_t to);

/* ---- message_undelete.c ---- */
/* Back into the mailbox that it was expunged from, with a new UID. */
enum status message_raise(struct tx *tx, const struct actor *actor, int64_t mailbox, int64_t seq);

#endif
