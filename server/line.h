/* server/line.h: the front of the line protocols: sockets, TLS, timers and buffers for engines (mailcore/line.h).
 *
 * The process's loop accepts; a few threads with a loop each own the connections. Whatever a peer does, a connection holds at most
 * LINE_INPUT bytes that came and what its engine has in `out`; with neither it is one small struct beside the engine's. Each wait
 * has an end: the engine's wait_s from turn to turn, limits.mail_handshake for TLS and the PROXY header. */
#ifndef SCAMBIO_SERVER_LINE_H
#define SCAMBIO_SERVER_LINE_H

#include "core/conf.h"
#include "core/loop.h"
#include "mailcore/line.h"
#include "server/line_tls.h"

struct line_front;

/* What is served at a listening socket. */
struct line_service {
    /* An engine for a new connection, on its thread; it is started, with its loop set, once the connection is ready. NULL: refuse. */
    struct line_engine *(*make)(void *ctx, const struct line_peer *peer);
    void *ctx;
    struct str busy; /* what is said to one connection too many, with CR LF; STR_NONE: nothing */
    bool tls;        /* from the first byte */
};

/* `loop` runs the acceptors; `keys` outlive the front. */
enum status line_front_start(const struct conf *conf, struct loop *loop, struct line_keys *keys,
                             struct line_front **out);

/* Serves a listening socket, which stays the caller's. The service is copied; its ctx outlives the front. */
enum status line_front_listen(struct line_front *f, int fd, const struct line_service *service);
/* Forgets all listening sockets; connections stay. */
void line_front_unlisten(struct line_front *f);

/* SIGHUP: limits and trusted networks, for connections that come from now on. */
enum status line_front_reload(struct line_front *f, const struct conf *conf);

/* Asks every engine to say good-bye. True once no connection is left; call it again until then. */
bool line_front_drain(struct line_front *f);
size_t line_front_count(struct line_front *f);

/* Ends the threads, closes what is left and frees the front. Jobs that engines wait for must have ended, or never end: the workers are
 * stopped first. */
void line_front_stop(struct line_front *f);

#endif
