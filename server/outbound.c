/* server/outbound.c: the life of the runner, and its search for what is due.
 *
 * A search reads the rows that are due, the longest due first, and makes attempts of those that are not in hand. It is begun by a
 * commit that put something into the queue, by the time of the next that is due, and when there is room again. */
#include "server/outbound_inside.h"

#include "core/clock.h"
#include "core/log.h"

enum {
    ROWS_MOST = 10000, /* of a search */
    SOON_US = 20 * 1000,
    AGAIN_US = 1000 * 1000,
    LOOK_MOST_S = 60,
    SWEEP_US = 60 * 1000 * 1000,
    CUT_US = 5 * 1000 * 1000, /* what a stop leaves to a mail that is being sent */
};

void outbound_less(struct outbound *o)
{
    atomic_fetch_sub(&o->open, 1);
}

void outbound_look(struct outbound *o, int64_t us)
{
    if (!o->stopping && (!o->look.slot || o->look.due > clock_mono_us() + us))
        loop_arm(o->loop, &o->look, us);
}

/* ---- the search ---- */
struct search {
    struct outbound *o;
    struct attempt *fresh; /* by bucket order it does not matter: those made in this search */
    size_t rows;
};

/* A sender may have a quarter of what is in hand, so that others' mail finds room beside his thousands. */
static bool has_share(const struct outbound *o, const struct queue_entry *e)
{
    size_t of_sender = 0;
    if (o->attempt_count < o->settings->attempts / 4)
        return true;
    for (size_t i = 0; i < ATTEMPT_BUCKETS; i++)
        for (const struct attempt *a = o->buckets[i]; a; a = a->bucket_next)
            of_sender += a->account == e->account && str_eq(a->sender, e->sender);
    return of_sender < o->settings->attempts / 4;
}

static enum status take_row(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    struct search *s = ctx;
    struct outbound *o = s->o;
    s->rows++;
    struct dest *d = dest_find(o, r->domain);
    struct attempt *a = d ? attempt_find(o, e->id, d) : NULL;
    if (a)
        return a->fresh && a->count < o->settings->recipients ? attempt_add(a, r) : OK;
    if (!d || o->attempt_count >= o->settings->attempts || !has_share(o, e)) {
        o->more = true;
        return o->attempt_count >= o->settings->attempts ? TOO_MANY : OK;
    }
    a = attempt_new(o, d, e);
    if (!a)
        return E_MEMORY;
    enum status st = attempt_add(a, r);
    if (st == OK)
        dest_add(d, a, false);
    else
        attempt_end(a);
    return st;
}

static void seal_fresh(struct outbound *o)
{
    for (size_t i = 0; i < ATTEMPT_BUCKETS; i++)
        for (struct attempt *a = o->buckets[i]; a; a = a->bucket_next)
            a->fresh = false;
}

static enum status search(struct outbound *o, int64_t *next)
{
    struct search s = {.o = o};
    SCOPED_READ(tx, o->store);
    if (!tx)
        return E_MEMORY;
    o->more = false;
    enum status st = queue_due(tx, clock_now(), ROWS_MOST, take_row, &s);
    seal_fresh(o);
    if (st == OK || st == TOO_MANY)
        st = queue_next(tx, next);
    return st;
}

static void look(struct loop_timer *t)
{
    struct outbound *o = CONTAINER_OF(t, struct outbound, look);
    int64_t next = INT64_MAX, now = clock_now();
    if (o->stopping)
        return;
    enum status st = search(o, &next);
    if (st < 0)
        log_error("mail: the queue cannot be read: %s", status_text(st));
    dest_work_all(o);
    int64_t wait = next > now + LOOK_MOST_S ? LOOK_MOST_S : next - now;
    outbound_look(o, st < 0 || wait < 1 ? AGAIN_US : wait * 1000000);
}

static void sweep(struct loop_timer *t)
{
    struct outbound *o = CONTAINER_OF(t, struct outbound, sweep);
    if (o->stopping)
        return;
    notice_sweep(o);
    dest_work_all(o);
    loop_arm(o->loop, t, SWEEP_US);
}

/* ---- what comes from other threads ---- */
static void each_conn(struct outbound *o, bool at_once)
{
    for (struct dest *d = o->dests; d; d = d->next)
        for (struct conn *c = d->conns, *next; c; c = next) {
            next = conn_next(c);
            conn_drain(c, at_once);
        }
}

static void cut(struct loop_timer *t)
{
    each_conn(CONTAINER_OF(t, struct outbound, cut), true);
}

/* What waits has been touched by nobody. */
static void drop_waiting(struct outbound *o)
{
    static const struct outcome why = {.status = STR_INIT("4.3.2"), .text = STR_INIT("the server stops")};
    for (struct dest *d = o->dests; d; d = d->next) {
        struct attempt *a;
        while ((a = dest_take(d)))
            attempt_fail(a, MAIL_LATER, &why);
    }
}

static void begin_stop(struct outbound *o)
{
    o->stopping = true;
    loop_cancel(o->loop, &o->look);
    loop_cancel(o->loop, &o->sweep);
    drop_waiting(o);
    each_conn(o, false);
    loop_arm(o->loop, &o->cut, CUT_US);
}

static void on_wake(struct loop_post *p)
{
    struct outbound *o = CONTAINER_OF(p, struct outbound, wake);
    atomic_store(&o->woken, false);
    pthread_mutex_lock(&o->lock);
    struct outbound_settings *fresh = TAKE(o->fresh);
    pthread_mutex_unlock(&o->lock);
    if (fresh) {
        outbound_settings_put(o->settings);
        o->settings = fresh;
    }
    if (fresh || atomic_exchange(&o->retry, false))
        dest_unblock_all(o);
    if (atomic_load(&o->ended)) {
        loop_stop(o->loop);
        return;
    }
    if (atomic_load(&o->stop)) {
        if (!o->stopping)
            begin_stop(o);
        return;
    }
    outbound_look(o, SOON_US);
}

static void wake(struct outbound *o)
{
    if (!atomic_exchange(&o->woken, true))
        loop_post(o->loop, &o->wake);
}

static void on_hint(void *ctx, int64_t account, int64_t seq)
{
    struct outbound *o = ctx;
    if (account != STORE_QUEUE)
        return;
    if (seq == QUEUE_HINT_RETRY)
        atomic_store(&o->retry, true);
    wake(o);
}

/* ---- life ---- */
struct recover {
    struct write write;
    int64_t held;
};

static enum status recover_run(struct write *w, struct tx *tx)
{
    return tx_queue_recover(tx, &CONTAINER_OF(w, struct recover, write)->held);
}

/* Who was being tried when the process died waits again, in each shard. */
static enum status recover(struct outbound *o)
{
    enum status st = OK;
    int shards = store_config_of(o->store)->shards;
    for (int i = 0; i < shards && st == OK; i++) {
        struct recover r = {.write = {.run = recover_run, .account = i}};
        st = store_run(o->store, &r.write);
        if (st == OK && r.held)
            log_warning("mail: %lld recipients are held: the server died twice while it tried them; see "
                        "`scambio queue list` and `queue release`",
                        (long long)r.held);
    }
    return st;
}

static void *run(void *ctx)
{
    struct outbound *o = ctx;
    outbound_look(o, 0);
    loop_arm(o->loop, &o->sweep, SOON_US);
    loop_run(o->loop);
    return NULL;
}

static enum status start(struct outbound *o, const struct conf *conf, struct buf *why)
{
    enum status st = outbound_settings_new(conf, &o->settings, why);
    if (st == OK)
        st = loop_new(&o->loop);
    if (st == OK)
        st = resolver_new(conf, o->loop, &o->resolver, why);
    if (st == OK)
        st = recover(o);
    if (st == OK)
        st = store_listen(o->store, on_hint, o);
    if (st != OK)
        return st;
    o->started = pthread_create(&o->thread, NULL, run, o) == 0;
    return o->started ? OK : E_MEMORY;
}

enum status outbound_new(const struct conf *conf, const struct mail_base *base, struct outbound **out,
                         struct buf *why)
{
    struct outbound *o = calloc(1, sizeof *o);
    if (!o)
        return E_MEMORY;
    *o = (struct outbound){.store = base->store,
                           .dir = base->dir,
                           .pool = base->pool,
                           .intake = base->intake,
                           .wake.fn = on_wake,
                           .look.fn = look,
                           .sweep.fn = sweep,
                           .cut.fn = cut};
    pthread_mutex_init(&o->lock, NULL);
    enum status st = start(o, conf, why);
    if (st == OK)
        *out = o;
    else
        outbound_free(o);
    return st;
}

void outbound_free(struct outbound *o)
{
    if (!o)
        return;
    if (o->started) {
        atomic_store(&o->ended, true);
        wake(o);
        pthread_join(o->thread, NULL);
    }
    dest_free_all(o);
    resolver_free(o->resolver);
    loop_free(o->loop);
    outbound_settings_put(o->fresh);
    outbound_settings_put(o->settings);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

enum status outbound_reload(struct outbound *o, const struct conf *conf, struct buf *why)
{
    struct outbound_settings *fresh, *old;
    enum status st = outbound_settings_new(conf, &fresh, why);
    if (st != OK)
        return st;
    pthread_mutex_lock(&o->lock);
    old = o->fresh;
    o->fresh = fresh;
    pthread_mutex_unlock(&o->lock);
    outbound_settings_put(old);
    wake(o);
    return OK;
}

bool outbound_drain(struct outbound *o)
{
    if (!atomic_exchange(&o->stop, true))
        wake(o);
    return !outbound_busy(o);
}

bool outbound_busy(struct outbound *o)
{
    return atomic_load(&o->open) > 0;
}
