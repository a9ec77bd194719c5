/* server/login.c: Basic authentication (RFC 7617). The realm is one and never changes: clients keep passwords by it. */
#include "core/log.h"
#include "server/http_rules.h"
#include "server/metrics.h"
#include "server/routes_inside.h"

enum { PLAIN_NEVER, PLAIN_LOOPBACK, PLAIN_ALWAYS }; /* the words of auth.plaintext_without_tls, in order */

static void challenge(struct http_txn *t)
{
    http_plain(t, 401, "Log in with your full address and password.");
    http_set(t, STR("WWW-Authenticate"), STR("Basic realm=\"Scambio\", charset=\"UTF-8\""));
}

bool login_secure(const struct http_txn *t, const struct conf *conf)
{
    int64_t rule = conf_int(conf, CONF_AUTH_PLAINTEXT_WITHOUT_TLS);
    return str_eq(t->req.scheme, STR("https")) || rule == PLAIN_ALWAYS ||
           (rule == PLAIN_LOOPBACK && t->req.loopback);
}

static void throttle(struct routes *r, struct http_txn *t, const struct visit *v)
{
    int64_t seconds = auth_retry_after(r->dir, &v->credentials);
    http_plain(t, 429, "There were too many failed log-ins; wait a moment.");
    http_setf(t, STR("Retry-After"), "%lld", (long long)(seconds > 0 ? seconds : 1));
    metrics_add(METRIC_LOGINS_THROTTLED, 1);
}

/* What a log-in came to: nothing when it is good, otherwise the answer. Wrong scope, disabled and unknown users look like a
 * wrong password. */
static void conclude(struct routes *r, struct http_txn *t, struct visit *v, enum status st)
{
    if (st == OK) {
        t->user = v->login.address;
        if (v->login.actor.read_only) /* a master user: each request leaves a line */
            t->audit = arena_strf(&t->arena, "read as %.*s", STR_ARG(str_slice(v->credentials.user, 0, 256)));
    } else if (st == THROTTLED) {
        throttle(r, t, v);
    } else if (st > 0) {
        metrics_add(METRIC_LOGINS_FAILED, 1);
        const struct log_field fields[] = {{"user", str_slice(v->credentials.user, 0, 256)},
                                           {"peer", t->req.peer}};
        log_event(LOG_LEVEL_WARNING, "login-failed", fields, COUNT_OF(fields));
        challenge(t);
    } else {
        log_error("log-in of %.*s: %s", STR_ARG(str_slice(v->credentials.user, 0, 256)), status_text(st));
        http_plain(t, 503, "Log-ins cannot be checked just now; try again in a moment.");
        http_set(t, STR("Retry-After"), STR("5"));
    }
}

enum http_admission login_admit(struct routes *r, struct http_txn *t, struct visit *v)
{
    struct str given = http_get(&t->req, STR("Authorization"));
    if (!login_secure(t, v->settings->conf)) {
        http_plain(t, 403, "Passwords are taken over HTTPS only: use https:// and the server's HTTPS port.");
        return HTTP_REFUSE;
    }
    v->credentials = (struct auth_request){
        .peer = t->req.peer, .scope = SCOPE_DAV, .secure = true, .honours_read_only = true};
    if (!given.p || !http_basic(&t->arena, given, &v->credentials.user, &v->credentials.password)) {
        challenge(t);
        return HTTP_REFUSE;
    }
    bool decided = false;
    enum status st = auth_try(r->dir, &v->credentials, &t->arena, &v->login, &decided);
    if (!decided)
        return HTTP_VERIFY;
    if (st == OK)
        metrics_add(METRIC_LOGINS_CACHED, 1);
    conclude(r, t, v, st);
    return st == OK ? HTTP_ADMIT : HTTP_REFUSE;
}

void login_verify(struct routes *r, struct http_txn *t, struct visit *v)
{
    enum status st = auth_verify(r->dir, &v->credentials, &t->arena, &v->login);
    metrics_add(METRIC_LOGINS, 1);
    conclude(r, t, v, st);
}
