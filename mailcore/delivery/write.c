/* mailcore/delivery/write.c: the commits of one message: mailboxes shard by shard, the queue, and what is left over once more into the
 * queue; then the end. Nothing here waits. */
#include "mailcore/delivery/inside.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/metrics.h"

enum { COPIES_MOST = 50, COPY_BYTES = 4096, PREFIX_LISTS = 20 };

/* ---- into mailboxes ---- */
static int passed(const struct intake_settings *conf, const struct account *a, int64_t size)
{
    const int64_t marks[] = {conf->warn_last, conf->warn_first};
    for (size_t i = 0; a->quota > 0 && i < COUNT_OF(marks); i++) {
        int64_t mark = a->quota / 100 * marks[i];
        if (mark && a->used_bytes >= mark && a->used_bytes - size < mark)
            return (int)marks[i];
    }
    return 0;
}

static enum status deliver(void *ctx, struct tx *tx)
{
    struct target *t = ctx;
    struct delivery *d = t->delivery;
    const struct message_new in = {.prefix = t->prefix};
    struct message_put put;
    struct account account;
    t->warn = 0;
    enum status st = tx_message_deliver(tx, t->account, t->folder, &in, &d->prepared, &put);
    if (st == OK && (d->conf->warn_first || d->conf->warn_last)) {
        st = account_get(tx, t->account, &account);
        if (st == OK)
            t->warn = passed(d->conf, &account, (int64_t)(d->body.n + t->prefix.n));
    }
    return st;
}

static enum status local_run(struct write *w, struct tx *tx)
{
    struct local_part *p = CONTAINER_OF(w, struct local_part, write);
    for (size_t i = 0; i < p->count; i++) {
        p->targets[i]->status = tx_nested(tx, deliver, p->targets[i]);
        if (p->targets[i]->status < 0)
            return p->targets[i]->status;
    }
    return OK;
}

/* ---- into the queue ---- */
static enum status queue_run(struct write *w, struct tx *tx)
{
    struct queue_part *p = CONTAINER_OF(w, struct queue_part, write);
    struct delivery *d = p->delivery;
    SCOPED_BUF(opts, 4096);
    int64_t id, now = clock_now();
    envelope_opts_write(&opts, &d->envelope);
    if (opts.st != OK)
        return opts.st;
    const struct queue_new in = {.account = d->user,
                                 .sender = p->sender,
                                 .opts = buf_view(&opts),
                                 .prefix = p->prefix,
                                 .expires = now + d->conf->queue_time,
                                 .rcpts = p->rcpts,
                                 .rcpt_count = p->count};
    return tx_queue_add(tx, &in, &d->prepared, &id);
}

static enum status write_rcpt(struct queue_part *p, size_t i)
{
    struct target *t = p->targets[i];
    struct delivery *d = p->delivery;
    struct rcpt_opts opts = d->wanted[t->rcpt].opts;
    SCOPED_BUF(text, 4096);
    if (t->several)
        opts = (struct rcpt_opts){.notify = SMTP_NOTIFY_NEVER};
    else if (t->via.p && !opts.orcpt.p)
        opts.orcpt = arena_strf(&d->arena, "rfc822;%.*s", STR_ARG(t->via));
    rcpt_opts_write(&text, &opts);
    p->rcpts[i] = (struct queue_rcpt){.address = t->to,
                                      .domain = t->domain,
                                      .opts = arena_str(&d->arena, buf_view(&text)),
                                      .next = clock_now()};
    return text.st != OK ? text.st : d->arena.st;
}

/* ---- the end ---- */
static void one_less(struct delivery *d);

static bool goes_again(const struct delivery *d, const struct target *t, bool taken)
{
    if (t->status == OK)
        return false;
    return t->via.p || (taken && d->role != SMTP_ROLE_LMTP && !d->parcel);
}

/* What failed while others have it: it waits in a shard that works. */
static bool plan_again(struct delivery *d)
{
    struct queue_part *p = &d->queue[QUEUE_AGAIN];
    const struct target *good = NULL;
    for (size_t i = 0; i < d->targets.count; i++)
        if (d->targets.at[i].status == OK && (d->targets.at[i].account || !good))
            good = &d->targets.at[i];
    p->count = 0;
    for (size_t i = 0; i < d->targets.count; i++)
        if (goes_again(d, &d->targets.at[i], good != NULL))
            p->targets[p->count++] = &d->targets.at[i];
    if (!p->count)
        return false;
    int64_t place = good && good->account ? good->account : p->targets[0]->account;
    p->write.account = place ? place : p->targets[0]->list ? p->targets[0]->list : d->user;
    p->sender = path_text(&d->arena, &d->sender);
    for (size_t i = 0; i < p->count; i++)
        if (write_rcpt(p, i) != OK)
            return false;
    return p->write.account != 0 && d->arena.st == OK;
}

static void note(const struct delivery *d)
{
    SCOPED_BUF(hex, 24);
    buf_addf(&hex, "%016llx", (unsigned long long)d->message.id);
    for (size_t i = 0; i < d->targets.count; i++) {
        const struct target *t = &d->targets.at[i];
        const struct log_field fields[] = {
            {"id", buf_view(&hex)}, {"to", t->to}, {"status", str_c(status_text(t->status))}};
        const char *event = t->status != OK ? "mail-refused" : t->queued ? "queued" : "delivered";
        log_event(LOG_LEVEL_INFO, event, fields, COUNT_OF(fields));
        metrics_add(t->status != OK ? METRIC_MAIL_REFUSED
                    : t->queued     ? METRIC_MAIL_QUEUED
                                    : METRIC_MAIL_DELIVERED,
                    1);
    }
}

static void finish(struct delivery *d)
{
    if (d->st == OK) {
        note(d);
    } else {
        log_error("mail: a message cannot be delivered: %s", status_text(d->st));
    }
    d->end(d);
}

static void take_result(struct queue_part *p)
{
    const struct mail_base *base = p->delivery->in->base;
    for (size_t i = 0; i < p->count; i++) {
        p->targets[i]->status = p->write.status;
        p->targets[i]->queued = p->write.status == OK;
    }
    if (p->write.status == OK && base->queued)
        base->queued(base->queued_ctx);
}

static void again_done(struct write *w)
{
    struct queue_part *p = CONTAINER_OF(w, struct queue_part, write);
    take_result(p);
    finish(p->delivery);
}

static void one_less(struct delivery *d)
{
    if (atomic_fetch_sub(&d->open, 1) != 1)
        return;
    if (d->st == OK && plan_again(d))
        store_submit(d->in->base->store, &d->queue[QUEUE_AGAIN].write);
    else
        finish(d);
}

static void local_done(struct write *w)
{
    struct local_part *p = CONTAINER_OF(w, struct local_part, write);
    for (size_t i = 0; w->status != OK && i < p->count; i++)
        p->targets[i]->status = w->status;
    one_less(p->delivery);
}

static void queue_done(struct write *w)
{
    struct queue_part *p = CONTAINER_OF(w, struct queue_part, write);
    take_result(p);
    one_less(p->delivery);
}

/* ---- the plan ---- */
static int by_shard(const void *a, const void *b)
{
    const struct target *const *x = a, *const *y = b;
    int left = store_shard_of((*x)->account), right = store_shard_of((*y)->account);
    return left != right ? (left > right) - (left < right) : (*x > *y) - (*x < *y);
}

static enum status plan_local(struct delivery *d)
{
    struct target **all = ARENA_ARRAY(&d->arena, struct target *, d->targets.count + 1);
    size_t count = 0;
    d->parts = ARENA_ARRAY(&d->arena, struct local_part, d->targets.count + 1);
    if (!all || !d->parts)
        return d->arena.st;
    for (size_t i = 0; i < d->targets.count; i++)
        if (d->targets.at[i].account && d->targets.at[i].status == OK)
            all[count++] = &d->targets.at[i];
    qsort(all, count, sizeof *all, by_shard);
    for (size_t i = 0; i < count; i++) {
        struct local_part *p = d->part_count ? &d->parts[d->part_count - 1] : NULL;
        if (!p || p->count == COPIES_MOST ||
            store_shard_of(p->targets[0]->account) != store_shard_of(all[i]->account)) {
            p = &d->parts[d->part_count++];
            *p = (struct local_part){.write = {.run = local_run,
                                               .done = local_done,
                                               .account = all[i]->account,
                                               .bytes = d->body.n},
                                     .delivery = d,
                                     .targets = &all[i]};
        }
        p->count++;
        p->write.bytes += COPY_BYTES;
    }
    return OK;
}

/* A sender of ours, when this domain's mail may come from elsewhere only (SPF). As it is where that cannot be written. */
static struct str rewritten(struct delivery *d, struct str via)
{
    SCOPED_BUF(local, 256);
    struct str domain, sender = path_text(&d->arena, &d->sender);
    const struct domains *own = directory_domains(d->in->base->dir);
    if (!d->conf->srs || d->user || !d->sender.domain.n ||
        domain_normalise(&d->arena, d->sender.domain, &domain) != OK || domain_is_own(own, domain) ||
        srs_write(&local, d->in->srs_key, d->sender.local, domain, clock_now()) != OK)
        return sender;
    struct smtp_path path = {buf_view(&local), path_of(via).domain};
    return path_text(&d->arena, &path);
}

/* Each list once: a mail that comes back to it goes in circles. */
static struct str lists_of(struct delivery *d, const struct queue_part *p)
{
    SCOPED_BUF(text, 8192);
    int64_t last = 0;
    size_t lists = 0;
    for (size_t i = 0; i < p->count && lists < PREFIX_LISTS; i++)
        if (p->targets[i]->list != last) {
            last = p->targets[i]->list;
            lists++;
            buf_addf(&text, "Delivered-To: %.*s\r\n", STR_ARG(p->targets[i]->via));
        }
    return arena_str(&d->arena, buf_view(&text));
}

static enum status plan_queue(struct delivery *d, enum queue_way way)
{
    struct queue_part *p = &d->queue[way];
    *p = (struct queue_part){
        .write = {.run = queue_run, .done = way == QUEUE_AGAIN ? again_done : queue_done, .bytes = d->body.n},
        .delivery = d};
    p->targets = ARENA_ARRAY(&d->arena, struct target *, d->targets.count + 1);
    p->rcpts = ARENA_ARRAY(&d->arena, struct queue_rcpt, d->targets.count + 1);
    if (!p->targets || !p->rcpts)
        return d->arena.st;
    for (size_t i = 0; way != QUEUE_AGAIN && i < d->targets.count; i++) {
        struct target *t = &d->targets.at[i];
        if (t->outside && t->status == OK && (t->via.p != NULL) == (way == QUEUE_FORWARDED))
            p->targets[p->count++] = t;
    }
    if (!p->count)
        return OK;
    p->sender = way == QUEUE_FORWARDED ? rewritten(d, p->targets[0]->via) : path_text(&d->arena, &d->sender);
    p->prefix = way == QUEUE_FORWARDED ? lists_of(d, p) : STR_NONE;
    p->write.account = d->user ? d->user : p->targets[0]->list ? p->targets[0]->list : PRINCIPAL_SYSTEM;
    p->write.bytes += COPY_BYTES * p->count;
    for (size_t i = 0; i < p->count; i++) {
        enum status st = write_rcpt(p, i);
        if (st != OK)
            return st;
    }
    return d->arena.st;
}

enum status delivery_plan(struct delivery *d)
{
    enum status st = plan_local(d);
    for (int way = 0; st == OK && way < QUEUE_WAYS; way++)
        st = plan_queue(d, (enum queue_way)way);
    return st;
}

void delivery_submit(struct delivery *d)
{
    struct store *store = d->in->base->store;
    size_t parts = d->st == OK ? d->part_count : 0;
    size_t queued[] = {d->st == OK ? d->queue[QUEUE_DIRECT].count : 0,
                       d->st == OK ? d->queue[QUEUE_FORWARDED].count : 0};
    atomic_store(&d->open, parts + (queued[0] > 0) + (queued[1] > 0) + 1);
    for (size_t i = 0; i < parts; i++)
        store_submit(store, &d->parts[i].write);
    for (size_t i = 0; i < COUNT_OF(queued); i++)
        if (queued[i])
            store_submit(store, &d->queue[i].write);
    one_less(d);
}
