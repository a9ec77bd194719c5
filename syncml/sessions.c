/* syncml/sessions.c: the table of sessions under way.
 *
 * A session is found by the cookie in our RespURI ("?s=HEX", 128 random bits), which is what proves that the message comes from
 * who logged in. A device has one session: a new one, logged in, ends the older, unless that is inside of a request at this
 * moment. The answer to the last message is kept, since a device that lost it sends the same message again, and nothing may
 * be done twice. All of this is bounded: by number, by time, and by the bytes of kept answers. */
#include "core/clock.h"
#include "syncml/engine.h"

#include <pthread.h>
#include <stdlib.h>

enum { ANSWERS_MOST = 64 << 20 };

struct syncml_sessions {
    struct store *store;
    struct directory *dir;
    pthread_mutex_t lock;
    struct session *first; /* used last first */
    size_t count, answers; /* bytes */
};

enum status syncml_sessions_new(struct store *store, struct directory *dir, struct syncml_sessions **out)
{
    struct syncml_sessions *all = calloc(1, sizeof *all);
    if (!all)
        return E_MEMORY;
    all->store = store;
    all->dir = dir;
    pthread_mutex_init(&all->lock, NULL);
    *out = all;
    return OK;
}

struct store *sessions_store(const struct syncml_sessions *all)
{
    return all->store;
}

struct directory *sessions_directory(const struct syncml_sessions *all)
{
    return all->dir;
}

/* ---- one session ---- */

static void session_free(struct session *s)
{
    for (struct database *db = s->dbs; db; db = db->next)
        database_clear(db);
    replies_free(s);
    sent_free(s);
    large_drop(s);
    buf_free(&s->out.data);
    buf_free(&s->answer);
    free(unconst(s->msg_id.p));
    free(unconst(s->no_end_source.p));
    if (s->trace_fd >= 0)
        close(s->trace_fd);
    arena_free(&s->arena);
    free(s);
}

static struct session *session_new(struct turn *t)
{
    unsigned char random[16];
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    SCOPED_BUF(hex, sizeof s->cookie);
    random_bytes(random, sizeof random);
    buf_hex(&hex, str_n(random, sizeof random));
    memcpy(s->cookie, hex.p ? hex.p : "", hex.n);
    s->sessions = t->sml->sessions;
    s->arena = ARENA_INIT(SESSION_ARENA);
    s->answer = BUF_INIT(t->sml->answer + 1);
    s->in.data = BUF_INIT((size_t)t->sml->object * 2);
    s->out.data = BUF_INIT((size_t)t->sml->object * 2);
    s->replies_end = &s->replies;
    s->results_end = &s->results;
    s->trace_fd = -1;
    s->busy = true;
    return s;
}

/* ---- the table; all under its lock ---- */

static void unlink_session(struct syncml_sessions *all, struct session *s)
{
    struct session **at = &all->first;
    while (*at && *at != s)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = s->next;
    all->count--;
    all->answers -= s->answer.n;
}

static void drop(struct syncml_sessions *all, struct session *s)
{
    unlink_session(all, s);
    if (s->busy)
        s->ended = true;
    else
        session_free(s);
}

static void to_front(struct syncml_sessions *all, struct session *s)
{
    struct session **at = &all->first;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    s->next = all->first;
    all->first = s;
}

static void expire(struct syncml_sessions *all, int64_t idle, size_t most)
{
    int64_t now = clock_mono_us();
    struct session *next, *oldest = NULL;
    for (struct session *s = all->first; s; s = next) {
        next = s->next;
        if (!s->busy && now - s->used_us > idle * 1000000)
            drop(all, s);
        else if (!s->busy)
            oldest = s;
    }
    if (all->count >= most && oldest)
        drop(all, oldest);
}

/* Kept answers are a courtesy: the ones that were wanted least lately go first. */
static void trim_answers(struct syncml_sessions *all)
{
    while (all->answers > ANSWERS_MOST) {
        struct session *last = NULL;
        for (struct session *s = all->first; s; s = s->next)
            if (!s->busy && s->answer.n)
                last = s;
        if (!last)
            return;
        all->answers -= last->answer.n;
        buf_free(&last->answer);
    }
}

static struct str cookie_of(struct str query)
{
    struct str rest = query, one;
    while (str_split(&rest, '&', &one))
        if (str_starts(one, STR("s=")))
            return str_from(one, 2);
    return STR_NONE;
}

static struct session *by_cookie(struct syncml_sessions *all, struct str cookie)
{
    for (struct session *s = all->first; s; s = s->next)
        if (cookie.n == sizeof s->cookie - 1 && hash_equal(cookie.p, s->cookie, cookie.n))
            return s;
    return NULL;
}

static struct session *by_first(struct syncml_sessions *all, struct str body)
{
    unsigned char hash[SHA256_SIZE];
    sha256(body, hash);
    for (struct session *s = all->first; s; s = s->next)
        if (s->turns <= 1 && memcmp(s->first, hash, sizeof hash) == 0)
            return s;
    return NULL;
}

static struct session *by_device(struct syncml_sessions *all, int64_t account, struct str devid)
{
    for (struct session *s = all->first; s; s = s->next)
        if (s->account == account && str_eq(s->devid, devid))
            return s;
    return NULL;
}

static enum session_find take(struct turn *t, struct session *s)
{
    if (s->busy)
        return SESSION_BUSY;
    if (s->msg_id.p && str_eq(s->msg_id, t->in.msg_id) && s->answer.n && s->encoding == t->encoding) {
        buf_clear(&t->http->resp.body);
        buf_add(&t->http->resp.body, buf_view(&s->answer));
        s->used_us = clock_mono_us();
        return SESSION_AGAIN;
    }
    s->busy = true;
    to_front(s->sessions, s);
    return SESSION_FOUND;
}

enum session_find session_enter(struct turn *t, struct str body)
{
    struct syncml_sessions *all = t->sml->sessions;
    struct str cookie = cookie_of(t->http->req.query);
    enum session_find found = SESSION_NONE;
    pthread_mutex_lock(&all->lock);
    expire(all, t->sml->idle, SIZE_MAX);
    struct session *s = cookie.p ? by_cookie(all, cookie) : by_first(all, body);
    if (s && cookie.p && !str_eq(s->devid, t->in.source))
        s = NULL; /* who knows the cookie knows whose it is */
    if (s)
        found = take(t, s);
    if (found == SESSION_FOUND && !cookie.p) {
        s->busy = false; /* the same first message, but its answer is not kept any more: it begins anew */
        found = SESSION_NONE;
    }
    if (found == SESSION_FOUND)
        t->s = s;
    pthread_mutex_unlock(&all->lock);
    return found;
}

enum session_find session_continue(struct turn *t, int64_t account)
{
    struct syncml_sessions *all = t->sml->sessions;
    int64_t last, now;
    enum session_find found = SESSION_NONE;
    pthread_mutex_lock(&all->lock);
    struct session *s = by_device(all, account, t->in.source);
    bool follows = s && str_eq(s->session_id, t->in.session_id) && str_i64(s->msg_id, &last) &&
                   str_i64(t->in.msg_id, &now) && (now == last || now == last + 1) && now > 1;
    if (follows)
        found = take(t, s);
    if (found == SESSION_FOUND)
        t->s = s;
    pthread_mutex_unlock(&all->lock);
    return found;
}

enum session_find session_open(struct turn *t, int64_t account, struct session **out)
{
    struct syncml_sessions *all = t->sml->sessions;
    enum session_find found = SESSION_NONE;
    struct session *s = session_new(t), *old;
    if (!s)
        return SESSION_NONE;
    sha256(t->http->req.body, s->first);
    s->account = account;
    s->devid = arena_str(&s->arena, t->in.source);
    pthread_mutex_lock(&all->lock);
    old = by_device(all, s->account, s->devid);
    if (old && old->busy) {
        found = SESSION_BUSY;
    } else if (s->devid.p) {
        if (old)
            drop(all, old);
        expire(all, t->sml->idle, t->sml->sessions_most);
        s->next = all->first;
        all->first = s;
        all->count++;
        found = SESSION_FOUND;
    }
    pthread_mutex_unlock(&all->lock);
    if (found != SESSION_FOUND) {
        session_free(s);
        s = NULL;
    }
    *out = s;
    return found;
}

static void keep_answer(struct syncml_sessions *all, struct turn *t, struct session *s)
{
    all->answers -= s->answer.n;
    buf_clear(&s->answer);
    free(unconst(s->msg_id.p));
    s->msg_id = STR_NONE;
    s->encoding = t->encoding;
    if (t->http->resp.status != 200)
        return;
    char *id = malloc(t->in.msg_id.n + 1);
    if (!id)
        return;
    if (t->in.msg_id.n)
        memcpy(id, t->in.msg_id.p, t->in.msg_id.n);
    s->msg_id = str_n(id, t->in.msg_id.n);
    buf_add(&s->answer, buf_view(&t->http->resp.body));
    if (s->answer.st)
        buf_free(&s->answer);
    all->answers += s->answer.n;
}

void session_leave(struct turn *t, struct session *s)
{
    struct syncml_sessions *all = s->sessions;
    pthread_mutex_lock(&all->lock);
    s->busy = false;
    s->used_us = clock_mono_us();
    if (s->ended) {
        session_free(s);
    } else {
        keep_answer(all, t, s);
        trim_answers(all);
    }
    pthread_mutex_unlock(&all->lock);
}

void session_end(struct session *s)
{
    struct syncml_sessions *all = s->sessions;
    pthread_mutex_lock(&all->lock);
    if (!s->ended)
        drop(all, s);
    pthread_mutex_unlock(&all->lock);
}

void syncml_sessions_free(struct syncml_sessions *all)
{
    if (!all)
        return;
    while (all->first)
        drop(all, all->first);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
