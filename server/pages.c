/* server/pages.c: the few URLs that the server answers itself, without a log-in. */
#include "core/hash.h"
#include "server/metrics.h"
#include "server/routes_inside.h"

/* RFC 6764 section 5: from the well-known URLs to the root, for any method and before any log-in. */
void page_redirect(struct routes *r, struct http_txn *t, struct visit *v)
{
    (void)r;
    (void)v;
    http_plain(t, 301, "The calendars and address books are at /dav/.");
    http_set(t, STR("Location"), STR("/dav/"));
    http_set(t, STR("Cache-Control"), STR("max-age=3600"));
    http_finish(t);
}

void page_health(struct routes *r, struct http_txn *t, struct visit *v)
{
    (void)r;
    (void)v;
    http_plain(t, 200, "ok");
    http_set(t, STR("Cache-Control"), STR("no-store"));
    http_finish(t);
}

static bool has_token(struct http_txn *t, struct str token)
{
    struct str given = http_get(&t->req, STR("Authorization"));
    if (!token.n || !str_casestarts(given, STR("Bearer ")))
        return false;
    given = str_trim(str_from(given, 7));
    return given.n == token.n && hash_equal(given.p, token.p, token.n);
}

void page_metrics(struct routes *r, struct http_txn *t, struct visit *v)
{
    if (!t->req.loopback && !has_token(t, conf_str(v->settings->conf, CONF_HTTP_METRICS_TOKEN))) {
        http_plain(t, 403, "Metrics are for this machine, or for who has the token.");
        http_finish(t);
        return;
    }
    http_plain(t, 200, "");
    buf_clear(&t->resp.body);
    t->resp.header_count = 0;
    http_set(t, STR("Content-Type"), STR("text/plain; version=0.0.4; charset=utf-8"));
    metrics_write(&t->resp.body, r->store);
    t->resp.compress = true;
    http_finish(t);
}
