/* server/line_inside.h: between the front (server/line.c: accepting, threads, limits) and its connections (server/line_conn.c). */
#ifndef SCAMBIO_SERVER_LINE_INSIDE_H
#define SCAMBIO_SERVER_LINE_INSIDE_H

#include "server/http_conn.h"
#include "server/line.h"
#include "server/line_deflate.h"
#include "server/proxy.h"

#include <pthread.h>
#include <stdatomic.h>

enum line_phase {
    PHASE_PROXY,     /* the PROXY header is to come */
    PHASE_HANDSHAKE, /* TLS */
    PHASE_OPEN,      /* the engine's */
    PHASE_LINGER,    /* all was sent: until the peer closes, so that it reads what was */
    PHASE_GONE,      /* the peer went while a job is under way */
};

struct line_thread {
    struct line_front *front;
    struct loop *loop;
    pthread_t thread;
    bool started;
    struct line_conn *first;
    struct loop_post drain;
    atomic_bool asked;        /* the drain post is on its way */
    char scratch[LINE_INPUT]; /* what is being read; only what is left of it is kept by the connection */
};

struct line_settings { /* of one configuration; counted */
    atomic_int refs;
    int handshake_s;
    size_t count;
    struct net_network proxy[];
};

struct line_conn {
    struct line_thread *thread;
    struct line_conn *next, **at;
    struct line_settings *settings;
    struct line_service service;
    struct line_engine *engine;   /* NULL before PHASE_OPEN, and from PHASE_LINGER on */
    struct line_secure *secure;   /* NULL: no TLS */
    struct line_deflate *deflate; /* NULL: no compression */
    struct line_tls tls;
    struct line_peer peer;
    struct loop_watch watch;
    struct loop_timer timer; /* the deadline, or the end of a pause */
    struct loop_timer again; /* input that no event will tell of */
    struct loop_post post;
    struct buf kept; /* input that the engine has not taken; the PROXY header */
    size_t sent;     /* of the engine's `out` */
    size_t progress; /* bytes sent since the deadline was set */
    int64_t deadline;
    uint32_t events;  /* that are watched */
    uint32_t blocked; /* events that the output waits for; 0: the socket takes more */
    uint32_t turn;
    enum line_phase phase;
    bool pausing;
    bool ended; /* the peer sends no more */
    bool late;  /* it was told so */
    bool told;  /* that the server stops */
};

struct line_front {
    struct loop *loop;
    struct line_keys *keys;
    struct http_conns *conns; /* counts, by descriptor and by address */
    pthread_mutex_t lock;     /* of settings */
    struct line_settings *settings;
    struct line_acceptor *acceptors;
    size_t next;
    size_t threads;
    struct line_thread thread[];
};

struct line_settings *line_settings_get(struct line_front *f);
void line_settings_put(struct line_settings *s);

/* ---- line_conn.c ---- */
/* Takes the descriptor over; on failure it is closed. */
void line_conn_open(struct line_thread *t, int fd, const struct line_peer *peer,
                    const struct line_service *service, struct line_settings *settings);
/* Tells all connections of the thread to end, once. */
void line_conns_drain(struct line_thread *t);
/* Frees all connections of a thread whose loop has ended. */
void line_conns_free(struct line_thread *t);

#endif
