/* server/routes_inside.h: what routes.c, login.c and pages.c share. */
#ifndef SCAMBIO_SERVER_ROUTES_INSIDE_H
#define SCAMBIO_SERVER_ROUTES_INSIDE_H

#include "server/http_answer.h"
#include "server/routes.h"
#include "syncml/syncml.h"

#include <pthread.h>

struct settings { /* immutable; counted by the requests that were admitted under it */
    _Atomic int refs;
    struct conf *conf;
    struct dav *dav;
    struct syncml *syncml;
};

struct routes {
    struct store *store;
    struct directory *dir;
    struct set_aside *aside;
    struct syncml_sessions *sessions;
    struct http_service service;
    pthread_mutex_t lock; /* of settings */
    struct settings *settings;
};

enum {
    ROUTE_PREFIX = 1,
    ROUTE_LOGIN = 2,
    ROUTE_POST = 4, /* takes nothing else */
    ROUTE_QUIET = 8
}; /* QUIET: not in the access log */

struct visit;
struct route {
    struct str path;
    unsigned flags;
    void (*run)(struct routes *r, struct http_txn *t, struct visit *v);
    size_t (*body)(const struct settings *s,
                   const struct http_request *req); /* the largest; NULL: none is taken */
};

struct visit { /* t->service: a request on its way */
    struct settings *settings;
    const struct route *route;
    struct auth_request credentials;
    struct login login;
    int mark; /* in the set-aside table, -1: none */
};

/* login.c */
/* May a password come in clear here? TLS, or what [auth] plaintext_without_tls says. */
bool login_secure(const struct http_txn *t, const struct conf *conf);
enum http_admission login_admit(struct routes *r, struct http_txn *t, struct visit *v);
void login_verify(struct routes *r, struct http_txn *t, struct visit *v);

/* pages.c */
void page_redirect(struct routes *r, struct http_txn *t, struct visit *v);
void page_health(struct routes *r, struct http_txn *t, struct visit *v);
void page_metrics(struct routes *r, struct http_txn *t, struct visit *v);

#endif
