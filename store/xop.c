/* store/xop.c: operations that need more than one commit. A row is committed with the first step and removed with the
 * last; every step can be repeated. What is found at start is finished or undone; what is left for the background (mounts
 * that follow a deleted collection) is done by a thread that wakes after the commit. */
#include "core/log.h"
#include "store/rows.h"

#include <time.h>

enum { RETRY_SECONDS = 30 };

enum status tx_xop_add(struct tx *tx, enum xop op, int64_t subject, struct str data, int64_t *id)
{
    int64_t fresh;
    int kind = tx->writing == SLOT_MAIN ? STORE_MAIN : tx->writing;
    enum status st = tx_new_id(tx, tx->writing, kind, &fresh);
    if (st == OK)
        st = DB_RUN(tx->db[tx->writing],
                    "INSERT INTO xop(id, op, subject, data, at) VALUES(?1, ?2, ?3, ?4, ?5)", db_int(fresh),
                    db_int(op), db_int(subject), db_blob(data), db_int(tx->now));
    if (id)
        *id = fresh;
    return st;
}

enum status tx_xop_remove(struct tx *tx, int64_t id)
{
    return DB_RUN(tx_wdb(tx, id), "DELETE FROM xop WHERE id = ?1", db_int(id));
}

enum status tx_reconcile_later(struct tx *tx, int64_t collection)
{
    tx->chores = true;
    return tx_xop_add(tx, XOP_RECONCILE, collection, STR_NONE, NULL);
}

struct removal {
    struct write write;
    int64_t id;
};

static enum status removal_run(struct write *w, struct tx *tx)
{
    return tx_xop_remove(tx, CONTAINER_OF(w, struct removal, write)->id);
}

enum status xop_remove(struct store *s, int64_t id)
{
    struct removal r = {.write = {.run = removal_run, .account = id}, .id = id};
    return store_run(s, &r.write);
}

/* ---- finding and finishing ---- */

struct open_xop {
    int64_t id, subject;
    enum xop op;
    struct str data;
};

static enum status list_open(struct store *s, int slot, struct arena *a, struct open_xop **out, size_t *count)
{
    size_t cap = 0;
    enum status st;
    *out = NULL;
    *count = 0;
    SCOPED_READ(tx, s);
    if (!tx)
        return E_MEMORY;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db_slot(tx, slot), "SELECT id, subject, op, data FROM xop " DB_SCAN "ORDER BY id");
    while ((st = stmt_row(q)) == OK) {
        struct open_xop *grown = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        grown[(*count)++] = (struct open_xop){col_int(q, 0), col_int(q, 1), (enum xop)col_int(q, 2),
                                              arena_str(a, col_str(q, 3))};
    }
    return st == NOT_FOUND ? a->st : st;
}

static enum status finish(struct store *s, const struct open_xop *x, bool starting)
{
    enum status st = OK;
    switch (x->op) {
    case XOP_MOVE: /* while serving, the thread that moves it sees to it */
        return starting ? xop_move_recover(s, x->id, x->subject, x->data) : OK;
    case XOP_CARRY:
        return starting ? xop_carry_recover(s, x->id, x->subject, x->data) : OK;
    case XOP_CARRIED:
        return starting ? xop_carried_recover(s, x->id, x->subject) : OK;
    case XOP_MOUNT:
        return xop_mount_recover(s, x->id, x->data);
    case XOP_ACCOUNT:
        return account_keep_promise(s, x->subject, x->data, x->id);
    case XOP_PURGE:
        return account_purge(s, x->subject, x->id);
    case XOP_RECONCILE:
        st = mounts_reconcile(s, x->subject);
        break;
    case XOP_MEND:
        st = store_mend(s);
        break;
    }
    return st != OK ? st : xop_remove(s, x->id);
}

static enum status finish_slot(struct store *s, int slot, bool starting)
{
    SCOPED_ARENA(a, 64 << 20);
    struct open_xop *open;
    size_t count;
    enum status st = list_open(s, slot, &a, &open, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        st = finish(s, &open[i], starting);
    return st;
}

static enum status finish_all(struct store *s, bool starting)
{
    enum status result = finish_slot(s, SLOT_MAIN, starting);
    for (int slot = 0; slot < s->shards; slot++) {
        enum status st = finish_slot(s, slot, starting);
        result = st != OK ? st : result;
    }
    return result;
}

enum status xops_recover(struct store *s)
{
    enum status st = finish_all(s, true);
    if (st != OK) /* the rows stay: the background tries again */
        log_error("store: finishing what was cut off: %s", status_text(st));
    return st == E_CORRUPT ? st : OK;
}

/* ---- the background ---- */

struct chores {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool due, stopping;
};

static void *chores_main(void *arg)
{
    struct chores *c = arg;
    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        if (!c->due) {
            pthread_cond_wait(&c->work, &c->lock);
            continue;
        }
        c->due = false;
        pthread_mutex_unlock(&c->lock);
        enum status st = finish_all(c->store, false);
        pthread_mutex_lock(&c->lock);
        if (st == OK || c->stopping)
            continue;
        log_error("store: background work: %s; it is tried again", status_text(st));
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += RETRY_SECONDS;
        pthread_cond_timedwait(&c->work, &c->lock, &until);
        c->due = true;
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

enum status chores_start(struct store *s)
{
    struct chores *c = calloc(1, sizeof *c);
    if (!c)
        return E_MEMORY;
    c->store = s;
    c->due = true; /* what the start could not finish */
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    if (pthread_create(&c->thread, NULL, chores_main, c) != 0) {
        pthread_cond_destroy(&c->work);
        pthread_mutex_destroy(&c->lock);
        free(c);
        return E_MEMORY;
    }
    s->chores = c;
    return OK;
}

void chores_stop(struct store *s)
{
    struct chores *c = s->chores;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
}

void chores_free(struct store *s)
{
    struct chores *c = s->chores;
    if (!c)
        return;
    s->chores = NULL;
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void chores_wake(struct store *s)
{
    struct chores *c = s->chores;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->due = true;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
}
