/* store/writer.c: the writer of one database: many writes in one durable commit.
 *
 *   queues by account ──► group: BEGIN, then for each write SAVEPOINT run() RELEASE ──► COMMIT (fsync) ──►
 * done() each │ run() answered anything but OK: ROLLBACK TO, that is its result └ SQLite gave the whole
 * transaction up, or COMMIT failed: every write of the group runs again in a transaction of its own and gets
 * its own answer
 *
 * A group takes what waits, and while it is smaller than the last one it waits a moment for those clients to
 * come back: one sync for thirty clients costs the same as for one. */
#include "core/clock.h"
#include "core/log.h"
#include "store/internal.h"

#include <time.h>

enum { PAUSE_US = 1000, WRITER_CACHE_KB = 4096, GROUP_MAX = 4096 };
enum { WAL_PASSIVE = 4 << 20, WAL_RESTART = 64 << 20, WAL_FORCED = 256 << 20 };

/* ---- the queues ---- */

static void queue_push(struct queue *q, struct write *w)
{
    w->next = NULL;
    if (!q->tail)
        q->tail = &q->head;
    *q->tail = w;
    q->tail = &w->next;
}

/* The next write, one account after the other. The lock is held. */
static struct write *queue_pop(struct writer *w)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct queue *q = &w->queue[w->turn];
        w->turn = (w->turn + 1) % BUCKETS;
        struct write *write = q->head;
        if (!write)
            continue;
        q->head = write->next;
        if (!q->head)
            q->tail = &q->head;
        w->waiting--;
        return write;
    }
    return NULL;
}

void store_submit(struct store *s, struct write *write)
{
    int slot = slot_of_id(write->account);
    if (!slot_exists(s, slot)) {
        write->status = NOT_FOUND;
        write->done(write);
        return;
    }
    struct writer *w = &s->writer[slot];
    if (!w->started) { /* opened beside its owner */
        write->status = E_UNAVAILABLE;
        write->done(write);
        return;
    }
    pthread_mutex_lock(&w->lock);
    write->status = w->stopping ? E_UNAVAILABLE : w->waiting >= s->config.queue_limit ? E_BUSY : OK;
    bool taken = write->status == OK;
    if (taken) {
        queue_push(&w->queue[(uint64_t)write->account / 64 % BUCKETS], write);
        w->waiting++;
        pthread_cond_signal(&w->work);
    }
    pthread_mutex_unlock(&w->lock);
    if (!taken)
        write->done(write);
}

/* Blocks for the first write of a group; NULL: the writer stops. */
static struct write *first_write(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->waiting && !w->stopping)
        pthread_cond_wait(&w->work, &w->lock);
    struct write *write = queue_pop(w);
    pthread_mutex_unlock(&w->lock);
    return write;
}

static struct timespec deadline_after(int64_t us)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += us % 1000000 * 1000;
    t.tv_sec += us / 1000000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Another write for the open group; NULL: commit now. */
static struct write *next_write(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    if (!w->waiting && w->group_count < w->clients && !w->stopping) {
        struct timespec until = deadline_after(PAUSE_US);
        while (!w->waiting && !w->stopping && pthread_cond_timedwait(&w->work, &w->lock, &until) == 0)
            ;
    }
    struct write *write = queue_pop(w);
    pthread_mutex_unlock(&w->lock);
    return write;
}

/* ---- one write ---- */

/* Runs it inside the open transaction. The result is in write->status; false: the transaction is gone. */
static bool run_in_savepoint(struct writer *w, struct write *write)
{
    struct tx *tx = &w->tx;
    size_t hints = tx->hint_count;
    tx->db[w->slot] = w->db; /* tx_nested may have taken it away */
    enum status st = DB_RUN(w->db, "SAVEPOINT w");
    if (st == OK) {
        tx->now = clock_now();
        tx->numbers = (struct numbers){0};
        st = write->run(write, tx);
        if (st == OK)
            st = tx_settle(tx);
        tx_release(tx);
        if (!db_in_transaction(w->db))
            goto gone;
        if (st == OK)
            st = DB_RUN(w->db, "RELEASE w");
        if (st != OK) {
            tx->hint_count = hints;
            if (DB_RUN(w->db, "ROLLBACK TO w") != OK || DB_RUN(w->db, "RELEASE w") != OK)
                goto gone;
        }
    }
    write->status = st;
    return db_in_transaction(w->db);
gone:
    tx->hint_count = hints;
    write->status = st < 0 ? st : E_INTERNAL;
    return false;
}

static enum status commit(struct writer *w)
{
    struct counters *c = &w->store->counters;
    int64_t start = clock_mono_us();
    enum status st = DB_RUN(w->db, "COMMIT");
    pool_end_idle(w->store, w->slot,
                  true); /* whatever it says: who reads from now on must see what is there */
    if (st != OK)
        return st;
    uint64_t us = (uint64_t)(clock_mono_us() - start);
    atomic_fetch_add(&c->commits, 1);
    atomic_fetch_add(&c->commit_us_total, us);
    if (us > atomic_load(&c->commit_us_max)) /* written by several writers: nearly right is enough */
        atomic_store(&c->commit_us_max, us);
    return OK;
}

static void rollback(struct writer *w)
{
    if (db_in_transaction(w->db) && DB_RUN(w->db, "ROLLBACK") != OK)
        log_error("store: a transaction could not be rolled back");
    w->tx.hint_count = 0;
}

static void publish(struct writer *w)
{
    struct store *s = w->store;
    for (size_t k = 0; w->tx.queue_hint && k < s->listener_count; k++)
        s->listener[k].fn(s->listener[k].ctx, STORE_QUEUE, w->tx.queue_hint);
    w->tx.queue_hint = 0;
    for (size_t i = 0; i < w->tx.hint_count; i++)
        for (size_t k = 0; k < s->listener_count; k++)
            s->listener[k].fn(s->listener[k].ctx, w->tx.hints[i].account, w->tx.hints[i].seq);
    w->tx.hint_count = 0;
    if (w->tx.chores)
        chores_wake(s);
    w->tx.chores = false;
}

static void deliver(struct writer *w, struct write *write)
{
    struct counters *c = &w->store->counters;
    atomic_fetch_add_explicit(&c->writes, 1, memory_order_relaxed);
    if (write->status < 0)
        atomic_fetch_add_explicit(&c->failed, 1, memory_order_relaxed);
    write->done(write);
}

/* One write in a transaction of its own. */
static void run_alone(struct writer *w, struct write *write)
{
    w->tx.hint_count = 0;
    atomic_fetch_add_explicit(&w->store->counters.rerun, 1, memory_order_relaxed);
    enum status st = DB_RUN(w->db, "BEGIN IMMEDIATE");
    if (st == OK) {
        bool open = run_in_savepoint(w, write);
        st = write->status;
        if (open && st == OK)
            st = commit(w);
    }
    if (st != OK)
        rollback(w);
    write->status = st;
    publish(w);
    deliver(w, write);
}

/* ---- a group ---- */

static bool group_is_full(struct writer *w, int64_t start_us, int64_t start_rows, size_t bytes)
{
    const struct store_config *c = &w->store->config;
    return w->group_count >= w->group_cap || bytes >= c->group_bytes ||
           (size_t)(db_changes(w->db) - start_rows) >= c->group_rows ||
           clock_mono_us() - start_us >= c->group_us;
}

/* Runs writes until none waits or the group is full. False: the transaction is gone. */
static bool run_group(struct writer *w, struct write *write)
{
    int64_t start_us = clock_mono_us(), start_rows = db_changes(w->db);
    size_t bytes = 0;
    do {
        w->group[w->group_count++] = write;
        bytes += write->bytes;
        if (!run_in_savepoint(w, write))
            return false;
    } while (!group_is_full(w, start_us, start_rows, bytes) && (write = next_write(w)));
    return true;
}

static void note_wal(struct writer *w)
{
    struct store *s = w->store;
    int64_t bytes = db_wal_bytes(w->db), left;
    atomic_store_explicit(&s->wal_bytes[w->slot], bytes, memory_order_relaxed);
    if (bytes < w->checkpoint_wal) /* the log was begun anew */
        w->checkpoint_wal = 0;
    if (bytes - w->checkpoint_wal >= WAL_PASSIVE) {
        w->checkpoint_wal = bytes;
        checkpointer_ask(s, w->slot);
    }
    if (bytes < WAL_RESTART)
        return;
    pthread_mutex_lock(&w->lock);
    bool pause = w->waiting == 0;
    pthread_mutex_unlock(&w->lock);
    if (pause || bytes >= WAL_FORCED) {
        pool_restarting(s, w->slot, true);
        (void)db_checkpoint(w->db, DB_CHECKPOINT_RESTART,
                            &left); /* it is tried again after the next commit */
        pool_restarting(s, w->slot, false);
        atomic_fetch_add(&s->counters.checkpoints, 1);
    }
}

static void serve_group(struct writer *w, struct write *first)
{
    w->group_count = 0;
    bool sound = DB_RUN(w->db, "BEGIN IMMEDIATE") == OK;
    if (sound)
        sound = run_group(w, first) && commit(w) == OK;
    else
        w->group[w->group_count++] = first;
    if (sound) {
        publish(w);
    } else {
        rollback(w);
    }
    w->clients = w->group_count;
    for (size_t i = 0; i < w->group_count; i++) {
        if (sound)
            deliver(w, w->group[i]);
        else
            run_alone(w, w->group[i]);
    }
    if (w->group_count > atomic_load(&w->store->counters.group_largest))
        atomic_store(&w->store->counters.group_largest, w->group_count);
    note_wal(w);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct write *first;
    while ((first = first_write(w)))
        serve_group(w, first);
    return NULL;
}

/* ---- waiting for a write ---- */

struct waiter {
    struct write write;
    struct write *inner;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool finished;
};

static enum status waiter_run(struct write *write, struct tx *tx)
{
    struct waiter *waiter = CONTAINER_OF(write, struct waiter, write);
    return waiter->inner->run(waiter->inner, tx);
}

static void waiter_done(struct write *write)
{
    struct waiter *waiter = CONTAINER_OF(write, struct waiter, write);
    pthread_mutex_lock(&waiter->lock);
    waiter->finished = true;
    pthread_cond_signal(&waiter->done);
    pthread_mutex_unlock(&waiter->lock);
}

enum status store_run(struct store *s, struct write *write)
{
    struct waiter waiter = {
        .write = {.run = waiter_run, .done = waiter_done, .account = write->account, .bytes = write->bytes},
        .inner = write,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .done = PTHREAD_COND_INITIALIZER,
    };
    store_submit(s, &waiter.write);
    pthread_mutex_lock(&waiter.lock);
    while (!waiter.finished)
        pthread_cond_wait(&waiter.done, &waiter.lock);
    pthread_mutex_unlock(&waiter.lock);
    pthread_cond_destroy(&waiter.done);
    pthread_mutex_destroy(&waiter.lock);
    write->status = waiter.write.status;
    return write->status;
}

/* ---- start and stop ---- */

enum status writer_start(struct store *s, int slot, struct buf *why)
{
    struct writer *w = &s->writer[slot];
    pthread_condattr_t monotonic;
    w->store = s;
    w->slot = slot;
    w->group_cap = s->config.group_rows < GROUP_MAX ? s->config.group_rows : GROUP_MAX;
    w->group = calloc(w->group_cap, sizeof(struct write *));
    w->tx = (struct tx){.store = s, .writing = slot, .hint_cap = w->group_cap};
    w->tx.hints = calloc(w->tx.hint_cap, sizeof *w->tx.hints);
    if (!w->group || !w->tx.hints)
        return E_MEMORY;
    enum status st = slot_open(s, slot, DB_CREATE, WRITER_CACHE_KB, &w->db, why);
    if (st == OK)
        st = schema_prepare(s, slot, w->db, why);
    if (st != OK)
        return st;
    w->tx.db[slot] = w->db;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->started = pthread_create(&w->thread, NULL, writer_main, w) == 0;
    if (!w->started) {
        pthread_cond_destroy(&w->work);
        pthread_mutex_destroy(&w->lock);
    }
    return w->started ? OK : E_MEMORY;
}

void writer_stop(struct writer *w)
{
    if (w->started) {
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_signal(&w->work);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        pthread_cond_destroy(&w->work);
        pthread_mutex_destroy(&w->lock);
        w->started = false;
    }
    db_close(w->db);
    w->db = NULL;
    free(w->group);
    w->group = NULL;
    free(w->tx.hints);
    w->tx.hints = NULL;
}
