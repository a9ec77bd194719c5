/* core/http.h: an HTTP request and its response as plain structs, and the transaction that joins them.
 *
 * The HTTP front (server/http.c, the only file that knows libmicrohttpd) fills a transaction and calls the
 * handler of its route. The handler either answers before it returns, or hands the work on:
 *
 *   http_suspend(t)     must be called, on the front's thread, before another thread may learn of t
 *   http_finish(t)      the response is complete; any thread, exactly once, the last touch of t
 *   http_defer(t, fn)   = suspend, and run fn(t) on the worker pool; fn (or what it starts) finishes
 *
 * A handler that answers at once just calls http_finish(t) too: every transaction ends by it.
 *
 * Everything in the request lives as long as the transaction. Memory of the response comes from t->arena or
 * resp.body, which the front frees. Handlers never block: see DESIGN in doc/ARCHITECTURE.md. */
#ifndef SCAMBIO_CORE_HTTP_H
#define SCAMBIO_CORE_HTTP_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/str.h"

#include <sys/types.h>

struct http_header {
    struct str name, value;
};

struct http_request {
    uint64_t id;       /* on every log line of this request */
    struct str method; /* as sent: methods are case-sensitive */
    struct str path;   /* as sent, percent-encoded, from the first '/', without the query */
    struct str query;  /* behind '?', STR_NONE when there is none */
    struct str scheme; /* "http" or "https", as the client sees it (trusted proxies may say) */
    struct str host;   /* the Host header (authority), "" when absent */
    struct str peer;   /* the client's address as text (behind trusted proxies: the real one) */
    bool loopback;     /* the client is on this machine */
    const struct http_header *headers;
    size_t header_count;
    struct str body; /* whole: the front has bounded it by the route's limit */
};

struct http_response {
    int status;
    struct http_header *headers;
    size_t header_count, header_cap;
    struct buf body;
    bool compress; /* may be sent gzip-encoded when the client takes it (never for bodies with an ETag) */
    int file;      /* >= 0: the body is this file instead of `body`; the front closes it */
    off_t file_size;
};

struct http_txn;

struct http_ops { /* the front's side; a test has its own */
    void (*suspend)(struct http_txn *t);
    void (*finish)(struct http_txn *t);
    void (*defer)(struct http_txn *t, void (*fn)(struct http_txn *t));
};

struct http_txn {
    struct http_request req;
    struct http_response resp;
    struct arena arena;
    const struct http_ops *ops;
    void *route;      /* the handler's own context */
    void *service;    /* server/routes.c's */
    struct str user;  /* who logged in, for the access log; STR_NONE: nobody */
    struct str audit; /* what of another user's was touched, for the audit log; STR_NONE: nothing */
};

static inline void http_suspend(struct http_txn *t)
{
    t->ops->suspend(t);
}
static inline void http_finish(struct http_txn *t)
{
    t->ops->finish(t);
}
static inline void http_defer(struct http_txn *t, void (*fn)(struct http_txn *t))
{
    t->ops->defer(t, fn);
}

/* The first header of that name (case-insensitive), STR_NONE when absent. */
struct str http_get(const struct http_request *req, struct str name);

/* All headers of that name joined with ", " (RFC 9110 section 5.3); STR_NONE when absent. */
struct str http_get_list(struct http_txn *t, struct str name);

/* Adds a response header; the value is copied into the arena. Control characters in the value are dropped,
 * so that no data can split a header. */
void http_set(struct http_txn *t, struct str name, struct str value);
void http_setf(struct http_txn *t, struct str name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Decodes %XX of one path segment or value into the arena. INVALID: a bad escape, NUL, '/' from %2F where
 * `slash` is false, or a result that is not UTF-8. '+' is left alone. */
enum status http_unescape(struct arena *a, struct str in, bool slash, struct str *out);

/* Appends s with all but unreserved characters and those in `keep` (a C string) percent-encoded. */
void http_escape(struct buf *b, struct str s, const char *keep);

/* IMF-fixdate (RFC 9110 section 5.6.7) both ways; parsing takes the two obsolete forms too. */
void http_date(struct buf *b, int64_t seconds);
bool http_parse_date(struct str s, int64_t *seconds);

/* The reason phrase of a status code; "Unknown" for one it does not know. */
const char *http_reason(int status);

#endif
