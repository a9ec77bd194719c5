/* server/http.h: the HTTP front: sockets in, transactions (core/http.h) out. The only part that knows
 * libmicrohttpd.
 *
 * The front owns every connection. Who serves (server/routes.c) gives it four functions:
 *
 *   admit   the head is there, nothing of the body was read. Runs on the front's thread and must not block.
 *   verify  only when admit said HTTP_VERIFY: may block (runs on the worker pool). Leaves resp.status 0 to go
 * on. run     the request is whole: handle it, end by http_finish. done    the answer went out, or the client
 * went away: write the log line.
 *
 * A connection has a deadline at each moment: for the next whole head (limits.http_idle), for the body and
 * for the answer (limits.http_idle, plus its size at limits.http_rate). The loop's thread cuts off who misses
 * it, so that a client that sends or reads a byte a second holds a connection as long as an idle one and no
 * longer. */
#ifndef SCAMBIO_SERVER_HTTP_H
#define SCAMBIO_SERVER_HTTP_H

#include "core/conf.h"
#include "core/http.h"
#include "core/loop.h"
#include "core/net.h"
#include "core/worker.h"

enum http_admission { HTTP_ADMIT, HTTP_REFUSE, HTTP_VERIFY };

struct http_done { /* what the log line of a request needs beside the transaction */
    uint64_t sent; /* bytes of the body */
    int64_t us;    /* from the head to the end */
    bool broken;   /* the client went away first */
};

struct http_service {
    /* HTTP_REFUSE: t->resp is the answer. Otherwise *body_limit says how large the body may be. */
    enum http_admission (*admit)(void *ctx, struct http_txn *t, size_t *body_limit);
    void (*verify)(void *ctx, struct http_txn *t);
    void (*run)(void *ctx, struct http_txn *t);
    void (*done)(void *ctx, struct http_txn *t, const struct http_done *done);
    void *ctx;
};

struct http_front;

/* `loop` runs the acceptors and the deadlines; `service` and `pool` outlive the front. */
enum status http_front_start(const struct conf *conf, struct loop *loop, struct worker_pool *pool,
                             const struct http_service *service, struct http_front **out);

/* Serves the connections of a listening socket, which stays the caller's. With TLS, server/tls.h has a
 * certificate. */
enum status http_front_listen(struct http_front *f, int fd, bool tls);
/* Forgets all listening sockets; connections stay. */
void http_front_unlisten(struct http_front *f);

/* SIGHUP: limits and trusted proxies for connections and requests that come from now on. */
enum status http_front_reload(struct http_front *f, const struct conf *conf);

/* Closes idle connections, and the others after the answer in hand. True once none is left. */
bool http_front_drain(struct http_front *f);

/* Frees the front. Only when http_front_busy says that no request is in hand. */
void http_front_stop(struct http_front *f);
bool http_front_busy(struct http_front *f);

#endif
