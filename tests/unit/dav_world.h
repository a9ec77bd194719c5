/* tests/unit/dav_world.h: a server without HTTP: a real store and directory in a temporary folder with alice, bob and carol, and
 * requests given as text. Deferred work runs at once on the caller's thread; writes finish on the writer's and are waited for. */
#ifndef SCAMBIO_TESTS_UNIT_DAV_WORLD_H
#define SCAMBIO_TESTS_UNIT_DAV_WORLD_H

#include "dav/dav.h"
#include "store/mount.h"
#include "tests/unit/test.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct world {
    char dir[64];
    struct conf *conf;
    struct store *store;
    struct directory *directory;
    struct dav *dav;
};

struct exchange { /* one request and its answer; exchange_free */
    struct http_txn t;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool suspended, finished;
};

static inline void world_suspend(struct http_txn *t)
{
    struct exchange *x = CONTAINER_OF(t, struct exchange, t);
    assert_false(x->suspended); /* twice is a fault of the handler */
    x->suspended = true;
}

static inline void world_finish(struct http_txn *t)
{
    struct exchange *x = CONTAINER_OF(t, struct exchange, t);
    pthread_mutex_lock(&x->lock);
    x->finished = true;
    pthread_cond_signal(&x->cond);
    pthread_mutex_unlock(&x->lock);
}

static inline void world_defer(struct http_txn *t, void (*fn)(struct http_txn *t))
{
    world_suspend(t);
    fn(t);
}

static const struct http_ops world_ops = {world_suspend, world_finish, world_defer};

/* ---- the world ---- */

static inline int world_unlink(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static inline int64_t world_user(struct world *w, const char *address, const char *name)
{
    int64_t id = 0;
    SCOPED_BUF(why, 4096);
    struct user_new user = {.address = str_c(address),
                            .name = str_c(name),
                            .password = STR_NONE,
                            .lang = STR("en"),
                            .quota = -1,
                            .collections = true};
    enum status st = user_add(w->directory, &user, &id, &why);
    if (st)
        print_error("%s: %s %s\n", address, status_text(st), buf_c(&why));
    assert_ok(st);
    return id;
}

/* `extra`: lines of configuration, NULL for none. */
static inline void world_start(struct world *w, int shards, const char *extra)
{
    SCOPED_BUF(text, 8192);
    SCOPED_BUF(why, 8192);
    *w = (struct world){0};
    snprintf(w->dir, sizeof w->dir, "/tmp/scambio-dav-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    buf_addf(&text, "[server]\nhostname = mail.example.test\ndata = %s\ndomains = example.test\n[listen]\nhttp = 127.0.0.1:0\n%s",
             w->dir, extra ? extra : "");
    enum status st = conf_parse(buf_view(&text), "test", &w->conf, &why);
    struct store_config config = store_config_default(w->dir);
    config.shards = shards;
    if (st == OK) {
        config.ical.attendees = (size_t)conf_int(w->conf, CONF_LIMITS_ATTENDEES);
        config.resource_size = (size_t)conf_int(w->conf, CONF_LIMITS_RESOURCE_SIZE);
    }
    if (st == OK)
        st = store_open(&config, &w->store, &why);
    struct directory_config dc = {.conf = w->conf};
    if (st == OK)
        st = directory_open(w->store, &dc, &w->directory, &why);
    if (st)
        print_error("%s\n", buf_c(&why));
    assert_ok(st);
    assert_ok(dav_new(w->store, w->directory, w->conf, &w->dav));
    world_user(w, "alice@example.test", "Alice Example");
    world_user(w, "bob@example.test", "Bob Example");
    world_user(w, "carol@example.test", "Carol Example");
}

static inline void world_stop(struct world *w)
{
    dav_free(w->dav);
    directory_close(w->directory);
    store_close(w->store);
    conf_unref(w->conf);
    nftw(w->dir, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- requests ---- */

static inline void exchange_free(struct exchange *x)
{
    arena_free(&x->t.arena);
    buf_free(&x->t.resp.body);
    pthread_mutex_destroy(&x->lock);
    pthread_cond_destroy(&x->cond);
    free(x);
}
static inline void exchange_free_p(struct exchange **x)
{
    if (*x)
        exchange_free(*x);
}
#define SCOPED_EXCHANGE(name) SCOPED(exchange_free_p) struct exchange *name

static inline void world_login(struct world *w, struct arena *a, const char *address, struct login *out)
{
    struct principal p;
    SCOPED_READ(tx, w->store);
    assert_non_null(tx);
    *out = (struct login){0};
    assert_ok(directory_find(w->directory, tx, a, str_c(address), &p));
    assert_ok(directory_actor(w->directory, tx, a, p.id, &out->actor));
    out->address = p.address;
    out->name = p.name;
}

/* "METHOD PATH", header lines, an empty line, the body; lines end with LF, which stays as it is in the body. */
static inline struct exchange *exchange_new(struct str text)
{
    struct exchange *x = calloc(1, sizeof *x);
    assert_non_null(x);
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->cond, NULL);
    x->t.arena = ARENA_INIT(1u << 30);
    x->t.ops = &world_ops;
    x->t.resp = (struct http_response){.body = BUF_INIT(1u << 30), .file = -1};
    struct http_request *req = &x->t.req;
    *req = (struct http_request){.id = 1, .scheme = STR("http"), .host = STR("mail.example.test"), .peer = STR("127.0.0.1"),
                                 .loopback = true, .query = STR_NONE};
    struct str rest = arena_str(&x->t.arena, text), line;
    struct http_header *headers = ARENA_ARRAY(&x->t.arena, struct http_header, 64);
    str_split(&rest, '\n', &line);
    str_split(&line, ' ', &req->method);
    req->path = line;
    while (str_split(&rest, '\n', &line) && line.n) {
        size_t colon = str_chr(line, ':', 0);
        assert_true(colon != SIZE_MAX && req->header_count < 64);
        headers[req->header_count++] =
            (struct http_header){str_slice(line, 0, colon), str_trim(str_from(line, colon + 1))};
    }
    req->headers = headers;
    req->body = rest.p ? rest : STR("");
    return x;
}

static inline void exchange_run(struct world *w, struct exchange *x, const char *user)
{
    struct login login;
    SCOPED_ARENA(a, 1 << 20);
    world_login(w, &a, user, &login);
    dav_handle(w->dav, &x->t, &login);
    pthread_mutex_lock(&x->lock);
    while (!x->finished)
        pthread_cond_wait(&x->cond, &x->lock);
    pthread_mutex_unlock(&x->lock);
}

static inline struct exchange *ask(struct world *w, const char *user, struct str text)
{
    struct exchange *x = exchange_new(text);
    exchange_run(w, x, user);
    return x;
}

/* The same with printf; what most tests use. */
__attribute__((format(printf, 3, 4))) static inline struct exchange *askf(struct world *w, const char *user, const char *format, ...)
{
    SCOPED_BUF(text, 64 << 20);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    assert_ok(text.st);
    return ask(w, user, buf_view(&text));
}

static inline struct str answer_header(const struct exchange *x, const char *name)
{
    for (size_t i = 0; i < x->t.resp.header_count; i++)
        if (str_caseeq(x->t.resp.headers[i].name, str_c(name)))
            return x->t.resp.headers[i].value;
    return STR_NONE;
}
static inline struct str answer_body(const struct exchange *x)
{
    return buf_view(&x->t.resp.body);
}

static inline void assert_answer_(const struct exchange *x, int status, const char *part, const char *file, int line)
{
    struct str body = answer_body(x);
    if (x->t.resp.status == status && (!part || str_find(body, str_c(part), 0) != SIZE_MAX))
        return;
    print_error("%.*s %.*s\ngot    %d %.*s\nwanted %d %s\n", STR_ARG(x->t.req.method), STR_ARG(x->t.req.path), x->t.resp.status,
                STR_ARG(body), status, part ? part : "");
    _fail(file, line);
}
/* The status, and a part of the body (NULL: any). */
#define assert_answer(x, status, part) assert_answer_((x), (status), (part), __FILE__, __LINE__)
#define assert_not_in(x, part)         assert_true(str_find(answer_body(x), STR(part), 0) == SIZE_MAX)

#endif
