/* server/outbound_notice.c: the sender is told: a notification is written by a worker, and its entry in the queue and the end of the
 * recipients that it tells of are one commit.
 *
 * What was not told before the process died, or could not be, is found by notice_sweep. */
#include "server/outbound_inside.h"

#include "core/clock.h"
#include "core/log.h"
#include "mailcore/relay/dsn.h"

enum {
    NOTICE_ARENA = 8 << 20,
    RETURNED_WHOLE = 1 << 20, /* larger messages are returned by their header alone */
    RETURNED_HEAD = 64 * 1024,
    SWEEP_ROWS = 1000,
    SWEEP_ENTRIES = 50,
    NOTICE_MOST = 8 << 20,
};

struct told {
    int64_t n;
    struct str address, last, opts;
    enum notice_kind kind;
    bool ended;
};

struct notice {
    struct outbound *o;
    struct outbound_settings *settings;
    struct arena arena;
    int64_t id, account, arrived, expires, size;
    struct str sender, opts;
    struct told *told;
    size_t count, cap;
    struct buf text;
    struct message_prepared message;
    bool prepared;
    struct queue_rcpt to;
    struct job job;
    struct loop_post post;
    struct write write;
};

static struct notice *notice_new(struct outbound *o, int64_t id)
{
    struct notice *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    *n = (struct notice){.o = o,
                         .settings = outbound_settings_get(o->settings),
                         .arena = ARENA_INIT(NOTICE_ARENA),
                         .id = id,
                         .text = BUF_INIT(NOTICE_MOST)};
    atomic_fetch_add(&o->open, 1);
    return n;
}

static void notice_free(struct notice *n)
{
    struct outbound *o = n->o;
    if (n->prepared)
        message_prepared_release(&n->message);
    buf_free(&n->text);
    outbound_settings_put(n->settings);
    arena_free(&n->arena);
    free(n);
    outbound_less(o);
}

static void add_told(struct notice *n, const struct told *t)
{
    n->told = arena_grow(&n->arena, n->told, n->count, &n->cap, n->count + 1, sizeof *n->told);
    if (!n->told)
        return;
    struct told *to = &n->told[n->count++];
    *to = *t;
    to->address = arena_str(&n->arena, t->address);
    to->last = arena_str(&n->arena, t->last);
    to->opts = arena_str(&n->arena, t->opts);
}

/* ---- the text ---- */
static const enum dsn_action actions[] = {[NOTICE_FAILED] = DSN_FAILED,
                                          [NOTICE_DELAYED] = DSN_DELAYED,
                                          [NOTICE_RELAYED] = DSN_RELAYED,
                                          [NOTICE_DELIVERED] = DSN_DELIVERED};

static enum status write_recipients(struct notice *n, struct dsn *d)
{
    struct dsn_recipient *to = ARENA_ARRAY(&n->arena, struct dsn_recipient, n->count);
    d->recipients = to;
    if (!to)
        return E_MEMORY;
    for (size_t i = 0; i < n->count; i++) {
        const struct told *t = &n->told[i];
        struct outcome o;
        struct rcpt_opts opts;
        if (t->kind == NOTICE_NONE)
            continue;
        outcome_read(t->last, &o);
        if (rcpt_opts_read(&n->arena, t->opts, &opts) != OK)
            opts = (struct rcpt_opts){0};
        to[d->count++] = (struct dsn_recipient){.address = t->address,
                                                .original = opts.orcpt,
                                                .action = actions[t->kind],
                                                .status = o.status,
                                                .remote = o.host,
                                                .diagnostic = o.text,
                                                .tried = d->now,
                                                .until = t->kind == NOTICE_DELAYED ? n->expires : 0};
    }
    return OK;
}

/* The language of a user of here; anybody else reads English. */
static enum dsn_language language_of(struct notice *n, struct tx *tx)
{
    struct principal p;
    if (directory_find(n->o->dir, tx, &n->arena, n->sender, &p) != OK)
        return DSN_ENGLISH;
    return dsn_language(p.lang);
}

static enum status compose(struct notice *n)
{
    struct envelope_opts opts;
    struct message_text m;
    SCOPED_BUF(original, RETURNED_WHOLE + RETURNED_HEAD);
    SCOPED_READ(tx, n->o->store);
    struct dsn d = {
        .hostname = n->settings->hostname, .sender = n->sender, .arrived = n->arrived, .now = clock_now()};
    if (!tx)
        return E_MEMORY;
    if (envelope_opts_read(&n->arena, n->opts, &opts) != OK)
        opts = (struct envelope_opts){0};
    enum status st = queue_open(tx, &n->arena, n->id, &m);
    bool failed = false;
    for (size_t i = 0; i < n->count; i++)
        failed = failed || n->told[i].kind == NOTICE_FAILED;
    d.whole = failed && opts.ret != SMTP_RETURN_HEADERS && st == OK && m.size <= RETURNED_WHOLE;
    d.envid = opts.envid;
    d.language = language_of(n, tx);
    if (st == OK)
        st = message_body(tx, &m, 0, d.whole ? INT64_MAX : RETURNED_HEAD, &original);
    if (st == OK)
        st = write_recipients(n, &d);
    d.message = buf_view(&original);
    if (st == OK)
        dsn_write(&n->text, &d);
    return st == OK ? n->text.st : st;
}

static struct str domain_of(struct arena *a, struct str address)
{
    size_t at = address.n;
    struct str domain;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    domain = str_from(address, at);
    return domain_normalise(a, domain, &domain) == OK ? domain : str_from(address, at);
}

/* ---- the write ---- */
static enum status notice_run(struct write *w, struct tx *tx)
{
    struct notice *n = CONTAINER_OF(w, struct notice, write);
    enum status st = OK;
    int64_t id, left;
    for (size_t i = 0; i < n->count && st >= 0; i++)
        if (n->told[i].ended)
            st = tx_queue_settle(tx, n->id, n->told[i].n, &left);
    if (st < 0)
        return st;
    const struct queue_new in = {
        .expires = clock_now() + n->settings->expire, .rcpts = &n->to, .rcpt_count = 1};
    return n->prepared ? tx_queue_add(tx, &in, &n->message, &id) : OK;
}

static void notice_back(struct loop_post *p)
{
    struct notice *n = CONTAINER_OF(p, struct notice, post);
    if (n->write.status != OK && n->write.status != E_UNAVAILABLE)
        log_error("mail: queue entry %lld: the sender cannot be told just now: %s", (long long)n->id,
                  status_text(n->write.status));
    notice_free(n);
}

static void notice_done(struct write *w)
{
    struct notice *n = CONTAINER_OF(w, struct notice, write);
    loop_post(n->o->loop, &n->post);
}

static void notice_job(struct job *job)
{
    struct notice *n = CONTAINER_OF(job, struct notice, job);
    bool any = false;
    for (size_t i = 0; i < n->count; i++)
        any = any || n->told[i].kind != NOTICE_NONE;
    enum status st = n->arena.st;
    if (st == OK && any)
        st = compose(n);
    if (st == OK && any) {
        st = prepare_message(n->o->store, &n->arena, buf_view(&n->text), &n->message);
        n->prepared = st == OK;
        n->to = (struct queue_rcpt){.address = n->sender,
                                    .domain = domain_of(&n->arena, n->sender),
                                    .opts = STR("NOTIFY=NEVER"),
                                    .next = clock_now()};
    }
    n->write = (struct write){
        .run = notice_run, .done = notice_done, .account = n->id, .bytes = n->text.n, .status = st};
    if (st == OK)
        store_submit(n->o->store, &n->write);
    else
        loop_post(n->o->loop, &n->post);
}

static void notice_start(struct notice *n)
{
    n->job = (struct job){.fn = notice_job};
    n->post = (struct loop_post){.fn = notice_back};
    if (worker_submit(n->o->pool, &n->job) != OK)
        notice_free(n); /* the sweep finds it */
}

void notice_of_attempt(const struct attempt *a)
{
    struct notice *n = notice_new(a->o, a->id);
    if (!n)
        return;
    n->account = a->account;
    n->arrived = a->arrived;
    n->expires = a->expires;
    n->sender = arena_str(&n->arena, a->sender);
    n->opts = arena_str(&n->arena, a->opts_text);
    for (size_t i = 0; i < a->count; i++) {
        const struct attempt_rcpt *r = &a->rcpts[i];
        SCOPED_BUF(last, RCPT_TEXT_MAX);
        if (!r->claimed || r->notice == NOTICE_NONE)
            continue;
        outcome_write(&last, &r->result);
        add_told(n, &(struct told){.n = r->n,
                                   .address = r->address,
                                   .last = buf_view(&last),
                                   .opts = r->opts_text,
                                   .kind = r->notice,
                                   .ended = r->state != RCPT_WAITING});
    }
    notice_start(n);
}

/* ---- what was left ---- */
struct left {
    struct outbound *o;
    struct notice *notice; /* of the entry that is being read */
    size_t entries;
};

static bool entry_in_hand(const struct outbound *o, int64_t id)
{
    for (size_t i = 0; i < ATTEMPT_BUCKETS; i++)
        for (const struct attempt *a = o->buckets[i]; a; a = a->bucket_next)
            if (a->id == id)
                return true;
    return false;
}

static enum status take_left(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    struct left *l = ctx;
    struct rcpt_opts opts;
    struct outcome o;
    if (l->notice && l->notice->id != e->id) {
        notice_start(TAKE(l->notice));
        if (++l->entries >= SWEEP_ENTRIES)
            return TOO_MANY;
    }
    if (entry_in_hand(l->o, e->id))
        return OK;
    if (!l->notice) {
        struct notice *n = l->notice = notice_new(l->o, e->id);
        if (!n)
            return E_MEMORY;
        n->account = e->account;
        n->arrived = e->arrived;
        n->expires = e->expires;
        n->sender = arena_str(&n->arena, e->sender);
        n->opts = arena_str(&n->arena, e->opts);
    }
    outcome_read(r->last, &o);
    if (rcpt_opts_read(&l->notice->arena, r->opts, &opts) != OK)
        opts = (struct rcpt_opts){0};
    enum mail_outcome outcome = r->state == RCPT_DELIVERED ? MAIL_SENT : MAIL_REFUSED;
    enum notice_kind kind = notice_of(outcome, true, !o.host.p, o.notifies, opts.notify);
    add_told(l->notice, &(struct told){.n = r->n,
                                       .address = r->address,
                                       .last = r->last,
                                       .opts = r->opts,
                                       .kind = e->sender.n ? kind : NOTICE_NONE,
                                       .ended = true});
    return OK;
}

/* An entry whose notification is under way at this moment may be told of twice; so it is only called when none is, or long after. */
void notice_sweep(struct outbound *o)
{
    struct left l = {.o = o};
    if (atomic_load(&o->open) > o->attempt_count + o->connection_count)
        return; /* notifications are being written */
    SCOPED_READ(tx, o->store);
    enum status st = tx ? queue_ended(tx, SWEEP_ROWS, take_left, &l) : E_MEMORY;
    if (l.notice)
        notice_start(l.notice);
    if (st < 0)
        log_error("mail: the queue cannot be read: %s", status_text(st));
}
