/* server/http_mhd.h: what the three files of the HTTP front share: the front, and an exchange (one request on
 * a connection).
 *
 * The life of an exchange, always on the connection's thread but for the two marked steps:
 *
 *   begun (request line) → admitted (head) → reading (body) → whole → handling → finished → answered → done
 *                             ╰→ verifying* ──────↗                     ╰─ suspended*: finish resumes it
 *
 * While the connection is suspended the library does not touch it, so whoever works on the exchange owns it
 * alone. */
#ifndef SCAMBIO_SERVER_HTTP_MHD_H
#define SCAMBIO_SERVER_HTTP_MHD_H

#include "server/http.h"
#include "server/http_answer.h"
#include "server/http_conn.h"
#include "server/http_rules.h"
#include "server/http_thread.h"

#include <microhttpd.h>
#include <pthread.h>

struct proxies { /* immutable; counted by the requests that look at it */
    _Atomic int refs;
    size_t count;
    struct net_network network[];
};

enum { DAEMONS = 2, HTTP_THREADS_MAX = 256 };

struct http_front {
    struct loop *loop;
    struct worker_pool *pool;
    const struct http_service *service;
    struct http_conns *conns;
    struct http_thread *thread[DAEMONS][HTTP_THREADS_MAX]; /* [tls] */
    size_t threads, turn;                                  /* turn: who gets the next connection */
    size_t header_limit;
    struct acceptor *acceptors;
    struct loop_timer reaper;
    pthread_mutex_t lock; /* of proxies, replaced by SIGHUP */
    struct proxies *proxies;
    _Atomic int64_t idle_us, rate; /* deadlines: microseconds, bytes a second */
    _Atomic size_t response_limit, body_limit,
        body_room;       /* body_room: what bodies in memory may still take */
    _Atomic int in_hand; /* requests between their first byte and the end of their answer */
    atomic_bool draining;
    _Atomic uint64_t next_id;
};

enum exchange_state {
    EXCHANGE_BEGUN,
    EXCHANGE_READING,
    EXCHANGE_HANDLING,
    EXCHANGE_FINISHED,
    EXCHANGE_ANSWERED
};

struct exchange {
    struct http_txn txn;
    struct http_front *front;
    struct MHD_Connection *mhd;
    struct http_conn *conn;
    enum exchange_state state;
    bool suspended;  /* since the library last called us */
    bool head_again; /* the library will call for the head once more (it was suspended there) */
    bool refused;    /* the answer is ready before the body was read: what comes is thrown away */
    bool completed;  /* http_complete has run */
    struct http_framing framing;
    struct buf body;
    size_t body_limit, held; /* held: taken from the front's body_room */
    uint64_t received;
    int64_t began, reading_since;
    struct http_slice slice;
    struct job job;
    void (*deferred)(struct http_txn *t);
    struct str target; /* as sent */
};

/* http_request.c: the library's three callbacks. */
void *exchange_begin(void *front, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_step(void *front, struct MHD_Connection *mhd, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **cls);
void exchange_end(void *front, struct MHD_Connection *mhd, void **cls, enum MHD_RequestTerminationCode why);

/* http_response.c: completes the answer, unless that was done, and hands it to the library. */
enum MHD_Result exchange_answer(struct exchange *x);

struct proxies *proxies_get(struct http_front *f);
void proxies_put(struct proxies *p);

#endif
