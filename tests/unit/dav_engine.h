/* tests/unit/dav_engine.h: the DAV engine without HTTP: a real store and directory in a temporary folder with alice, bob and carol, and
 * requests given as text. Deferred work runs at once on the caller's thread; writes finish on the writer's and are waited for. What
 * must not happen aborts, so that fuzz targets can use it too; tests include dav_world.h. */
#ifndef SCAMBIO_TESTS_UNIT_DAV_ENGINE_H
#define SCAMBIO_TESTS_UNIT_DAV_ENGINE_H

#include "dav/dav.h"
#include "store/mount.h"
#include "tests/unit/scratch_root.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST(holds) ((holds) ? (void)0 : must_fail(#holds, __FILE__, __LINE__))
static inline void must_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    abort();
}

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
    MUST(!x->suspended); /* twice is a fault of the handler */
    x->suspended = true;
}

static inline void world_finish(struct http_txn *t)
{
    struct exchange *x = CONTAINER_OF(t, struct exchange, t);
    pthread_mutex_lock(&x->lock);
    MUST(!x->finished);
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
        fprintf(stderr, "%s: %s %s\n", address, status_text(st), buf_c(&why));
    MUST((st) == OK);
    return id;
}

/* Opens the world that lies in the folder, or makes one there. `extra`: lines of configuration; `zoneinfo`: folder of time zones; both NULL
 * for none of their own. */
static inline void world_open_zoned(struct world *w, const char *dir, int shards, const char *extra,
                                    const char *zoneinfo)
{
    SCOPED_BUF(text, 8192);
    SCOPED_BUF(why, 8192);
    *w = (struct world){0};
    snprintf(w->dir, sizeof w->dir, "%s", dir);
    buf_addf(&text,
             "[server]\nhostname = mail.example.test\ndata = %s\ndomains = example.test\n[listen]\nhttp = "
             "127.0.0.1:0\n%s",
             w->dir, extra ? extra : "");
    enum status st = conf_parse(buf_view(&text), "test", &w->conf, &why);
    struct store_config config = store_config_default(w->dir);
    config.shards = shards;
    config.zoneinfo = zoneinfo ? zoneinfo : config.zoneinfo;
    if (st == OK) {
        config.ical.attendees = (size_t)conf_int(w->conf, CONF_LIMITS_ATTENDEES);
        config.resource_size = (size_t)conf_int(w->conf, CONF_LIMITS_RESOURCE_SIZE);
        config.properties = (size_t)conf_int(w->conf, CONF_LIMITS_PROPERTIES);
        config.property_size = (size_t)conf_int(w->conf, CONF_LIMITS_PROPERTY_SIZE);
    }
    if (st == OK)
        st = store_open(&config, &w->store, &why);
    struct directory_config dc = {.conf = w->conf};
    if (st == OK)
        st = directory_open(w->store, &dc, &w->directory, &why);
    if (st)
        fprintf(stderr, "%s\n", buf_c(&why));
    MUST((st) == OK);
    MUST((dav_new(w->store, w->directory, w->conf, &w->dav)) == OK);
}

static inline void world_open(struct world *w, const char *dir, int shards, const char *extra)
{
    world_open_zoned(w, dir, shards, extra, NULL);
}

static inline void world_start_in(struct world *w, const char *folder, int shards, const char *extra)
{
    char dir[sizeof w->dir];
    snprintf(dir, sizeof dir, "%.40s/scambio-dav-XXXXXX", folder);
    MUST((mkdtemp(dir)) != NULL);
    world_open(w, dir, shards, extra);
    world_user(w, "alice@example.test", "Alice Example");
    world_user(w, "bob@example.test", "Bob Example");
    world_user(w, "carol@example.test", "Carol Example");
}

static inline void world_start(struct world *w, int shards, const char *extra)
{
    world_start_in(w, scratch_root(), shards, extra);
}

static inline void world_close(struct world *w)
{
    dav_free(w->dav);
    directory_close(w->directory);
    store_close(w->store);
    conf_unref(w->conf);
}

static inline void world_stop(struct world *w)
{
    world_close(w);
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
    MUST((tx) != NULL);
    *out = (struct login){0};
    MUST((directory_find(w->directory, tx, a, str_c(address), &p)) == OK);
    MUST((directory_actor(w->directory, tx, a, p.id, &out->actor)) == OK);
    out->address = p.address;
    out->name = p.name;
}

/* "METHOD PATH", header lines, an empty line, the body; lines end with LF, which stays as it is in the body. */
static inline bool exchange_read(struct exchange *x, struct str text)
{
    struct http_request *req = &x->t.req;
    *req = (struct http_request){.id = 1,
                                 .scheme = STR("http"),
                                 .host = STR("mail.example.test"),
                                 .peer = STR("127.0.0.1"),
                                 .loopback = true,
                                 .query = STR_NONE};
    struct str rest = arena_str(&x->t.arena, text), line;
    struct http_header *headers = ARENA_ARRAY(&x->t.arena, struct http_header, 64);
    if (!str_split(&rest, '\n', &line) || !str_split(&line, ' ', &req->method) || !str_starts(line, STR("/")))
        return false;
    req->path = line;
    while (str_split(&rest, '\n', &line) && line.n) {
        size_t colon = str_chr(line, ':', 0);
        if (colon == SIZE_MAX || req->header_count == 64)
            return false;
        headers[req->header_count++] =
            (struct http_header){str_slice(line, 0, colon), str_trim(str_from(line, colon + 1))};
    }
    req->headers = headers;
    req->body = rest.p ? rest : STR("");
    return true;
}

/* NULL: the text is no request. */
static inline struct exchange *exchange_try(struct str text)
{
    struct exchange *x = calloc(1, sizeof *x);
    MUST((x) != NULL);
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->cond, NULL);
    x->t.arena = ARENA_INIT(1u << 30);
    x->t.ops = &world_ops;
    x->t.resp = (struct http_response){.body = BUF_INIT(1u << 30), .file = -1};
    if (exchange_read(x, text))
        return x;
    exchange_free(x);
    return NULL;
}

static inline void exchange_wait(struct exchange *x)
{
    pthread_mutex_lock(&x->lock);
    while (!x->finished)
        pthread_cond_wait(&x->cond, &x->lock);
    pthread_mutex_unlock(&x->lock);
}

static inline void exchange_handle(struct world *w, struct exchange *x, const struct login *login)
{
    dav_handle(w->dav, &x->t, login);
    exchange_wait(x);
}

static inline void exchange_run(struct world *w, struct exchange *x, const char *user)
{
    struct login login;
    SCOPED_ARENA(a, 1 << 20);
    world_login(w, &a, user, &login);
    exchange_handle(w, x, &login);
}

static inline struct exchange *ask(struct world *w, const char *user, struct str text)
{
    struct exchange *x = exchange_try(text);
    MUST(x != NULL);
    exchange_run(w, x, user);
    return x;
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

#endif
