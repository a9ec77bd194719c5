/* server/routes.c: the table of URLs, and the way of a request through it. */
#include "clients/setup.h"
#include "core/log.h"
#include "server/metrics.h"
#include "server/routes_inside.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static void run_dav(struct routes *r, struct http_txn *t, struct visit *v)
{
    (void)r;
    dav_handle(v->settings->dav, t, &v->login);
}

static size_t dav_body(const struct settings *s, const struct http_request *req)
{
    return dav_body_limit(s->dav, req->method, req->path);
}

static void run_syncml(struct routes *r, struct http_txn *t, struct visit *v)
{
    (void)r;
    syncml_handle(v->settings->syncml, t, login_secure(t, v->settings->conf));
}

static size_t syncml_body(const struct settings *s, const struct http_request *req)
{
    return syncml_body_limit(s->syncml, req->method);
}

static void run_setup(struct routes *r, struct http_txn *t, struct visit *v)
{
    (void)r;
    setup_handle(v->settings->conf, t);
}

static void run_nothing(struct routes *r, struct http_txn *t, struct visit *v)
{
    (void)r;
    (void)v;
    http_plain(t, 404, "There is nothing here.");
    http_finish(t);
}

/* The first that fits. */
static const struct route table[] = {
    {STR_INIT("/dav/"), ROUTE_PREFIX | ROUTE_LOGIN, run_dav, dav_body},
    {STR_INIT("/dav"), 0, page_redirect},
    {STR_INIT("/.well-known/caldav"), 0, page_redirect},
    {STR_INIT("/.well-known/caldav/"), 0, page_redirect},
    {STR_INIT("/.well-known/carddav"), 0, page_redirect},
    {STR_INIT("/.well-known/carddav/"), 0, page_redirect},
    {STR_INIT("/syncml"), ROUTE_POST, run_syncml, syncml_body}, /* messages carry their log-in */
    {STR_INIT("/syncml/"), ROUTE_POST, run_syncml, syncml_body},
    {STR_INIT("/health"), ROUTE_QUIET, page_health},
    {STR_INIT("/metrics"), ROUTE_QUIET, page_metrics},
    {STR_INIT("/setup"), 0, run_setup},
    {STR_INIT("/setup/"), ROUTE_PREFIX, run_setup},
    {STR_INIT("/"), 0, run_setup},
    {STR_INIT(""), ROUTE_PREFIX, run_nothing},
};

static const struct route *find_route(struct str path)
{
    const struct route *r = table;
    while (r->flags & ROUTE_PREFIX ? !str_starts(path, r->path) : !str_eq(path, r->path))
        r++;
    return r;
}

/* ---- settings ---- */
static void settings_put(struct settings *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    if (s->dav)
        dav_free(s->dav);
    syncml_free(s->syncml);
    conf_unref(s->conf);
    free(s);
}

static struct settings *settings_get(struct routes *r)
{
    pthread_mutex_lock(&r->lock);
    struct settings *s = r->settings;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&r->lock);
    return s;
}

enum status routes_reload(struct routes *r, struct conf *conf)
{
    struct settings *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return E_MEMORY;
    fresh->refs = 1;
    fresh->conf = conf_ref(conf);
    enum status st = dav_new(r->store, r->dir, conf, &fresh->dav);
    if (st == OK)
        st = syncml_new(r->sessions, conf, &fresh->syncml);
    if (st != OK) {
        settings_put(fresh);
        return st;
    }
    pthread_mutex_lock(&r->lock);
    struct settings *old = r->settings;
    r->settings = fresh;
    pthread_mutex_unlock(&r->lock);
    settings_put(old);
    return OK;
}

/* ---- the way of a request ---- */
static enum http_admission admit(void *ctx, struct http_txn *t, size_t *body_limit)
{
    struct routes *r = ctx;
    struct visit *v = ARENA_NEW(&t->arena, struct visit);
    if (!v) {
        http_plain(t, 503, "The server is out of memory; try again in a moment.");
        return HTTP_REFUSE;
    }
    t->service = v;
    v->mark = -1;
    v->settings = settings_get(r);
    v->route = find_route(t->req.path);
    *body_limit = v->route->body ? v->route->body(v->settings, &t->req) : 0;
    if (v->route->flags & ROUTE_POST && !str_eq(t->req.method, STR("POST"))) {
        http_plain(t, 405, "Devices send their messages here, by POST.");
        http_set(t, STR("Allow"), STR("POST"));
        return HTTP_REFUSE;
    }
    return v->route->flags & ROUTE_LOGIN ? login_admit(r, t, v) : HTTP_ADMIT;
}

static void verify(void *ctx, struct http_txn *t)
{
    login_verify(ctx, t, t->service);
}

static void run(void *ctx, struct http_txn *t)
{
    struct routes *r = ctx;
    struct visit *v = t->service;
    if (r->aside && t->req.body.n) {
        bool bad;
        struct str parts[] = {t->user, t->req.method, t->req.path, t->req.body};
        v->mark = set_aside_mark(r->aside, parts, COUNT_OF(parts), &bad);
        if (bad) {
            log_error("request set aside: %.*s %.*s has stopped the server twice; it is refused until the "
                      "server is "
                      "started anew",
                      STR_ARG(t->req.method), STR_ARG(str_slice(t->req.path, 0, 512)));
            metrics_add(METRIC_SET_ASIDE, 1);
            http_plain(t, 422, "This request has stopped the server before, and is not tried again.");
            http_finish(t);
            return;
        }
    }
    v->route->run(r, t, v);
}

static void log_access(struct http_txn *t, const struct http_done *done)
{
    char status[16], sent[24], ms[24];
    snprintf(status, sizeof status, "%d", t->resp.status);
    snprintf(sent, sizeof sent, "%llu", (unsigned long long)done->sent);
    snprintf(ms, sizeof ms, "%lld.%lld", (long long)(done->us / 1000), (long long)(done->us / 100 % 10));
    const struct log_field fields[] = {
        {"peer", t->req.peer},
        {"user", t->user},
        {"method", str_slice(t->req.method, 0, 32)},
        {"path", str_slice(t->req.path, 0, 512)},
        {"status", str_c(status)},
        {"bytes", str_c(sent)},
        {"ms", str_c(ms)},
        {"broken", done->broken ? STR("yes") : STR_NONE},
    };
    log_event(LOG_LEVEL_INFO, "request", fields, COUNT_OF(fields));
    if (!t->audit.p)
        return;
    const struct log_field audit[] = {{"user", t->user},
                                      {"peer", t->req.peer},
                                      {"what", t->audit},
                                      {"method", t->req.method},
                                      {"status", str_c(status)}};
    log_event(LOG_LEVEL_INFO, "audit", audit, COUNT_OF(audit));
}

static void finished(void *ctx, struct http_txn *t, const struct http_done *done)
{
    struct routes *r = ctx;
    struct visit *v = t->service;
    metrics_request(t->req.method, t->resp.status, done->us);
    metrics_add(METRIC_SENT_BYTES, done->sent);
    if (!v || !(v->route->flags & ROUTE_QUIET) || t->resp.status != 200)
        log_access(t, done);
    if (!v)
        return;
    if (v->mark >= 0)
        set_aside_unmark(r->aside, v->mark);
    settings_put(v->settings);
}

/* ---- life ---- */
enum status routes_new(struct store *store, struct directory *dir, struct conf *conf, struct set_aside *aside,
                       struct routes **out)
{
    struct routes *r = calloc(1, sizeof *r);
    if (!r)
        return E_MEMORY;
    r->store = store;
    r->dir = dir;
    r->aside = aside;
    r->service = (struct http_service){admit, verify, run, finished, r};
    pthread_mutex_init(&r->lock, NULL);
    enum status st = syncml_sessions_new(store, dir, &r->sessions);
    if (st == OK)
        st = routes_reload(r, conf);
    if (st == OK)
        *out = r;
    else
        routes_free(r);
    return st;
}

void routes_free(struct routes *r)
{
    if (!r)
        return;
    settings_put(r->settings);
    syncml_sessions_free(r->sessions);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

const struct http_service *routes_service(struct routes *r)
{
    return &r->service;
}
