/* mailcore/pop3/mailbox.c: what a session asks of directory and store. One question is under way at a time; it runs on a worker (QUIT: in
 * the writer), and comes back by a post to the connection's loop. */
#include "mailcore/pop3/mailbox.h"

#include "core/log.h"
#include "core/metrics.h"
#include "mailcore/login.h"
#include "store/message.h"

enum { LIST_MOST = 256 << 20, TEXT_ARENA = 1 << 20, PIECES = 64, RANGES = 1000 };

/* Bytes of a message that were read already. */
struct piece {
    int64_t uid, from, end; /* the offsets in the message */
    size_t at;              /* where they are in `ahead` */
    bool last;              /* the message ends there */
};

struct maildrop {
    struct job job;
    struct loop_post post;
    struct write write;
    struct mail_base base;
    struct pop3_settings settings;
    struct pop3 *s;
    void (*run)(struct maildrop *d);
    void (*back)(struct maildrop *d);
    enum status st;
    /* who is logged in: the owner of the mailbox, without groups */
    struct actor actor;
    int64_t inbox; /* 0: there is none */
    /* open */
    struct arena arena;
    struct pop3_message *messages;
    size_t count, cap;
    int64_t uidvalidity;
    /* read */
    int64_t uid, from;
    size_t room, next; /* next: the index of the message behind the one read last */
    struct buf ahead;
    struct piece pieces[PIECES];
    size_t piece_count;
    /* update */
    struct pop3_update update;
};

/* ---- answers ---- */
static const struct {
    enum status st;
    const char *code;
    struct str text;
} answers[] = {
    {OK, NULL, STR_INIT("done")},
    {UNAUTHENTICATED, "AUTH", STR_INIT("user name or password is wrong")},
    {THROTTLED, "SYS/TEMP", STR_INIT("too many log-ins failed; wait a while")},
    {NOT_FOUND, NULL, STR_INIT("there is no such message any more")},
    {DENIED, "SYS/PERM", STR_INIT("you may read here, but change nothing")},
};

static void answer(struct maildrop *d, enum status st)
{
    struct pop3_reply reply = {.code = "SYS/TEMP", .text = STR("this did not work just now; try again")};
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        if (answers[i].st == st)
            reply = (struct pop3_reply){.ok = st == OK, .code = answers[i].code, .text = answers[i].text};
    pop3_resume(d->s, &reply);
}

static void note(const char *what, enum status st)
{
    if (st < 0)
        log_error("pop3: %s: %s", what, status_text(st));
}

/* ---- to a worker and back ---- */
static void back(struct loop_post *p)
{
    struct maildrop *d = CONTAINER_OF(p, struct maildrop, post);
    d->back(d);
}

static void work(struct job *job)
{
    struct maildrop *d = CONTAINER_OF(job, struct maildrop, job);
    d->run(d);
    loop_post(pop3_engine(d->s)->loop, &d->post);
}

static void start(struct maildrop *d, void (*run)(struct maildrop *), void (*then)(struct maildrop *))
{
    d->run = run;
    d->back = then;
    d->job = (struct job){.fn = work};
    d->post = (struct loop_post){.fn = back};
    enum status st = worker_submit(d->base.pool, &d->job);
    if (st != OK)
        answer(d, st);
}

/* ---- log-in ---- */
static void logged_in(void *ctx, enum status st, const struct login *who)
{
    struct maildrop *d = ctx;
    if (st == OK) {
        d->actor = (struct actor){.id = who->actor.id, .read_only = who->actor.read_only};
        metrics_add(METRIC_POP3_SESSIONS, 1);
    }
    answer(d, st);
}

static void on_auth(void *ctx, struct pop3 *s, const struct pop3_login *login)
{
    struct maildrop *d = ctx;
    d->s = s;
    const struct mail_login in = {.protocol = "pop3",
                                  .peer = pop3_peer(s),
                                  .authorize = login->authorize,
                                  .user = login->user,
                                  .password = login->password,
                                  .proof = login->proof,
                                  .read_only = true};
    mail_login(&d->base, pop3_engine(s)->loop, &in, logged_in, d);
}

static enum status on_verifier(void *ctx, const struct line_peer *peer, struct str user,
                               struct scram_verifier *out)
{
    return mail_verifier(&((struct maildrop *)ctx)->base, peer, user, out);
}

/* ---- opening ---- */
static enum status take_message(void *ctx, const struct message *m)
{
    struct maildrop *d = ctx;
    struct pop3_message *grown =
        arena_grow(&d->arena, d->messages, d->count, &d->cap, d->count + 1, sizeof *d->messages);
    if (!grown)
        return d->arena.st;
    d->messages = grown;
    d->messages[d->count++] = (struct pop3_message){.uid = m->uid, .size = m->size};
    return OK;
}

static enum status list(struct maildrop *d)
{
    static const struct message_query all = {0};
    struct mailbox_state state;
    SCOPED_READ(tx, d->base.store);
    if (!tx)
        return E_MEMORY;
    enum status st = mailbox_find(tx, &d->arena, &d->actor, d->actor.id, STR("INBOX"), &d->inbox);
    if (st == NOT_FOUND) { /* it comes with the first mail */
        d->inbox = 0;
        return OK;
    }
    if (st == OK)
        st = mailbox_state(tx, &d->actor, d->inbox, &state);
    if (st == OK)
        st = message_each(tx, &d->actor, d->inbox, &all, take_message, d);
    if (st == OK)
        d->uidvalidity = state.uidvalidity;
    return st;
}

static void open_run(struct maildrop *d)
{
    d->arena = ARENA_INIT(LIST_MOST);
    d->messages = NULL;
    d->count = d->cap = 0;
    d->st = list(d);
    note("a mailbox cannot be listed", d->st);
}

static void open_back(struct maildrop *d)
{
    if (d->st == OK)
        d->st = pop3_set_messages(d->s, d->uidvalidity, d->messages, d->count);
    arena_free(&d->arena);
    answer(d, d->st == NOT_FOUND ? E_UNAVAILABLE : d->st);
}

static void on_open(void *ctx, struct pop3 *s)
{
    (void)s;
    start(ctx, open_run, open_back);
}

/* ---- reading ---- */
static void forget_ahead(struct maildrop *d)
{
    buf_free(&d->ahead);
    d->piece_count = 0;
}

/* From what was read already; false: it is not there, or not as far. */
static bool serve(struct maildrop *d)
{
    for (size_t i = 0; i < d->piece_count; i++) {
        const struct piece *p = &d->pieces[i];
        if (p->uid != d->uid || d->from < p->from || d->from > p->end)
            continue;
        size_t left = (size_t)(p->end - d->from);
        if (left < d->room && !p->last)
            return false;
        size_t at = p->at + (size_t)(d->from - p->from);
        pop3_set_text(d->s, str_slice(str_slice(buf_view(&d->ahead), at, left), 0, d->room));
        if (left < d->room && i + 1 == d->piece_count)
            forget_ahead(d);
        return true;
    }
    return false;
}

/* One message from an offset, or no more than the room that is left; behind the first only whole ones. */
static enum status read_one(struct maildrop *d, struct tx *tx, int64_t uid, int64_t from, bool first)
{
    struct message_text text;
    SCOPED_ARENA(a, TEXT_ARENA);
    size_t want = d->settings.ahead > d->room ? d->settings.ahead : d->room;
    int64_t room = (int64_t)(want > d->ahead.n ? want - d->ahead.n : 0);
    enum status st = message_open(tx, &a, &d->actor, d->inbox, uid, &text);
    if (st != OK)
        return st;
    int64_t left = text.size > from ? text.size - from : 0;
    if (left > room && !first)
        return TOO_LARGE;
    int64_t n = left < room ? left : room;
    d->pieces[d->piece_count] =
        (struct piece){.uid = uid, .from = from, .end = from + n, .at = d->ahead.n, .last = n == left};
    st = message_body(tx, &text, from, n, &d->ahead);
    if (st == OK)
        d->piece_count++;
    return st;
}

static size_t index_of(const struct pop3_message *m, size_t count, int64_t uid)
{
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The session is suspended meanwhile: its list of messages stays as it is. */
static void read_run(struct maildrop *d)
{
    size_t count;
    const struct pop3_message *m = pop3_messages(d->s, &count);
    size_t i = index_of(m, count, d->uid);
    bool in_order = i == d->next;
    SCOPED_READ(tx, d->base.store);
    forget_ahead(d);
    d->ahead = BUF_INIT(d->settings.ahead + d->room + 1);
    d->st = tx ? read_one(d, tx, d->uid, d->from, true) : E_MEMORY;
    d->next = i + 1;
    if (d->st != OK || !in_order)
        return;
    while (++i < count && d->piece_count < PIECES && d->pieces[d->piece_count - 1].last) {
        if (m[i].deleted || read_one(d, tx, m[i].uid, 0, false) != OK)
            return; /* whoever asks for it is told */
        d->next = i + 1;
    }
}

static void read_back(struct maildrop *d)
{
    note("a message cannot be read", d->st);
    if (d->st == OK && !serve(d))
        d->st = E_CORRUPT;
    if (d->st == OK && d->from == 0)
        metrics_add(METRIC_POP3_RETRIEVED, 1);
    answer(d, d->st);
}

static void on_read(void *ctx, struct pop3 *s, int64_t uid, int64_t from, size_t room)
{
    struct maildrop *d = ctx;
    (void)s;
    d->uid = uid;
    d->from = from;
    d->room = room;
    if (!serve(d)) {
        start(d, read_run, read_back);
        return;
    }
    if (from == 0)
        metrics_add(METRIC_POP3_RETRIEVED, 1);
    answer(d, OK);
}

/* ---- the end ---- */
typedef enum status (*part_fn)(struct maildrop *d, struct tx *tx, struct arena *a, struct uid_set part);

static enum status expunge(struct maildrop *d, struct tx *tx, struct arena *a, struct uid_set part)
{
    struct expunge_result out;
    return tx_message_expunge(tx, a, &d->actor, d->inbox, part, true, &out);
}

static enum status mark_seen(struct maildrop *d, struct tx *tx, struct arena *a, struct uid_set part)
{
    static const struct flag_change seen = {.how = FLAGS_ADD, .flags = MESSAGE_SEEN, .unchanged_since = -1};
    struct flag_result out;
    return tx_message_store_flags(tx, a, &d->actor, d->inbox, part, &seen, &out);
}

/* In parts that the store takes at once; all are of one write, which commits whole. */
static enum status in_parts(struct maildrop *d, struct tx *tx, const int64_t *uids, size_t count, part_fn fn)
{
    struct uid_range ranges[RANGES];
    size_t most = store_config_of(tx_store(tx))->message_batch;
    enum status st = OK;
    for (size_t at = 0; st == OK && at < count;) {
        SCOPED_ARENA(a, LIST_MOST);
        size_t n = 0, taken = 0;
        for (; at < count && taken < most; at++, taken++) {
            if (n && ranges[n - 1].hi + 1 == uids[at])
                ranges[n - 1].hi = uids[at];
            else if (n < RANGES)
                ranges[n++] = (struct uid_range){uids[at], uids[at]};
            else
                break;
        }
        st = fn(d, tx, &a, (struct uid_set){ranges, n});
    }
    return st;
}

static enum status update_write(struct write *w, struct tx *tx)
{
    struct maildrop *d = CONTAINER_OF(w, struct maildrop, write);
    const struct pop3_update *u = &d->update;
    enum status st = in_parts(d, tx, u->deleted, u->deleted_count, expunge);
    if (st == OK && !d->actor.read_only)
        st = in_parts(d, tx, u->read, u->read_count, mark_seen);
    return st;
}

static void update_done(struct write *w)
{
    struct maildrop *d = CONTAINER_OF(w, struct maildrop, write);
    loop_post(pop3_engine(d->s)->loop, &d->post);
}

static void update_back(struct maildrop *d)
{
    enum status st = d->write.status;
    note("messages cannot be deleted", st);
    if (st == OK)
        metrics_add(METRIC_POP3_DELETED, d->update.deleted_count);
    answer(d, st == NOT_FOUND ? OK : st); /* the mailbox is gone, and all that was in it */
}

static void on_update(void *ctx, struct pop3 *s, const struct pop3_update *update)
{
    struct maildrop *d = ctx;
    (void)s;
    d->update = *update;
    d->back = update_back;
    d->post = (struct loop_post){.fn = back};
    d->write = (struct write){.run = update_write,
                              .done = update_done,
                              .account = d->actor.id,
                              .bytes = 200 * (update->deleted_count + update->read_count)};
    store_submit(d->base.store, &d->write);
}

static void on_end(void *ctx, struct pop3 *s)
{
    struct maildrop *d = ctx;
    (void)s;
    forget_ahead(d);
    free(d);
}

/* ---- making ---- */
void pop3_settings_from(const struct conf *conf, bool tls, struct pop3_settings *out)
{
    *out = (struct pop3_settings){
        .limits = {.line = (size_t)conf_int(conf, CONF_LIMITS_POP3_LINE),
                   .errors = (unsigned)conf_int(conf, CONF_LIMITS_POP3_ERRORS),
                   .attempts = (unsigned)conf_int(conf, CONF_LIMITS_POP3_ATTEMPTS),
                   .command_s = (int)conf_int(conf, CONF_LIMITS_POP3_IDLE),
                   .plain_password = (int)conf_int(conf, CONF_AUTH_PLAINTEXT_WITHOUT_TLS),
                   .tls = tls},
        .ahead = (size_t)conf_int(conf, CONF_LIMITS_POP3_AHEAD),
    };
}

enum status pop3_mailbox_new(const struct mail_base *base, const struct pop3_settings *settings,
                             const struct line_peer *peer, struct line_engine **out)
{
    static const struct pop3_ops ops = {on_auth, on_open, on_read, on_update, on_end, on_verifier};
    struct maildrop *d = calloc(1, sizeof *d);
    if (!d)
        return E_MEMORY;
    d->base = *base;
    d->settings = *settings;
    enum status st = pop3_new(&d->settings.limits, &ops, d, peer, out);
    if (st != OK)
        free(d);
    return st;
}
