/* server/mail_deliver.c: recipients are looked up and messages prepared on the worker pool; each recipient's copy is a write of its own, so
 * that each has an answer of its own, and the writers commit them together. The answers leave after the commits. */
#include "core/log.h"
#include "server/mail_inside.h"
#include "store/message.h"

#include <stdatomic.h>

enum { ARENA_MOST = 16 << 20 };

/* ---- what a status means to a sender ---- */
static const struct {
    enum status st;
    int code;
    const char *enhanced;
    struct str text;
} answers[] = {
    {OK, 250, "2.1.5", STR_INIT("delivered")},
    {NOT_FOUND, 550, "5.1.1", STR_INIT("nobody here has this address")},
    {INVALID, 550, "5.1.1", STR_INIT("nobody here has this address")},
    {DENIED, 550, "5.2.1", STR_INIT("this address takes no mail")},
    {OVER_QUOTA, 452, "4.2.2", STR_INIT("the mailbox is full")},
    {TOO_MANY, 452, "4.2.2", STR_INIT("the mailbox holds too many messages")},
    {TOO_LARGE, 552, "5.3.4", STR_INIT("the message is larger than this server takes")},
    {E_FULL, 452, "4.3.1", STR_INIT("there is no room for it just now")},
};

static struct smtp_reply answer_of(enum status st)
{
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        if (answers[i].st == st)
            return (struct smtp_reply){answers[i].code, answers[i].enhanced, answers[i].text};
    return (struct smtp_reply){451, "4.3.0", STR("this did not work just now; try again")};
}

/* ---- senders ---- */
static void on_mail(void *ctx, struct smtp *s)
{
    (void)ctx;
    smtp_resume(s, &(struct smtp_reply){250, NULL, STR_NONE});
}

/* ---- recipients ---- */
struct look {
    struct job job;
    struct loop_post post;
    struct mail *m;
    struct smtp *s;
    struct smtp_recipient *r;
    enum status st;
};

/* "user+tag" is user's, unless somebody is called so. */
static struct str subaddress(struct str *local)
{
    size_t plus = str_chr(*local, '+', 0);
    if (plus == SIZE_MAX || plus == 0)
        return STR_NONE;
    struct str tag = str_from(*local, plus + 1);
    *local = str_slice(*local, 0, plus);
    return tag;
}

static enum status find(struct directory *d, struct tx *tx, struct arena *a, struct str local,
                        struct str domain, struct principal *out)
{
    return directory_find(
        d, tx, a, domain.n ? arena_strf(a, "%.*s@%.*s", STR_ARG(local), STR_ARG(domain)) : local, out);
}

static enum status look_up(struct directory *d, struct smtp_recipient *r)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_READ(tx, directory_store(d));
    struct principal p;
    struct str local = r->path.local;
    if (!tx)
        return E_MEMORY;
    enum status st = find(d, tx, &a, local, r->path.domain, &p);
    if (st == NOT_FOUND && subaddress(&local).p)
        st = find(d, tx, &a, local, r->path.domain, &p);
    if (st == OK && p.kind != PRINCIPAL_USER)
        st = DENIED;
    r->tag = st == OK ? p.id : 0;
    return st;
}

static void look_back(struct loop_post *p)
{
    struct look *l = CONTAINER_OF(p, struct look, post);
    struct smtp *s = l->s;
    struct smtp_reply reply = l->st == OK ? (struct smtp_reply){250, NULL, STR_NONE} : answer_of(l->st);
    free(l);
    smtp_resume(s, &reply);
}

static void look_run(struct job *job)
{
    struct look *l = CONTAINER_OF(job, struct look, job);
    l->st = look_up(l->m->base.dir, l->r);
    if (l->st < 0)
        log_error("mail: a recipient cannot be looked up: %s", status_text(l->st));
    loop_post(smtp_engine(l->s)->loop, &l->post);
}

static void refuse(struct smtp *s, enum status st)
{
    struct smtp_reply reply = answer_of(st);
    smtp_resume(s, &reply);
}

static void on_rcpt(void *ctx, struct smtp *s, struct smtp_recipient *r)
{
    struct mail *m = ctx;
    struct look *l = calloc(1, sizeof *l);
    if (!l) {
        refuse(s, E_MEMORY);
        return;
    }
    *l = (struct look){.job.fn = look_run, .post.fn = look_back, .m = m, .s = s, .r = r};
    enum status st = worker_submit(m->base.pool, &l->job);
    if (st != OK) {
        free(l);
        refuse(s, st);
    }
}

/* ---- messages ---- */
struct copy { /* one recipient's */
    struct write write;
    struct delivery *delivery;
    struct str folder, prefix;
    struct message_put put;
};

struct delivery {
    struct job job;
    struct loop_post post;
    struct mail *m;
    struct smtp *s;
    struct smtp_message message;
    struct arena arena;
    struct buf body;
    struct message_prepared prepared;
    bool is_prepared;
    enum status st; /* before the copies */
    struct copy *copies;
    size_t count;
    atomic_size_t open; /* copies under way, and one more while they are submitted */
};

static void delivery_free(struct delivery *d)
{
    if (d->is_prepared)
        message_prepared_release(&d->prepared);
    buf_free(&d->body);
    arena_free(&d->arena);
    free(d);
}

static void log_delivery(const struct delivery *d)
{
    SCOPED_BUF(hex, 24);
    buf_addf(&hex, "%016llx", (unsigned long long)d->message.id);
    for (size_t i = 0; i < d->count; i++) {
        SCOPED_BUF(to, 512);
        smtp_path_write(&to, &smtp_envelope(d->s)->recipient[i].path);
        const struct log_field fields[] = {{"id", buf_view(&hex)},
                                           {"to", buf_view(&to)},
                                           {"status", str_c(status_text(d->copies[i].write.status))}};
        log_event(LOG_LEVEL_INFO, "delivered", fields, COUNT_OF(fields));
    }
}

static void delivery_back(struct loop_post *p)
{
    struct delivery *d = CONTAINER_OF(p, struct delivery, post);
    struct smtp *s = d->s;
    struct smtp_reply reply = answer_of(d->st);
    for (size_t i = 0; d->st == OK && i < d->count; i++) {
        struct smtp_reply one = answer_of(d->copies[i].write.status);
        smtp_answer(s, i, one.code, one.enhanced, one.text);
    }
    if (d->st == OK)
        log_delivery(d);
    else
        log_error("mail: a message cannot be delivered: %s", status_text(d->st));
    delivery_free(d);
    smtp_resume(s, &reply);
}

/* The last one brings the delivery back to its connection. */
static void one_less(struct delivery *d)
{
    if (atomic_fetch_sub(&d->open, 1) == 1)
        loop_post(smtp_engine(d->s)->loop, &d->post);
}

static enum status copy_run(struct write *w, struct tx *tx)
{
    struct copy *c = CONTAINER_OF(w, struct copy, write);
    const struct message_new in = {.prefix = c->prefix};
    return tx_message_deliver(tx, w->account, c->folder, &in, &c->delivery->prepared, &c->put);
}

static void copy_done(struct write *w)
{
    one_less(CONTAINER_OF(w, struct copy, write)->delivery);
}

/* Head and text as one body, that all recipients share. */
static enum status load_body(struct delivery *d)
{
    size_t n = (size_t)smtp_spool_size(d->message.text);
    d->body = BUF_INIT(n + d->message.head.n + 1);
    buf_add(&d->body, d->message.head);
    char *to = buf_reserve(&d->body, n + 1);
    if (!to)
        return E_MEMORY;
    enum status st = smtp_spool_read(d->message.text, 0, to, n);
    if (st == OK)
        buf_commit(&d->body, n);
    return st;
}

static enum status prepare_copies(struct delivery *d)
{
    const struct smtp_envelope *e = smtp_envelope(d->s);
    d->count = e->count;
    d->copies = ARENA_ARRAY(&d->arena, struct copy, d->count);
    if (!d->copies)
        return d->arena.st;
    for (size_t i = 0; i < d->count; i++) {
        SCOPED_BUF(prefix, 4096);
        struct str local = e->recipient[i].path.local;
        smtp_trace_prefix(&prefix, &e->sender, &e->recipient[i].path);
        d->copies[i] = (struct copy){
            .write = {.run = copy_run, .done = copy_done, .account = e->recipient[i].tag, .bytes = d->body.n},
            .delivery = d,
            .folder = subaddress(&local),
            .prefix = arena_str(&d->arena, buf_view(&prefix))};
    }
    return d->arena.st;
}

static void delivery_run(struct job *job)
{
    struct delivery *d = CONTAINER_OF(job, struct delivery, job);
    struct store *store = directory_store(d->m->base.dir);
    d->st = load_body(d);
    if (d->st == OK)
        d->st = prepare_message(store, &d->arena, buf_view(&d->body), &d->prepared);
    d->is_prepared = d->st == OK;
    if (d->st == OK)
        d->st = prepare_copies(d);
    atomic_store(&d->open, (d->st == OK ? d->count : 0) + 1);
    for (size_t i = 0; d->st == OK && i < d->count; i++)
        store_submit(store, &d->copies[i].write);
    one_less(d);
}

static void on_message(void *ctx, struct smtp *s, const struct smtp_message *message)
{
    struct mail *m = ctx;
    struct delivery *d = calloc(1, sizeof *d);
    if (!d) {
        refuse(s, E_MEMORY);
        return;
    }
    *d = (struct delivery){.job.fn = delivery_run,
                           .post.fn = delivery_back,
                           .m = m,
                           .s = s,
                           .message = *message,
                           .arena = ARENA_INIT(ARENA_MOST)};
    enum status st = worker_submit(m->base.pool, &d->job);
    if (st != OK) {
        delivery_free(d);
        refuse(s, st);
    }
}

const struct smtp_ops mail_delivery = {.mail = on_mail, .rcpt = on_rcpt, .message = on_message};
