/* server/outbound_attempt.c: one attempt: the message is read by a worker, its recipients are claimed, the connection carries it, and what came
 * of it is written down. */
#include "server/outbound_inside.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/metrics.h"
#include "formats/mime_narrow.h"

enum {
    ATTEMPT_ARENA = 4 << 20,
    NARROW_ARENA = 64 << 20,
    WHOLE_MOST = 256 * 1024, /* larger messages are read piece by piece */
    PIECE = 64 * 1024,
    RETURNED_MOST = 3,
    AGAIN_US = 1000 * 1000,
};

/* ---- life ---- */
static struct attempt **bucket(struct outbound *o, int64_t id)
{
    return &o->buckets[(uint64_t)id / 64 % ATTEMPT_BUCKETS];
}

struct attempt *attempt_find(struct outbound *o, int64_t id, const struct dest *d)
{
    struct attempt *a = *bucket(o, id);
    while (a && (a->id != id || a->dest != d))
        a = a->bucket_next;
    return a;
}

struct attempt *attempt_new(struct outbound *o, struct dest *d, const struct queue_entry *e)
{
    struct attempt *a = calloc(1, sizeof *a), **at = bucket(o, e->id);
    if (!a)
        return NULL;
    *a = (struct attempt){.o = o,
                          .dest = d,
                          .settings = outbound_settings_get(o->settings),
                          .bucket_next = *at,
                          .arena = ARENA_INIT(ATTEMPT_ARENA),
                          .id = e->id,
                          .content = e->content,
                          .size = e->size,
                          .account = e->account,
                          .arrived = e->arrived,
                          .expires = e->expires ? e->expires : e->arrived + o->settings->expire,
                          .fresh = true};
    a->sender = arena_str(&a->arena, e->sender);
    a->opts_text = arena_str(&a->arena, e->opts);
    if (envelope_opts_read(&a->arena, a->opts_text, &a->opts) == E_CORRUPT)
        log_warning("mail: queue entry %lld: its options cannot be read: they do not count",
                    (long long)a->id);
    *at = a;
    o->attempt_count++;
    atomic_fetch_add(&o->open, 1);
    return a;
}

static void attempt_free(struct attempt *a)
{
    struct outbound *o = a->o;
    struct dest *d = a->dest;
    struct attempt **at = bucket(o, a->id);
    while (*at != a)
        at = &(*at)->bucket_next;
    *at = a->bucket_next;
    o->attempt_count--;
    if (d->local && d->working)
        d->working--;
    buf_free(&a->piece);
    outbound_settings_put(a->settings);
    arena_free(&a->arena);
    free(a);
    outbound_less(o);
    if (o->more)
        outbound_look(o, 0);
    dest_work(d);
}

enum status attempt_add(struct attempt *a, const struct queue_rcpt *r)
{
    a->rcpts = arena_grow(&a->arena, a->rcpts, a->count, &a->cap, a->count + 1, sizeof *a->rcpts);
    if (!a->rcpts)
        return E_MEMORY;
    struct attempt_rcpt *to = &a->rcpts[a->count++];
    *to = (struct attempt_rcpt){.n = r->n,
                                .tries = r->tries,
                                .address = arena_str(&a->arena, r->address),
                                .opts_text = arena_str(&a->arena, r->opts),
                                .last = arena_str(&a->arena, r->last)};
    if (rcpt_opts_read(&a->arena, to->opts_text, &to->opts) == E_CORRUPT)
        to->opts = (struct rcpt_opts){0};
    return a->arena.st;
}

/* ---- results ---- */
void attempt_result(struct attempt *a, size_t i, enum mail_outcome outcome, const struct outcome *result)
{
    struct attempt_rcpt *r = &a->rcpts[i];
    if (r->answered)
        return;
    r->answered = true;
    r->outcome = outcome;
    r->result = (struct outcome){.status = arena_str(&a->arena, result->status),
                                 .host = arena_str(&a->arena, result->host),
                                 .notifies = result->notifies,
                                 .text = arena_str(&a->arena, str_slice(result->text, 0, 1000))};
}

/* What is to be written, and who is told. */
static void judge(struct attempt *a, struct attempt_rcpt *r)
{
    struct outcome before;
    int64_t now = clock_now();
    bool late = now >= a->expires;
    bool warn = a->settings->delay_warning && now - a->arrived >= a->settings->delay_warning;
    outcome_read(r->last, &before);
    r->result.warned = before.warned;
    r->state = r->outcome == MAIL_SENT              ? RCPT_DELIVERED
               : r->outcome == MAIL_REFUSED || late ? RCPT_BOUNCED
                                                    : RCPT_WAITING;
    if (r->state == RCPT_BOUNCED && r->outcome == MAIL_LATER) {
        r->result.text =
            arena_strf(&a->arena, "it was tried until now, and given up: %.*s", STR_ARG(r->result.text));
        r->result.status = STR("5.4.7");
    }
    if (r->state == RCPT_WAITING) {
        int64_t next =
            now + (a->o->stopping ? 0 : retry_wait(&a->settings->retry, r->tries + 1, random_u64()));
        r->next = next < a->expires ? next : a->expires;
    }
    r->notice = notice_of(r->outcome, late, a->dest->local, r->result.notifies, r->opts.notify);
    if (r->notice == NOTICE_DELAYED && (!warn || before.warned))
        r->notice = NOTICE_NONE;
    r->result.warned = r->result.warned || r->notice == NOTICE_DELAYED;
    if (a->sender.n == 0)
        r->notice = NOTICE_NONE;
}

static void tell_log(const struct attempt *a, const struct attempt_rcpt *r)
{
    static const struct {
        enum rcpt_state state;
        enum log_level level;
        const char *word;
        enum metric metric;
    } rows[] = {{RCPT_DELIVERED, LOG_LEVEL_INFO, "sent", METRIC_QUEUE_DELIVERED},
                {RCPT_WAITING, LOG_LEVEL_INFO, "deferred", METRIC_QUEUE_DEFERRED},
                {RCPT_BOUNCED, LOG_LEVEL_INFO, "bounced", METRIC_QUEUE_BOUNCED}};
    SCOPED_BUF(id, 24);
    buf_i64(&id, a->id);
    const struct log_field fields[] = {{"queue", buf_view(&id)},     {"from", a->sender},
                                       {"to", r->address},           {"host", r->result.host},
                                       {"status", r->result.status}, {"reply", r->result.text}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].state == r->state) {
            log_event(rows[i].level, rows[i].word, fields, COUNT_OF(fields));
            metrics_add(rows[i].metric, 1);
        }
    if (r->state == RCPT_BOUNCED && !a->sender.n)
        log_warning("mail: queue entry %lld: a notification for %.*s cannot be delivered: nobody is told "
                    "of it; it said why a mail of his did not arrive",
                    (long long)a->id, STR_ARG(r->address));
}

static enum status write_one(struct tx *tx, const struct attempt *a, const struct attempt_rcpt *r)
{
    int64_t left;
    SCOPED_BUF(text, RCPT_TEXT_MAX);
    outcome_write(&text, &r->result);
    enum status st = tx_queue_result(tx, a->id, r->n, r->state, r->next, buf_view(&text));
    if (st == OK && r->state != RCPT_WAITING && r->notice == NOTICE_NONE)
        st = tx_queue_settle(tx, a->id, r->n, &left);
    return st == PRECONDITION || st == NOT_FOUND ? OK : st; /* deleted meanwhile */
}

static enum status end_run(struct write *w, struct tx *tx)
{
    struct attempt *a = CONTAINER_OF(w, struct attempt, write);
    enum status st = OK;
    for (size_t i = 0; i < a->count && st == OK; i++)
        if (a->rcpts[i].claimed)
            st = write_one(tx, a, &a->rcpts[i]);
    return st;
}

static void post_back(struct write *w)
{
    struct attempt *a = CONTAINER_OF(w, struct attempt, write);
    loop_post(a->o->loop, &a->post);
}

static void submit(struct attempt *a, enum status (*run)(struct write *, struct tx *),
                   void (*back)(struct loop_post *))
{
    a->post = (struct loop_post){.fn = back};
    a->write = (struct write){.run = run, .done = post_back, .account = a->id, .bytes = 200 * a->count};
    store_submit(a->o->store, &a->write);
}

static void end_back(struct loop_post *p);

static void end_again(struct loop_timer *t)
{
    submit(CONTAINER_OF(t, struct attempt, again), end_run, end_back);
}

/* What was sent must be known to be: it is written again until it is, or the process ends. */
static void end_back(struct loop_post *p)
{
    struct attempt *a = CONTAINER_OF(p, struct attempt, post);
    bool notices = false;
    if (a->write.status != OK && a->write.status != E_UNAVAILABLE) {
        log_error("mail: queue entry %lld: results cannot be written, and are in memory only: %s",
                  (long long)a->id, status_text(a->write.status));
        a->again.fn = end_again;
        loop_arm(a->o->loop, &a->again, AGAIN_US);
        return;
    }
    for (size_t i = 0; i < a->count; i++)
        if (a->rcpts[i].claimed) {
            tell_log(a, &a->rcpts[i]);
            notices = notices || a->rcpts[i].notice != NOTICE_NONE;
        }
    if (notices)
        notice_of_attempt(a);
    attempt_free(a);
}

void attempt_end(struct attempt *a)
{
    static const struct outcome none = {.status = STR_INIT("4.3.0"), .text = STR_INIT("it was not tried")};
    bool claimed = false;
    for (size_t i = 0; i < a->count; i++) {
        if (!a->rcpts[i].claimed)
            continue;
        claimed = true;
        attempt_result(a, i, MAIL_LATER, &none);
        judge(a, &a->rcpts[i]);
    }
    if (claimed)
        submit(a, end_run, end_back);
    else
        attempt_free(a);
}

/* ---- claims ---- */
static enum status claim_run(struct write *w, struct tx *tx)
{
    struct attempt *a = CONTAINER_OF(w, struct attempt, write);
    for (size_t i = 0; i < a->count; i++) {
        enum status st = a->rcpts[i].claimed ? OK : tx_queue_claim(tx, a->id, a->rcpts[i].n);
        if (st < 0)
            return st;
    }
    return OK;
}

/* Which of them are ours is known by a look afterwards: the closure may run twice. */
struct claimed {
    struct attempt *a;
};
static enum status see_claimed(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    struct attempt *a = ((struct claimed *)ctx)->a;
    (void)e;
    for (size_t i = 0; i < a->count; i++)
        if (a->rcpts[i].n == r->n)
            a->rcpts[i].claimed = r->state == RCPT_ACTIVE;
    return OK;
}

static size_t look_claimed(struct attempt *a)
{
    size_t n = 0;
    struct claimed c = {a};
    SCOPED_READ(tx, a->o->store);
    if (a->write.status != OK || !tx || queue_each(tx, a->id, see_claimed, &c) < 0)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        n += a->rcpts[i].claimed;
    return n;
}

/* A result without an attempt at the server is one too: it is claimed for it. */
static void fail_back(struct loop_post *p)
{
    struct attempt *a = CONTAINER_OF(p, struct attempt, post);
    look_claimed(a);
    attempt_end(a);
}

void attempt_fail(struct attempt *a, enum mail_outcome outcome, const struct outcome *why)
{
    for (size_t i = 0; i < a->count; i++)
        attempt_result(a, i, outcome, why);
    if (a->o->stopping)
        attempt_end(a); /* who was not claimed stays as he is */
    else
        submit(a, claim_run, fail_back);
}

/* ---- the message ---- */
enum status attempt_load(struct attempt *a, struct buf *out)
{
    SCOPED_READ(tx, a->o->store);
    enum status st = tx ? queue_open(tx, &a->arena, a->id, &a->text) : E_MEMORY;
    if (st == OK)
        st = message_body(tx, &a->text, 0, INT64_MAX, out);
    return st == OK ? out->st : st;
}

static bool is_8bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

static struct str next_piece(struct mail *m);

/* All pieces are looked at once for what the message needs of a server, whatever was said of it. */
static enum status look_at(struct attempt *a)
{
    bool bits = false;
    a->at = 0;
    for (;;) {
        struct str piece = next_piece(&a->mail);
        if (!piece.p)
            return E_IO;
        if (!piece.n)
            break;
        bits = bits || is_8bit(piece);
    }
    a->at = 0;
    a->mail.needs = (bits ? MAIL_8BIT : 0) | (a->opts.body == SMTP_BODY_BINARYMIME ? MAIL_BINARY : 0) |
                    (bits && a->opts.utf8 ? MAIL_UTF8 : 0) | (a->opts.require_tls ? MAIL_REQUIRE_TLS : 0);
    return OK;
}

static enum status open_message(struct attempt *a)
{
    a->whole = a->size <= WHOLE_MOST;
    a->piece = BUF_INIT(a->whole ? WHOLE_MOST + PIECE : PIECE);
    if (a->whole)
        return attempt_load(a, &a->piece);
    SCOPED_READ(tx, a->o->store);
    return tx ? queue_open(tx, &a->arena, a->id, &a->text) : E_MEMORY;
}

static struct str next_piece(struct mail *m)
{
    struct attempt *a = CONTAINER_OF(m, struct attempt, mail);
    if (a->whole) {
        struct str piece = str_slice(buf_view(&a->piece), (size_t)a->at, PIECE);
        a->at += (int64_t)piece.n;
        return piece.n ? piece : STR("");
    }
    buf_clear(&a->piece);
    SCOPED_READ(tx, a->o->store);
    if (!tx || message_body(tx, &a->text, a->at, PIECE, &a->piece) != OK || a->piece.st != OK)
        return STR_NONE;
    a->at += (int64_t)a->piece.n;
    return a->piece.n || a->at >= a->text.size ? buf_view(&a->piece) : STR_NONE;
}

/* For a server of 7 bits. */
static enum status narrow(struct attempt *a)
{
    SCOPED_ARENA(arena, NARROW_ARENA);
    SCOPED_BUF(original, a->settings->message_size + PIECE);
    struct buf narrowed = BUF_INIT(a->settings->message_size * 4);
    enum status st = attempt_load(a, &original);
    if (st == OK)
        st = mime_narrow(&arena, buf_view(&original), &a->settings->mime, &narrowed);
    if (st == OK)
        st = narrowed.st;
    if (st != OK) {
        buf_free(&narrowed);
        return st == UNSUPPORTED ? OK : st; /* then the server says no */
    }
    buf_free(&a->piece);
    a->piece = narrowed;
    a->whole = true;
    a->at = 0;
    a->mail.size = narrowed.n;
    a->mail.needs &= ~(unsigned)(MAIL_8BIT | MAIL_BINARY);
    return OK;
}

/* ---- on a connection ---- */
static enum status fill_mail(struct attempt *a)
{
    a->mail_rcpts = ARENA_ARRAY(&a->arena, struct mail_recipient, a->count);
    a->mail_index = ARENA_ARRAY(&a->arena, size_t, a->count);
    if (!a->mail_rcpts || !a->mail_index)
        return E_MEMORY;
    a->mail.count = 0;
    for (size_t i = 0; i < a->count; i++) {
        if (!a->rcpts[i].claimed)
            continue;
        a->mail_index[a->mail.count] = i;
        a->mail_rcpts[a->mail.count++] = (struct mail_recipient){
            .path = a->rcpts[i].address, .orcpt = a->rcpts[i].opts.orcpt, .notify = a->rcpts[i].opts.notify};
    }
    a->mail.recipients = a->mail_rcpts;
    a->mail.sender = a->sender;
    a->mail.envid = a->opts.envid;
    a->mail.ret_full = a->opts.ret == SMTP_RETURN_FULL;
    a->mail.ret_headers = a->opts.ret == SMTP_RETURN_HEADERS;
    a->mail.next = next_piece;
    return OK;
}

static void give_back(struct attempt *a)
{
    struct conn *c = a->conn;
    a->conn = NULL;
    if (c)
        conn_free_again(c);
}

/* The connection went before anything was said on it. */
static void return_to_wait(struct attempt *a)
{
    static const struct outcome why = {.status = STR_INIT("4.4.2"),
                                       .text = STR_INIT("the server closes connections before a mail")};
    if (a->o->stopping || ++a->returned > RETURNED_MOST) {
        attempt_fail(a, MAIL_LATER, &why);
        return;
    }
    dest_add(a->dest, a, true);
    dest_work(a->dest);
}

static void claim_back(struct loop_post *p)
{
    struct attempt *a = CONTAINER_OF(p, struct attempt, post);
    size_t claimed = look_claimed(a);
    if (a->write.status < 0)
        log_error("mail: queue entry %lld: it cannot be claimed: %s", (long long)a->id,
                  status_text(a->write.status));
    if (!claimed || fill_mail(a) != OK) {
        give_back(a);
        attempt_end(a);
    } else if (!a->conn) {
        return_to_wait(a);
    } else {
        conn_send(a->conn, a);
    }
}

static void read_back(struct loop_post *p)
{
    struct attempt *a = CONTAINER_OF(p, struct attempt, post);
    static const struct outcome why = {.status = STR_INIT("4.3.0"),
                                       .text = STR_INIT("the message cannot be read here")};
    if (a->st == NOT_FOUND) { /* deleted meanwhile */
        give_back(a);
        attempt_end(a);
    } else if (a->st != OK) {
        log_error("mail: queue entry %lld: its message cannot be read: %s", (long long)a->id,
                  status_text(a->st));
        give_back(a);
        attempt_fail(a, MAIL_LATER, &why);
    } else if (!a->conn) {
        return_to_wait(a);
    } else {
        submit(a, claim_run, claim_back);
    }
}

static void read_run(struct job *job)
{
    struct attempt *a = CONTAINER_OF(job, struct attempt, job);
    a->mail.size = (uint64_t)a->size;
    if (!a->ready) {
        a->st = open_message(a);
        if (a->st == OK)
            a->st = look_at(a);
        a->ready = a->st == OK;
    }
    if (a->st == OK && a->narrowed && (a->mail.needs & (MAIL_8BIT | MAIL_BINARY)))
        a->st = narrow(a);
    loop_post(a->o->loop, &a->post);
}

void attempt_begin(struct attempt *a, struct conn *c)
{
    static const struct outcome busy = {.status = STR_INIT("4.3.2"), .text = STR_INIT("the server is busy")};
    a->conn = c;
    a->post = (struct loop_post){.fn = read_back};
    a->job = (struct job){.fn = read_run};
    a->at = 0;
    /* A server of 7 bits may get what fits it; whether that is needed the worker sees. */
    a->narrowed = !relay_takes(conn_relay(c), MAIL_8BIT) ||
                  (a->opts.body == SMTP_BODY_BINARYMIME && !relay_takes(conn_relay(c), MAIL_BINARY));
    if (worker_submit(a->o->pool, &a->job) == OK)
        return;
    give_back(a);
    attempt_fail(a, MAIL_LATER, &busy);
}

/* ---- here ---- */
static void local_back(struct loop_post *p)
{
    attempt_end(CONTAINER_OF(p, struct attempt, post));
}

static void local_claimed(struct loop_post *p)
{
    struct attempt *a = CONTAINER_OF(p, struct attempt, post);
    bool any = look_claimed(a) > 0;
    a->post = (struct loop_post){.fn = local_back};
    a->job = (struct job){.fn = attempt_deliver};
    if (!any || worker_submit(a->o->pool, &a->job) != OK)
        attempt_end(a);
}

void attempt_begin_local(struct attempt *a)
{
    submit(a, claim_run, local_claimed);
}
