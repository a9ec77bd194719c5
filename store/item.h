/* store/item.h: items (events, tasks, journals, contacts; messages later): reading, changing, syncing.
 *
 * The item's number (id) survives a MOVE. `etag` is the SHA-256 of the bytes. Rights are judged here, each function by what it
 * does: reading needs RIGHT_READ; see store/rights.h. */
#ifndef SCAMBIO_STORE_ITEM_H
#define SCAMBIO_STORE_ITEM_H

#include "core/hash.h"
#include "store/collection.h"
#include "store/prepare.h"

struct item {
    int64_t id, collection, uid;
    struct str name;    /* href: last URL segment, decoded */
    struct str obj_uid; /* UID property */
    int kind, class;    /* as in struct prepared */
    unsigned char etag[SHA256_SIZE];
    int64_t size, seq;
    int64_t created, changed; /* seconds since 1970 */
    int64_t content;          /* of item_body */
    bool sure; /* set by item_in_range alone: it overlaps for certain, the caller need not judge */
};

/* ---- reading. Strings in the arena. ---- */
enum status item_find(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                      struct str name, struct item *out);
enum status item_find_uid(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                          struct str obj_uid, struct item *out);
enum status item_get(struct tx *tx, struct arena *a, const struct actor *actor, int64_t id, struct item *out);

/* The bytes as they came. Appended to `out`, or into the arena. */
enum status item_body(struct tx *tx, const struct item *item, struct buf *out);
enum status item_body_arena(struct tx *tx, struct arena *a, const struct item *item, struct str *out);

/* Walks a collection in order of uid; the item's strings are valid during the call only. A status other than OK from fn
 * stops and is returned. With `bodies`, body is the stored text, otherwise STR_NONE; a text that can not be read is STR_NONE
 * too, and item_body says why. */
typedef enum status (*item_fn)(void *ctx, const struct item *item, struct str body);
enum status item_each(struct tx *tx, const struct actor *actor, int64_t collection, bool bodies, item_fn fn,
                      void *ctx);

/* ---- sync (RFC 6578, and what other protocols make of it) ---- */
struct item_change {
    bool gone; /* deleted, or moved away: only name and seq count */
    struct item item;
};
typedef enum status (*item_change_fn)(void *ctx, const struct item_change *change);
/* Every item changed after `since`, one entry each (its last state), ascending by seq, at most `limit` (0: all). TRUNCATED when
 * there are more: go on from the last seq seen. With since == 0: all items, no deletions. BAD_TOKEN when `since` is before the
 * horizon or beyond the collection's seq. */
enum status item_changes(struct tx *tx, const struct actor *actor, int64_t collection, int64_t since,
                         size_t limit, item_change_fn fn, void *ctx);

/* Items with a number above `after`, ascending, at most `limit`; TRUNCATED when there are more: go on from the last one. No
 * deletions, and no judging of the place: that is the caller's. */
enum status item_after(struct tx *tx, const struct actor *actor, int64_t collection, int64_t after,
                       size_t limit, item_fn fn, void *ctx);
/* The same for what went (deleted, or moved away): its number then, and which item it was. */
typedef enum status (*item_gone_fn)(void *ctx, int64_t seq, int64_t item);
enum status item_gone_after(struct tx *tx, const struct actor *actor, int64_t collection, int64_t after,
                            size_t limit, item_gone_fn fn, void *ctx);

/* ---- derived indexes ---- */
/* Candidates whose occurrences may overlap [from, until) (14 h margin included for floating ones): a superset; the caller
 * judges each. kinds: enum ical_kind bits, 0: all. */
enum status item_in_range(struct tx *tx, const struct actor *actor, int64_t collection, unsigned kinds,
                          int64_t from, int64_t until, bool bodies, item_fn fn, void *ctx);

enum field_match { MATCH_CONTAINS, MATCH_EQUALS, MATCH_STARTS, MATCH_ENDS };
struct field_key { /* what is looked for in a field */
    int field;     /* enum vcard_field */
    enum field_match match;
    struct str folded; /* RFC 5051 form */
};
/* Cards with a value that one of the keys finds, each once, in order of their number: a superset for other collations. */
enum status item_by_fields(struct tx *tx, const struct actor *actor, int64_t collection,
                           const struct field_key *keys, size_t key_count, bool bodies, item_fn fn,
                           void *ctx);

/* ---- changing: inside a write on the collection's shard ---- */
struct item_put_result {
    bool created;
    bool unchanged; /* the bytes were the same: no number was taken */
    int64_t id, seq;
    unsigned char etag[SHA256_SIZE];
    struct str
        conflict; /* after UID_CONFLICT: the name of the item that has the UID, or of the one that has another; in `a` */
};
/* Creates or replaces by name. UNSUPPORTED (component), UID_CONFLICT, OVER_QUOTA, DENIED (create needs i, replace c),
 * NOT_FOUND (the collection is gone). The closure has judged If-Match and its like before. */
enum status tx_item_put(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                        struct str name, const struct prepared *p, struct item_put_result *out);

/* NOT_FOUND, DENIED (needs t). Leaves a tombstone; the body is kept for undelete. */
enum status tx_item_delete(struct tx *tx, const struct actor *actor, int64_t collection, struct str name);

/* Within a shard. The target name must be free or `overwrite` be set (then what is there is replaced, if it has the same UID). MOVE keeps the id,
 * COPY makes a new item on the same content; properties go along. EXISTS, UID_CONFLICT, DENIED, OVER_QUOTA, UNSUPPORTED. */
struct item_move_result {
    bool created;
    struct str conflict;
};
enum status tx_item_move(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                         struct str name, int64_t to, struct str new_name, bool overwrite,
                         struct item_move_result *out);
enum status tx_item_copy(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                         struct str name, int64_t to, struct str new_name, bool overwrite,
                         struct item_move_result *out);
/* Copies all items of a collection that the actor may see in full into an empty one of the same shard: one closure, up to 100,000
 * rows. */
enum status tx_collection_copy(struct tx *tx, const struct actor *actor, int64_t from, int64_t to);

/* Between shards: insert there, commit, then remove here, by an xop row (blocking; worker threads and commands). Does the right
 * thing within one shard too. */
enum status item_move_any(struct store *s, struct arena *a, const struct actor *actor, int64_t from,
                          struct str name, int64_t to, struct str new_name, bool overwrite, bool copy,
                          struct item_move_result *out);

/* ---- what was deleted ---- */
struct deleted_item {
    int64_t collection, item, at; /* at: seconds since 1970 */
    struct str slug, name, obj_uid;
    int64_t seq;
};
typedef enum status (*deleted_fn)(void *ctx, const struct deleted_item *d);
/* Deleted bodies that are still kept, of an account, deleted at or after `since`. */
enum status deleted_each(struct tx *tx, int64_t account, int64_t since, deleted_fn fn, void *ctx);
/* Brings one back under its old name (or a free one); EXISTS when its UID is there again. */
enum status tx_undelete(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                        int64_t seq);

#endif
