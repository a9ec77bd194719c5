/* store/checkpoint.c: a thread that copies the write-ahead logs into their databases while serving goes on.
 *
 * Writers ask for it when their log has grown by some megabytes; it copies what no reader needs any more and
 * never blocks anybody. A log that still grows too long is begun anew by its writer, in a pause
 * (store/writer.c). */
#include "core/log.h"
#include "store/internal.h"

struct checkpointer {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool due[SLOTS], stopping;
    struct db *db[SLOTS];
};

enum { CHECKPOINT_CACHE_KB = 64 };

static void checkpoint(struct checkpointer *c, int slot)
{
    int64_t left;
    if (!c->db[slot] && slot_open(c->store, slot, 0, CHECKPOINT_CACHE_KB, &c->db[slot], NULL) != OK)
        return;
    /* Before, since a snapshot of the database file itself forbids to write into it; behind, so that those that hold the log
     * let the writer begin it anew. */
    pool_end_idle(c->store, slot, false);
    enum status st = db_checkpoint(c->db[slot], DB_CHECKPOINT_PASSIVE, &left);
    pool_end_idle(c->store, slot, false);
    atomic_fetch_add(&c->store->counters.checkpoints, 1);
    if (st != OK && st != E_BUSY)
        log_error("store: checkpoint of slot %d: %s", slot, status_text(st));
}

static void *checkpointer_main(void *arg)
{
    struct checkpointer *c = arg;
    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        int slot = 0;
        while (slot < SLOTS && !c->due[slot])
            slot++;
        if (slot == SLOTS) {
            pthread_cond_wait(&c->work, &c->lock);
            continue;
        }
        c->due[slot] = false;
        pthread_mutex_unlock(&c->lock);
        checkpoint(c, slot);
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

enum status checkpointer_start(struct store *s)
{
    struct checkpointer *c = calloc(1, sizeof *c);
    if (!c)
        return E_MEMORY;
    c->store = s;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    if (pthread_create(&c->thread, NULL, checkpointer_main, c) != 0) {
        pthread_cond_destroy(&c->work);
        pthread_mutex_destroy(&c->lock);
        free(c);
        return E_MEMORY;
    }
    s->checkpointer = c;
    return OK;
}

void checkpointer_stop(struct store *s)
{
    struct checkpointer *c = s->checkpointer;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    for (int i = 0; i < SLOTS; i++)
        db_close(c->db[i]);
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
    s->checkpointer = NULL;
}

void checkpointer_ask(struct store *s, int slot)
{
    struct checkpointer *c = s->checkpointer;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->due[slot] = true;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
}
