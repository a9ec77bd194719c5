/* store/store.h: the store: one directory with main.db, shard-NN.db, blobs/ and the lock; and transactions.
 *
 * One process owns it (`lock`). Ids are global, and tell their shard: id % 64 is 0..30 for what is in that shard
 * (collections, items, mounts), 32..62 for a principal whose account lives in shard id % 64 - 32, and 63 for other rows of
 * main.db; the rest of the number comes from a counter row of the database that made it and is never used again.
 *
 * READING. store_read() gives a struct tx on which every reading function of store/ works. It opens a shard's
 * snapshot when one is first touched and holds it until store_read_end(). Never hold one across a wait for the
 * network or for another thread.
 *
 * WRITING. A write is a closure. It is submitted with the account whose shard it changes; the shard's writer thread runs
 * it with others in one transaction, under a savepoint of its own, and calls done() after the commit is on disk, on the
 * writer's thread: done() must not block and must not wait for another write. run() can be run more than once
 * (a group that failed is run again one by one): it touches nothing but the transaction and its own result fields,
 * which it sets anew in each run. All judging (rights, preconditions, UID, quota) happens inside run(). A closure that
 * returns anything but OK is rolled back alone, and its status is the result.
 *
 *     read  → look up names, parse, hash, write large blobs (store/prepare.h)
 *     write → struct write embedded in the caller's object; run(), then done()
 *
 * Functions named `tx_…` work inside run() only; the others take a reading or a writing tx. */
#ifndef SCAMBIO_STORE_STORE_H
#define SCAMBIO_STORE_STORE_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/scoped.h"
#include "core/status.h"
#include "core/str.h"
#include "formats/ical.h"
#include "formats/mime.h"
#include "formats/tz.h"
#include "formats/vcard.h"

struct store;
struct tx;

struct store_config {
    const char *dir;
    int shards;                     /* 1..31; only at creation, later the stored number counts */
    int64_t tombstone_days;         /* [store] tombstone_days */
    int64_t keep_deleted;           /* seconds; [store] keep_deleted */
    int64_t default_quota;          /* bytes of an account; 0: none */
    size_t inline_body;             /* larger bodies are files; 64 KB */
    size_t group_rows, group_bytes; /* bounds of one commit group */
    int64_t group_us;               /* how long a group may gather while requests keep coming */
    size_t queue_limit;             /* writes waiting in a shard; more: E_BUSY */
    const char *zoneinfo;           /* folder of the system's time zones */
    struct ical_limits ical;
    struct vcard_limits vcard;
    size_t resource_size; /* largest object */
    size_t collections;   /* of one account */
    size_t items;         /* in one collection */
    size_t acl_entries;   /* grants of one collection */
    size_t properties;    /* kept for clients on one collection, item, mount or account */
    size_t property_size; /* bytes of one such value */
    size_t devices;       /* SyncML devices of one account */
    size_t mailboxes;     /* of one account, and its subscriptions */
    size_t mailbox_depth; /* segments of a mailbox's path */
    size_t mailbox_name;  /* bytes of a mailbox's path */
    size_t message_size;  /* of one message */
    size_t message_batch; /* messages that one write copies, moves, flags or expunges */
    struct mime_limits mime;
};

/* All defaults of the configuration; `dir` is the caller's. */
struct store_config store_config_default(const char *dir);

/* Opens, creates, migrates (schemas/), recovers (open xops, pins). `why` explains a failure for the administrator.
 * E_BUSY: another process holds the lock. The config is copied. */
enum status store_open(const struct store_config *config, struct store **out, struct buf *why);

/* For reading only, beside the process that owns the store, or with none: no lock is taken, nothing is made or migrated, and
 * every write is refused with E_UNAVAILABLE. For `scambio backup`, which writes where the confined server may not. */
enum status store_open_beside(const struct store_config *config, struct store **out, struct buf *why);

/* Waits for writes in flight, checkpoints, closes. NULL is allowed. */
void store_close(struct store *s);

const struct store_config *store_config_of(const struct store *s);
struct tz_cache *store_zones(struct store *s);
enum { STORE_MAIN = 63 };       /* as write.account: main.db's writer */
int store_shard_of(int64_t id); /* 0..30, or STORE_MAIN */

/* The store's epoch: new at creation and at each restore. Part of every sync-token and anchor. */
struct str store_epoch(const struct store *s); /* 16 lower-case hex digits */

/* ---- reading ---- */
struct tx *store_read(struct store *s); /* NULL: out of memory or connections */
void store_read_end(struct tx *tx);     /* NULL is allowed */
static inline void store_read_end_p(struct tx **tx)
{
    store_read_end(*tx);
}
#define SCOPED_READ(name, store) SCOPED(store_read_end_p) struct tx *name = store_read(store)

struct store *tx_store(struct tx *tx);

/* ---- writing ---- */
struct write {
    enum status (*run)(struct write *w, struct tx *tx);
    void (*done)(struct write *w); /* the last touch of w by the store */
    int64_t account;    /* any id of the shard: the account, a collection, …; STORE_MAIN: main.db */
    enum status status; /* the result, set before done() */
    size_t bytes;       /* about how much it writes, for the group's bound */
    struct write *next; /* the store's */
};

/* Never blocks. Always ends in done(), with E_BUSY or E_UNAVAILABLE when it was not taken. */
void store_submit(struct store *s, struct write *w);

/* Submits and waits; `done` is not called. Not from the writer's thread, not on an event loop. */
enum status store_run(struct store *s, struct write *w);

/* One of several steps of a closure: rolled back alone when it answers anything but OK. A fault (negative) ends the closure: return
 * it. It may have taken the whole transaction with it (a full disk); from then on nothing in this tx reaches the database, and
 * the writer runs the closure again. */
enum status tx_nested(struct tx *tx, enum status (*step)(void *ctx, struct tx *tx), void *ctx);

/* ---- change hints: "account, number" after each commit, to whoever listens (IDLE, push, caches) ----
 * For the queue of mail (store/queue.h) the account is STORE_QUEUE, and the number says what happened. */
enum { STORE_QUEUE = 0, QUEUE_HINT_ADDED = 1, QUEUE_HINT_RETRY = 2 };
typedef void (*store_hint_fn)(void *ctx, int64_t account, int64_t seq);
enum status store_listen(struct store *s, store_hint_fn fn, void *ctx); /* before serving starts; few */

/* ---- numbers for /metrics and stats ---- */
struct store_stats {
    uint64_t commits, writes, failed, rerun, reads;
    uint64_t wal_bytes, checkpoints, queue_depth, group_largest;
    uint64_t commit_us_total, commit_us_max;
};
void store_stats(struct store *s, struct store_stats *out);

#endif
