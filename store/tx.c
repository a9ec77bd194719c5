/* store/tx.c: transactions: which connection answers for an id, and the pools that reading ones come from. */
#include "core/clock.h"
#include "store/internal.h"

#include <stdio.h>

enum { READERS_MAX = 256, READER_CACHE_KB = 1024 };

int slot_of_id(int64_t id)
{
    int low = (int)(id & 63);
    if (low == STORE_MAIN)
        return SLOT_MAIN;
    return low < SHARDS_MAX ? low : low - 32; /* 31 gives -1: no such slot */
}

int store_shard_of(int64_t id)
{
    int slot = slot_of_id(id);
    return slot == SLOT_MAIN ? STORE_MAIN : slot;
}

bool slot_exists(const struct store *s, int slot)
{
    return slot == SLOT_MAIN || (slot >= 0 && slot < s->shards);
}

void slot_file(char name[16], int slot)
{
    if (slot == SLOT_MAIN)
        snprintf(name, 16, "main.db");
    else
        snprintf(name, 16, "shard-%02d.db", slot);
}

enum status slot_open(struct store *s, int slot, unsigned flags, int cache_kb, struct db **out,
                      struct buf *why)
{
    SCOPED_BUF(path, 4096);
    char name[16];
    slot_file(name, slot);
    buf_addf(&path, "%s/%s", s->dir, name);
    return path.st != OK ? path.st : db_open(buf_c(&path), flags, cache_kb, out, why);
}

void pools_init(struct store *s)
{
    for (int i = 0; i < SLOTS; i++)
        pthread_mutex_init(&s->pool[i].lock, NULL);
}

void pools_free(struct store *s)
{
    for (int i = 0; i < SLOTS; i++) {
        struct pool *pool = &s->pool[i];
        while (pool->idle_count)
            db_close(pool->idle[--pool->idle_count].db);
        pthread_mutex_destroy(&pool->lock);
    }
}

void pool_end_idle(struct store *s, int slot, bool committed)
{
    struct pool *pool = &s->pool[slot];
    pthread_mutex_lock(&pool->lock);
    pool->commits += committed;
    for (size_t i = pool->idle_count; i-- > 0;) {
        bool sound = !pool->idle[i].reading || DB_RUN(pool->idle[i].db, "COMMIT") == OK;
        pool->idle[i].reading = false;
        if (sound)
            continue;
        db_close(pool->idle[i].db);
        pool->open_count--;
        pool->idle[i] = pool->idle[--pool->idle_count];
    }
    pthread_mutex_unlock(&pool->lock);
}

void pool_restarting(struct store *s, int slot, bool on)
{
    struct pool *pool = &s->pool[slot];
    pthread_mutex_lock(&pool->lock);
    pool->restarting = on;
    pthread_mutex_unlock(&pool->lock);
    if (on)
        pool_end_idle(s, slot, false);
}

/* An idle connection (*reading: with a snapshot of the last commit), or permission (*may_open) to make one. */
static struct db *pool_take(struct pool *pool, uint64_t *commits, bool *reading, bool *may_open)
{
    struct db *db = NULL;
    *reading = false;
    pthread_mutex_lock(&pool->lock);
    *commits = pool->commits;
    if (pool->idle_count) {
        db = pool->idle[--pool->idle_count].db;
        *reading = pool->idle[pool->idle_count].reading;
    }
    *may_open = !db && pool->open_count < READERS_MAX;
    if (*may_open)
        pool->open_count++;
    pthread_mutex_unlock(&pool->lock);
    return db;
}

/* Puts it among the idle ones if there is room; with its snapshot only if nothing was committed since it was taken. */
static bool pool_keep(struct pool *pool, struct db *db, bool reading, uint64_t commits)
{
    pthread_mutex_lock(&pool->lock);
    bool keep = pool->idle_count < IDLE_MAX && (!reading || (commits == pool->commits && !pool->restarting));
    if (keep) {
        pool->idle[pool->idle_count].db = db;
        pool->idle[pool->idle_count++].reading = reading;
    }
    pthread_mutex_unlock(&pool->lock);
    return keep;
}

static void pool_drop(struct pool *pool, struct db *db)
{
    db_close(db);
    pthread_mutex_lock(&pool->lock);
    pool->open_count--;
    pthread_mutex_unlock(&pool->lock);
}

static void pool_give(struct pool *pool, struct db *db, uint64_t commits)
{
    if (pool_keep(pool, db, true, commits))
        return;
    if (DB_RUN(db, "COMMIT") != OK || !pool_keep(pool, db, false, 0))
        pool_drop(pool, db);
}

static struct db *reader_begin(struct store *s, int slot, uint64_t *commits)
{
    bool may_open, reading;
    struct db *db = pool_take(&s->pool[slot], commits, &reading, &may_open);
    if (may_open && slot_open(s, slot, DB_READER, READER_CACHE_KB, &db, NULL) != OK)
        pool_drop(&s->pool[slot], NULL);
    if (!db)
        return db_failed;
    if (!reading && DB_RUN(db, "BEGIN") != OK) {
        pool_drop(&s->pool[slot], db);
        return db_failed;
    }
    return db;
}

struct db *tx_db_slot(struct tx *tx, int slot)
{
    if (!slot_exists(tx->store, slot))
        return db_absent;
    if (!tx->db[slot])
        tx->db[slot] = reader_begin(tx->store, slot, &tx->commits[slot]);
    return tx->db[slot];
}

struct db *tx_db(struct tx *tx, int64_t id)
{
    return tx_db_slot(tx, slot_of_id(id));
}

struct db *tx_wdb(struct tx *tx, int64_t id)
{
    int slot = slot_of_id(id);
    return slot == tx->writing ? tx->db[slot] : db_failed;
}

void tx_release(struct tx *tx)
{
    for (int slot = 0; slot < SLOTS; slot++) {
        struct db *db = tx->db[slot];
        if (!db || slot == tx->writing)
            continue;
        tx->db[slot] = NULL;
        if (db != db_failed)
            pool_give(&tx->store->pool[slot], db, tx->commits[slot]);
    }
}

enum status tx_nested(struct tx *tx, enum status (*step)(void *ctx, struct tx *tx), void *ctx)
{
    if (tx->writing < 0)
        return E_INTERNAL;
    struct db *db = tx->db[tx->writing];
    size_t hints = tx->hint_count;
    struct numbers numbers = tx->numbers;
    enum status st = DB_RUN(db, "SAVEPOINT nested");
    if (st != OK)
        return st;
    st = step(ctx, tx);
    if (!db_in_transaction(db)) {
        tx->db[tx->writing] = db_failed; /* what the closure still does would be committed by itself */
        return st < 0 ? st : E_INTERNAL;
    }
    if (st == OK)
        return DB_RUN(db, "RELEASE nested");
    tx->hint_count = hints;
    tx->numbers = numbers;
    enum status undone = DB_RUN(db, "ROLLBACK TO nested");
    if (undone == OK)
        undone = DB_RUN(db, "RELEASE nested");
    return undone == OK ? st : undone;
}

struct tx *store_read(struct store *s)
{
    struct tx *tx = calloc(1, sizeof *tx);
    if (!tx)
        return NULL;
    tx->store = s;
    tx->writing = -1;
    tx->now = clock_now();
    atomic_fetch_add_explicit(&s->counters.reads, 1, memory_order_relaxed);
    return tx;
}

void store_read_end(struct tx *tx)
{
    if (!tx)
        return;
    tx_release(tx);
    free(tx);
}

struct store *tx_store(struct tx *tx)
{
    return tx->store;
}
