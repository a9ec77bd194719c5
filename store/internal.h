/* store/internal.h: the structs behind store/store.h, for the files of this folder only.
 *
 * A slot is one database file: slots 0..30 are the shards, SLOT_MAIN is main.db. Each slot has one writer (a
 * thread with the only connection that writes) and a pool of reading connections. */
#ifndef SCAMBIO_STORE_INTERNAL_H
#define SCAMBIO_STORE_INTERNAL_H

#include "store/db.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SHARDS_MAX = 31, SLOT_MAIN = SHARDS_MAX, SLOTS, HINTS_MAX = 8, IDLE_MAX = 16, BUCKETS = 61 };

struct hint {
    int64_t account, seq;
};

/* What a write has taken of the accounts' lines and of the ids: see numbers.c. */
enum { LINES_MOST = 4 };
struct account_line {
    int64_t account, seq, quota, items, bytes; /* as the row will be */
    bool changed;
};
struct numbers {
    struct account_line lines[LINES_MOST];
    size_t line_count;
    int64_t id; /* the next; 0: not read yet */
    bool id_changed;
};

struct tx {
    struct store *store;
    int writing;             /* the slot that this transaction changes; -1: it reads */
    struct db *db[SLOTS];    /* opened when first touched */
    uint64_t commits[SLOTS]; /* of the slot when a reading one was taken */
    int64_t now;             /* seconds since 1970, the same for the whole transaction */
    struct hint *hints;      /* numbers taken; only in writes */
    size_t hint_count, hint_cap;
    struct numbers numbers;
    bool chores;    /* a row for the background was added: see xop.c */
    int queue_hint; /* what listeners are told of the queue of mail; 0: nothing */
};

/* Reading connections of a slot. One that is given back keeps its snapshot as long as nothing is committed, so that reads
 * between two commits cost no locks of the file; a commit ends the snapshots of those that are idle. */
struct pool {
    pthread_mutex_t lock;
    struct {
        struct db *db;
        bool reading; /* its snapshot is open, and of `commits` */
    } idle[IDLE_MAX];
    size_t idle_count, open_count;
    uint64_t commits; /* how often the writer of the slot has committed */
    bool restarting;  /* the log is being begun anew: no idle connection keeps a snapshot */
};

struct queue { /* waiting writes, first in first out */
    struct write *head, **tail;
};

struct writer {
    struct store *store;
    int slot;
    struct db *db;
    struct tx tx;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* guards what follows, to the empty line */
    pthread_cond_t work;
    struct queue queue[BUCKETS]; /* by account, so that none starves another */
    size_t waiting, turn;
    bool stopping;

    struct write **group; /* the writes of the open transaction, in order */
    size_t group_count, group_cap;
    size_t clients;         /* how many writes the last group held: as many are likely to come again */
    int64_t checkpoint_wal; /* the log's size when a checkpoint was last asked for */
};

struct counters { /* for store_stats */
    atomic_uint_fast64_t commits, writes, failed, rerun, reads, checkpoints, group_largest;
    atomic_uint_fast64_t commit_us_total, commit_us_max;
};

struct checkpointer;
struct maintainer;
struct chores;
struct blob_pins;

struct store {
    struct store_config config;
    char *dir;
    int dirfd, lockfd, blobsfd;
    char epoch[17];
    int shards;
    struct pool pool[SLOTS];
    struct writer writer[SLOTS];
    _Atomic int64_t wal_bytes[SLOTS];
    struct checkpointer *checkpointer;
    struct maintainer *maintainer;
    struct chores *chores; /* set before serving starts */
    struct blob_pins *pins;
    struct tz_cache *_Atomic zones; /* made by store_zones */
    pthread_mutex_t reconcile;      /* mounts follow grants one at a time */
    pthread_mutex_t sweep;          /* background work and backups: one at a time */
    struct {
        store_hint_fn fn;
        void *ctx;
    } listener[HINTS_MAX];
    size_t listener_count;
    struct counters counters;
};

/* ---- slots ---- */
int slot_of_id(int64_t id); /* 0..30 or SLOT_MAIN */
bool slot_exists(const struct store *s, int slot);
/* "main.db" or "shard-07.db". */
void slot_file(char name[16], int slot);
enum status slot_open(struct store *s, int slot, unsigned flags, int cache_kb, struct db **out,
                      struct buf *why);

/* ---- tx.c ---- */
/* The connection that holds the row `id`, in this transaction. Never NULL: see db_absent and db_failed. */
struct db *tx_db(struct tx *tx, int64_t id);
struct db *tx_db_slot(struct tx *tx, int slot);
/* The one that a write changes; E_INTERNAL's connection when `id` lives elsewhere or tx only reads. */
struct db *tx_wdb(struct tx *tx, int64_t id);
/* Ends the reading transactions of a tx, in all slots but the one it writes. */
void tx_release(struct tx *tx);
void pools_init(struct store *s);
void pools_free(struct store *s);
/* Ends the snapshots of the idle reading connections of a slot; committed: those in use end when they are given back. */
void pool_end_idle(struct store *s, int slot, bool committed);
/* Around a checkpoint that waits for readers: it would wait in vain for who keeps a snapshot and reads no more. */
void pool_restarting(struct store *s, int slot, bool on);

/* ---- numbers (numbers.c) ---- */
/* Takes the account's next number. First of all in every write that changes something of the account. */
enum status tx_seq_next(struct tx *tx, int64_t account, int64_t *seq);
/* The next `count` of them, which follow each other. */
enum status tx_seq_take(struct tx *tx, int64_t account, int64_t count, int64_t *first);
/* A fresh id for a row of `slot`'s database; `kind` is added: id = n * 64 + kind. */
enum status tx_new_id(struct tx *tx, int slot, int kind, int64_t *id);
/* `count` values of that n. */
enum status tx_ids_take(struct tx *tx, int slot, int64_t count, int64_t *first);
/* Writes what was taken into the rows of account and counter, which are behind until then: the writer does it when a closure is
 * through. Whoever reads or changes seq, quota, used_* or deleted of an account, or the counter, by a statement of his own inside of a
 * write does it before. */
enum status tx_settle(struct tx *tx);

/* ---- writer.c, checkpoint.c ---- */
enum status writer_start(struct store *s, int slot, struct buf *why);
void writer_stop(struct writer *w); /* runs what waits */
enum status checkpointer_start(struct store *s);
void checkpointer_stop(struct store *s);
void checkpointer_ask(struct store *s, int slot);

/* ---- zones.c ---- */
void zones_close(struct store *s);

/* ---- xop.c: work that spans commits or shards ---- */
enum status xops_recover(struct store *s); /* at start: finishes or undoes what was cut off */
enum status chores_start(struct store *s);
void chores_stop(struct store *s); /* before the writers, which wake it to their end … */
void chores_free(struct store *s); /* … and after them */
void chores_wake(struct store *s);

/* ---- maintain.c ---- */
enum status maintainer_start(struct store *s);
void maintainer_stop(struct store *s);
/* Computes what is derived from one item again; the arena is reset. OK also when the item is gone. */
enum status derive_again(struct store *s, struct arena *a, int64_t item);

/* ---- schema.c ---- */
/* Creates or migrates the database of a slot, whose connection may write. */
enum status schema_prepare(struct store *s, int slot, struct db *db, struct buf *why);

#endif
