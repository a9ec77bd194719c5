/* store/device.h: SyncML devices of an account: what they are, how far each of their databases has come (anchors), and which
 * name each item has on them (LUIDs). All rows live in the account's shard, so that an item, its LUID and the anchor change in one
 * commit.
 *
 * A device is found by (account, DevID). A database is named by the engine ("contacts", "calendar/work"); it is a view over one
 * or more collections, so its place in the number lines is kept for each collection.
 *
 * A LUID row says: this item (or one override of it) is called that on the device, and the device knows the item's state of
 * `seen_seq`. An item has to be sent when it has no row, or when item.seq > seen_seq. An Add that the device has not confirmed
 * by a Map has a row whose luid is '#' and the GUID that was sent; '#' never begins a device's own name here: the engine
 * writes such a one as "##…". Rows outlive their item until the device knows of the deletion.
 *
 * Texts have bounds (the enumerators below). What a device shows of itself for people is cut to them; a name by which something
 * is found again (DevID, database, LUID, anchor) that is longer is refused with TOO_LARGE when it is written. */
#ifndef SCAMBIO_STORE_DEVICE_H
#define SCAMBIO_STORE_DEVICE_H

#include "store/item.h"

enum device_state { DEVICE_ACTIVE = 1, DEVICE_BLOCKED };

enum {
    DEVICE_NAME_BYTES = 255, /* DevID, database, anchors, user, man, mod, swv, profile */
    DEVICE_LUID_BYTES = 600,
    DEVICE_RECUR_BYTES = 64,
    DEVICE_NONCE_BYTES = 64,
    DEVICE_ERROR_BYTES = 500,
    DEVICE_DEVINF_BYTES = 256 << 10,
    DEVICE_RESUME_BYTES = 64 << 10,
};

struct device {
    int64_t id, account;
    struct str devid;         /* as it calls itself */
    struct str profile;       /* of clients/phones */
    struct str man, mod, swv; /* from its DevInf */
    struct str devinf;        /* as the engine keeps it; STR_NONE: never seen */
    struct str nonce;         /* that it has to use next for MD5, raw bytes; STR_NONE: it was given none */
    struct str old_nonce;     /* the one before */
    struct str user;          /* the user name that it gave last */
    int64_t credential;       /* the app password that it logged in with last; 0: the account password */
    int64_t next_guid;        /* of the short names for Adds; see tx_device_guid */
    enum device_state state;
    int64_t first_seen, seen;              /* seconds since 1970 */
    int64_t syncs, received, sent, failed; /* sessions that ended well; items from it, to it, refused */
    struct str last_error;                 /* what went wrong last, with the item; STR_NONE */
    int64_t last_error_at;
};

struct anchor { /* of one database of a device */
    struct str db;
    struct str client_next;            /* the device's, of the last session that ended well */
    struct str server_next;            /* ours */
    struct str epoch;                  /* of the store then: another one asks for a slow sync */
    int64_t window_from, window_until; /* date filter of that session; 0 and 0: none */
    int64_t at;                        /* when; seconds since 1970 */
    struct str resume;                 /* the engine's state of a session that was cut off; STR_NONE */
};

struct luid {
    struct str luid;
    int64_t item;
    struct str recur_id; /* of an override: RECURRENCE-ID in UTC or as date; empty: the item or its master */
    int64_t seen_seq;
    int64_t round;          /* of the slow sync that touched it last */
    unsigned char hash[16]; /* of what the device was sent or sent, in the form it can hold */
};

/* ---- reading; strings in the arena ---- */
enum status device_find(struct tx *tx, struct arena *a, int64_t account, struct str devid,
                        struct device *out);
enum status device_get(struct tx *tx, struct arena *a, int64_t id, struct device *out);
enum status device_state(struct tx *tx, int64_t id, enum device_state *out);
typedef enum status (*device_fn)(void *ctx, const struct device *d);
/* Of one account, or of all accounts with 0; by account, then by DevID; without the devinf. The strings live during the call. */
enum status device_each(struct tx *tx, int64_t account, device_fn fn, void *ctx);
/* All accounts' devices with this DevID: a phone that changed hands has several. The last seen first, without the devinf. */
enum status device_each_named(struct tx *tx, struct str devid, device_fn fn, void *ctx);

enum status anchor_get(struct tx *tx, struct arena *a, int64_t device, struct str db, struct anchor *out);
typedef enum status (*anchor_fn)(void *ctx, const struct anchor *an);
enum status anchor_each(struct tx *tx, int64_t device, anchor_fn fn, void *ctx);
/* Up to which number of the collection's line this database has come; NOT_FOUND: it was not in the view. */
enum status anchor_seq(struct tx *tx, int64_t device, struct str db, int64_t collection, int64_t *seq);

/* What is known of a device's databases, for people: those with an anchor, LUIDs or a partial object. By name. */
struct device_db {
    struct str db;
    int64_t at;                          /* of the last session that ended well; 0: none that counts */
    int64_t luids, unconfirmed;          /* of these, Adds that it has not confirmed */
    int64_t partial_bytes, partial_size; /* of a large object on its way; size 0: none */
};
typedef enum status (*device_db_fn)(void *ctx, const struct device_db *d);
enum status device_each_db(struct tx *tx, int64_t device, device_db_fn fn, void *ctx);

enum status luid_find(struct tx *tx, struct arena *a, int64_t device, struct str db, struct str luid,
                      struct luid *out);
enum status luid_of_item(struct tx *tx, struct arena *a, int64_t device, struct str db, int64_t item,
                         struct str recur_id, struct luid *out);
/* The strings live during the call; fn changes no LUIDs. */
typedef enum status (*luid_fn)(void *ctx, const struct luid *l);
/* The rows of one item (master first, then overrides by recur_id). */
enum status luid_each_of_item(struct tx *tx, int64_t device, struct str db, int64_t item, luid_fn fn,
                              void *ctx);
/* Rows with luid > after, ascending, at most `limit`; TRUNCATED when there are more. */
enum status luid_each(struct tx *tx, int64_t device, struct str db, struct str after, size_t limit,
                      luid_fn fn, void *ctx);
/* Are there Adds that the device has not confirmed by a Map? *unseen: such of which not even a Status came. */
enum status luid_unconfirmed(struct tx *tx, int64_t device, struct str db, bool *any, bool *unseen);
enum status luid_count(struct tx *tx, int64_t device, struct str db, int64_t *count);

/* ---- changing: inside a write on the account's shard ---- */
/* Makes it when it is new. When the account has `limits.devices` already, the active one that was not seen for the longest time
 * makes room if its deletions may be forgotten already (tombstone_days); otherwise TOO_MANY. NOT_FOUND: no such account. */
enum status tx_device_open(struct tx *tx, struct arena *a, int64_t account, struct str devid,
                           struct device *out);
/* Writes everything but id, account, devid, next_guid, first_seen, and what the next two functions change; a devinf of STR_NONE
 * leaves the one that is there. */
enum status tx_device_update(struct tx *tx, const struct device *d);
enum status tx_device_state(struct tx *tx, int64_t device, enum device_state state);
/* `used` was spent, `next` follows it and `used` becomes the old one. PRECONDITION: another log-in was faster. */
enum status tx_device_nonce(struct tx *tx, int64_t device, struct str used, struct str next);
/* `count` short numbers that this device was never given: the first of them. */
enum status tx_device_guid(struct tx *tx, int64_t device, int64_t count, int64_t *first);
/* With its anchors and LUIDs: its next session is the first. */
enum status tx_device_forget(struct tx *tx, int64_t device);

enum status tx_anchor_put(struct tx *tx, int64_t device, const struct anchor *an);
enum status tx_anchor_seq_put(struct tx *tx, int64_t device, struct str db, int64_t collection, int64_t seq);
/* Forgets anchors and the partial object of the database, not its LUIDs: the next session is a slow one. */
enum status tx_anchor_reset(struct tx *tx, int64_t device, struct str db);

/* By (device, db, luid); another row of the same item and recur_id goes away. */
enum status tx_luid_put(struct tx *tx, int64_t device, struct str db, const struct luid *l);
enum status tx_luid_delete(struct tx *tx, int64_t device, struct str db,
                           struct str luid); /* OK also when absent */
/* A Map: the row `from` ("#guid") gets the device's name; another row of that name goes away. NOT_FOUND: no row `from`. */
enum status tx_luid_rename(struct tx *tx, int64_t device, struct str db, struct str from, struct str to);
/* All of a database, or those of rounds other than `keep_round` (0: all). */
enum status tx_luid_clear(struct tx *tx, int64_t device, struct str db, int64_t keep_round);

/* ---- a large object that is on its way, kept so that a cut session can go on ---- */
struct partial {
    struct str luid, type, command; /* "Add", "Replace" */
    int64_t size;                   /* announced */
    struct str data;                /* so far */
};
enum status partial_get(struct tx *tx, struct arena *a, int64_t device, struct str db, struct partial *out);
/* One for each database; `part` NULL removes it. TOO_LARGE: announced as larger than twice the largest object (text codings). */
enum status tx_partial_put(struct tx *tx, int64_t device, struct str db, const struct partial *part);
/* TOO_LARGE: more than was announced. NOT_FOUND. */
enum status tx_partial_append(struct tx *tx, int64_t device, struct str db, struct str data);

#endif
